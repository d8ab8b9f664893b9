"""The scopes of a role: those that can hold in its tenant, added by who holds them in all of it."""

from collections.abc import Collection

from auth.bindings import PLATFORM_SCOPES
from models import PLATFORM_ID
from resolvers.problems import Invalid, Problem
from resolvers.writing.change import Change
from resolvers.writing.grant import demand_everywhere


def granted(change: Change, scopes: Collection[str], before: Collection[str] = ()) -> list[str]:
    """These scopes as they are stored: sorted, each once; `before` are those that the role has.

    A scope that is added reaches everybody who has the role, wherever.

    Raises:
        Problem: Invalid (a scope across tenants, which no tenant's role can give), or Forbidden.
    """
    beyond = sorted(PLATFORM_SCOPES.intersection(scopes))
    if beyond and change.tenant_id != PLATFORM_ID:
        raise Problem(Invalid("scopes", f"Only a role of the platform's own can hold {', '.join(beyond)}."))
    demand_everywhere(change, set(scopes) - set(before))
    return sorted(set(scopes))

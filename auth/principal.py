"""Who is calling, and for which tenant."""

import uuid
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from auth.credentials import Address
from auth.grants import Grant, applicable, narrowed, reach_of, scopes_of
from auth.requirement import Requirement
from auth.scopes import Scope
from models import PLATFORM_ID
from models.hierarchy import Node, Reach
from models.ids import Prefix

# What our own commands act by: whoever is at the machine shows none.
NO_TOKEN = uuid.UUID(int=0)


class PrincipalKind(StrEnum):
    """What sort of caller it is. Published, forever; devices and gateways join later."""

    OPERATOR = "OPERATOR"
    SERVICE = "SERVICE"
    USER = "USER"


@dataclass(frozen=True, slots=True)
class TenantRef:
    """A tenant as far as the request path knows it; `path` is the ids from the root to the tenant itself."""

    id: uuid.UUID
    slug: str
    status: str
    path: tuple[uuid.UUID, ...]


@dataclass(frozen=True, slots=True)
class Account:
    """A person or a service account of a tenant: who owns a token, or has signed in.

    `grants` is what it may do where at this moment: its role bindings, and for who signed in its cohorts.
    """

    prefix: Prefix
    id: uuid.UUID
    name: str
    grants: tuple[Grant, ...]


@dataclass(frozen=True, slots=True)
class Principal:
    """The bearer of a good token: its scopes, the tenant that the token belongs to, and where in it they hold.

    `node` lies in that tenant's estate; None is all of it, and the tenants beneath. A token that has an owner
    (`account`) may do what its owner may, and no more. Who has `signed_in` shows an issuer's token, whose scopes are
    all of the account's, and `token_id` is the account's id.
    """

    kind: PrincipalKind
    name: str
    token_id: uuid.UUID
    expires_at: datetime
    scopes: frozenset[Scope]
    home: TenantRef
    node: Node | None = None
    account: Account | None = None
    signed_in: bool = False

    @property
    def called(self) -> str:
        """How the one who acts is called: the account, or a token that has none."""
        return self.name if self.account is None else self.account.name

    @property
    def grants(self) -> tuple[Grant, ...]:
        """What it may do where: what the token allows of what its owner may do now."""
        own = Grant(self.scopes, () if self.node is None else (self.node,))
        return (own,) if self.account is None else narrowed(self.account.grants, own)


@dataclass(frozen=True, slots=True)
class Caller:
    """A principal, and the tenant that this request acts in: its own, or one beneath it.

    `address` is where it calls from, as far as that is known.
    """

    principal: Principal
    tenant: TenantRef
    address: Address | None = None
    # What holds in the tenant, and every scope that holds somewhere in it: reckoned once.
    grants: tuple[Grant, ...] = field(init=False, repr=False, compare=False)
    scopes: frozenset[Scope] = field(init=False, repr=False, compare=False)
    _reaches: dict[tuple[Hashable, ...], Reach] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Reckon them."""
        grants = applicable(self.principal.grants, self.principal.home.id, self.tenant.path)
        object.__setattr__(self, "grants", grants)
        object.__setattr__(self, "scopes", scopes_of(grants))

    def reach(self, requirement: Requirement) -> Reach:
        """Where in the tenant a requirement is met: None is everywhere, empty is nowhere."""
        # What a requirement is made of: its own hash is one in Python.
        key = requirement.choices, requirement.open
        try:
            return self._reaches[key]
        except KeyError:
            reach = self._reaches[key] = reach_of(self.grants, requirement)
            return reach

    def reach_beneath(self, requirement: Requirement) -> Reach:
        """The same in the tenants beneath it: what is bound to a node holds in none of them."""
        return reach_of([grant for grant in self.grants if not grant.nodes], requirement)


def kind_of(home: uuid.UUID, *, is_person: bool = False) -> PrincipalKind:
    """Whoever belongs to the platform's own tenant is an operator."""
    if home == PLATFORM_ID:
        return PrincipalKind.OPERATOR
    return PrincipalKind.USER if is_person else PrincipalKind.SERVICE

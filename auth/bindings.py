"""What a person or a service account may do: the roles that are bound to it, read beside it in the same statement."""

import logging
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import ScalarSelect, Select, and_, case, func, select
from sqlalchemy.sql.elements import ColumnElement

from auth.grants import Grant
from auth.roles import BY_KEY
from auth.scopes import Scope
from models import PLATFORM_ID, Role, RoleBinding, ServiceAccount, Token, User
from models.hierarchy import Node, ReachKind

# Of a token's owner, where `with_owner` brings one: since when it may do nothing.
OWNER_ENDED_AT = func.coalesce(
    User.disabled_at, User.deleted_at, ServiceAccount.disabled_at, ServiceAccount.deleted_at
).label("owner_ended_at")
_log = logging.getLogger(__name__)
PLATFORM_SCOPES = frozenset(scope for scope in Scope if scope.startswith("platform."))


def bindings_of(tenant_id: Any, user_id: Any = None, service_account_id: Any = None) -> ColumnElement[Any]:
    """The role bindings of a principal as JSON, for `grants_of`; null where there are none.

    Each of the two that is given is sought for itself: one condition for both would leave the planner no index to
    find them by, where it knows little of the rows.
    """
    owners = ((RoleBinding.user_id, user_id), (RoleBinding.service_account_id, service_account_id))
    found = [_of_owner(tenant_id, column == wanted) for column, wanted in owners if wanted is not None]
    return found[0] if len(found) == 1 else func.coalesce(*found)


def _of_owner(tenant_id: Any, owned: ColumnElement[bool]) -> ScalarSelect[Any]:
    binding = func.json_build_object(
        "built_in", RoleBinding.built_in,
        # A role that was deleted gives nothing.
        "scopes", case((Role.deleted_at.is_(None), Role.scopes)),
        "organization_id", RoleBinding.organization_id,
        "location_id", RoleBinding.location_id,
        "area_id", RoleBinding.area_id,
    )  # fmt: skip
    return (
        select(func.json_agg(binding))
        .select_from(RoleBinding)
        .join(Role, and_(Role.tenant_id == RoleBinding.tenant_id, Role.id == RoleBinding.role_id), isouter=True)
        .where(RoleBinding.tenant_id == tenant_id, owned)
        .correlate_except(RoleBinding, Role)
        .scalar_subquery()
    )


def with_owner(statement: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """Of tokens, with whoever owns each: a person, a service account, or nobody."""
    person = and_(User.tenant_id == Token.tenant_id, User.id == Token.user_id)
    program = and_(ServiceAccount.tenant_id == Token.tenant_id, ServiceAccount.id == Token.service_account_id)
    return statement.join(User, person, isouter=True).join(ServiceAccount, program, isouter=True)


def grants_of(tenant_id: uuid.UUID, bindings: Iterable[Mapping[str, Any]] | None) -> tuple[Grant, ...]:
    """What these bindings allow where."""
    grants = (Grant(scopes_in(tenant_id, each), _nodes(each)) for each in bindings or ())
    return tuple(grant for grant in grants if grant.scopes)


def scopes_in(tenant_id: uuid.UUID, binding: Mapping[str, Any]) -> frozenset[Scope]:
    """The scopes that a binding's role gives in this tenant; a role that this version does not know gives nothing.

    What lies across tenants is for the platform's own people, whatever a role says.
    """
    built_in = binding["built_in"]
    if built_in is None:
        scopes = known_scopes(binding["scopes"] or (), f"a role in tenant {tenant_id}")
    elif built_in in BY_KEY:
        scopes = BY_KEY[built_in].scopes
    else:
        _log.warning("the role %r is not known and grants nothing", built_in)
        scopes = frozenset()
    return scopes if tenant_id == PLATFORM_ID else scopes - PLATFORM_SCOPES


def known_scopes(stored: Iterable[str], holder: str) -> frozenset[Scope]:
    """The stored scopes that this version knows; another grants nothing, and the log says whose it is."""
    names = set(stored)
    unknown = sorted(names - set(Scope))
    if unknown:
        _log.warning("%s holds scopes that are not known and grant nothing: %s", holder, unknown)
    return frozenset(Scope(name) for name in names if name not in unknown)


def node_of(row: Mapping[str, Any]) -> Node | None:
    """What a row with `organization_id`, `location_id` and `area_id` is bound to; None is its whole tenant."""
    organization, location, area = (_id(row[name]) for name in ("organization_id", "location_id", "area_id"))
    if area is not None:
        return Node(ReachKind.AREA, area, location)
    if location is not None:
        return Node(ReachKind.LOCATION, location)
    return None if organization is None else Node(ReachKind.ORGANIZATION, organization)


def _nodes(row: Mapping[str, Any]) -> tuple[Node, ...]:
    node = node_of(row)
    return () if node is None else (node,)


def _id(value: uuid.UUID | str | None) -> uuid.UUID | None:
    return uuid.UUID(value) if isinstance(value, str) else value

"""Reach as a condition: which rows lie beneath the nodes that a right is bound to (the subtree, by one predicate).

Every statement of this room takes a reach. Row-level security decides about tenants; this decides within one.
"""

import uuid
from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Uuid, and_, any_, false, or_, select, true, type_coerce

from loaders.entities import (
    AREA,
    AUDIT_EVENT,
    DEVICE,
    DEVICE_TYPE,
    LOCATION,
    ORGANIZATION,
    ROLE,
    ROLE_BINDING,
    SERVICE_ACCOUNT,
    TENANT,
    TOKEN,
    USER,
    Entity,
)
from models import Area, Location, Organization, RoleBinding
from models.hierarchy import Node, Reach, ReachKind

Condition = ColumnElement[bool]
# Of a table (or an alias of it), a tenant and a node.
Beneath = Callable[[Any, uuid.UUID, Node], Condition]


def condition(entity: Entity, tenant_id: uuid.UUID, reach: Reach, *, table: Any = None) -> Condition:
    """Whether a row of the entity lies within reach; true where the reach is everything.

    `table` is an alias of the entity's table where the row is sought in one.
    """
    if reach is None:
        return true()
    sought = entity.table if table is None else table
    return or_(
        false(),
        *(and_(true(), *(_beneath(entity, sought, tenant_id, node) for node in nodes)) for nodes in reach),
    )


def _beneath(entity: Entity, table: Any, tenant_id: uuid.UUID, node: Node) -> Condition:
    # Types of devices are the tenant's, wherever its devices are, and roles wherever they are bound: whoever may read
    # them may read all of them.
    if entity in WHOLE:
        return true()
    found = BENEATH.get((entity.name, node.kind))
    return false() if found is None else found(table, tenant_id, node)


def _on(path: Any, node: Node) -> Condition:
    """Whether a node is on a path. Its type is said: of the driver's own UUIDs SQLAlchemy knows none."""
    return any_(path) == type_coerce(node.id, Uuid)


def _organizations(tenant_id: uuid.UUID, node: Node) -> ScalarSelect[uuid.UUID]:
    """The ids of an organization and those beneath it."""
    return (
        select(Organization.id)
        .where(Organization.tenant_id == tenant_id, _on(Organization.path, node))
        .scalar_subquery()
    )


def _locations(tenant_id: uuid.UUID, node: Node) -> ScalarSelect[uuid.UUID]:
    """The ids of the locations of an organization and those beneath it."""
    return (
        select(Location.id)
        .where(Location.tenant_id == tenant_id, Location.organization_id.in_(_organizations(tenant_id, node)))
        .scalar_subquery()
    )


def _areas(tenant_id: uuid.UUID, node: Node) -> ScalarSelect[uuid.UUID]:
    """The ids of an area and those inside it."""
    return (
        select(Area.id)
        .where(Area.tenant_id == tenant_id, Area.location_id == node.location_id, _on(Area.path, node))
        .scalar_subquery()
    )


def _organization_beneath(table: Any, _tenant_id: uuid.UUID, node: Node) -> Condition:
    return _on(table.path, node)


def _location_of_organization(table: Any, tenant_id: uuid.UUID, node: Node) -> Condition:
    return table.organization_id.in_(_organizations(tenant_id, node))  # type: ignore[no-any-return]


def _area_inside(table: Any, _tenant_id: uuid.UUID, node: Node) -> Condition:
    return and_(table.location_id == node.location_id, _on(table.path, node))


def _in_organization(table: Any, tenant_id: uuid.UUID, node: Node) -> Condition:
    return table.location_id.in_(_locations(tenant_id, node))  # type: ignore[no-any-return]


def _in_location(table: Any, _tenant_id: uuid.UUID, node: Node) -> Condition:
    return table.location_id == node.id  # type: ignore[no-any-return]


def _device_of_organization(table: Any, tenant_id: uuid.UUID, node: Node) -> Condition:
    """A device belongs to its own organization, or where it has none to its location's."""
    return or_(
        table.organization_id.in_(_organizations(tenant_id, node)),
        and_(table.organization_id.is_(None), table.location_id.in_(_locations(tenant_id, node))),
    )


def _device_in_area(table: Any, tenant_id: uuid.UUID, node: Node) -> Condition:
    return and_(table.location_id == node.location_id, table.area_id.in_(_areas(tenant_id, node)))


def _bound(column: Any) -> Beneath:
    """Who is bound to a role somewhere beneath the node."""

    def beneath(table: Any, tenant_id: uuid.UUID, node: Node) -> Condition:
        bound = BENEATH[ROLE_BINDING.name, node.kind](RoleBinding, tenant_id, node)
        found = select(column).where(RoleBinding.tenant_id == tenant_id, column.is_not(None), bound)
        return table.id.in_(found.scalar_subquery())  # type: ignore[no-any-return]

    return beneath


WHOLE = (DEVICE_TYPE, ROLE)
BENEATH: dict[tuple[str, ReachKind], Beneath] = {
    (ORGANIZATION.name, ReachKind.ORGANIZATION): _organization_beneath,
    (LOCATION.name, ReachKind.ORGANIZATION): _location_of_organization,
    (LOCATION.name, ReachKind.LOCATION): lambda table, _tenant_id, node: table.id == node.id,
    (AREA.name, ReachKind.ORGANIZATION): _in_organization,
    (AREA.name, ReachKind.LOCATION): _in_location,
    (AREA.name, ReachKind.AREA): _area_inside,
    (DEVICE.name, ReachKind.ORGANIZATION): _device_of_organization,
    (DEVICE.name, ReachKind.LOCATION): _in_location,
    (DEVICE.name, ReachKind.AREA): _device_in_area,
    # A token, and a role binding, is where the node is that it is bound to; one that is bound to none is its whole
    # tenant's. People and service accounts are where they are bound.
    **{
        (entity.name, kind): beneath
        for entity in (TOKEN, ROLE_BINDING)
        for kind, beneath in (
            (ReachKind.ORGANIZATION, _device_of_organization),
            (ReachKind.LOCATION, _in_location),
            (ReachKind.AREA, _device_in_area),
        )
    },
    **{
        (entity.name, kind): _bound(column)
        for entity, column in ((USER, RoleBinding.user_id), (SERVICE_ACCOUNT, RoleBinding.service_account_id))
        for kind in (ReachKind.ORGANIZATION, ReachKind.LOCATION, ReachKind.AREA)
    },
}
assert not {TENANT.name, AUDIT_EVENT.name} & {name for name, _ in BENEATH}, (
    "tenants lie beneath tenants alone, and the audit is the whole tenant's"
)

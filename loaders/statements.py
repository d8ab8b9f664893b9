"""The SQL of edges: one statement for all keys of one tenant."""

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    Uuid,
    and_,
    bindparam,
    func,
    literal,
    select,
    true,
    tuple_,
)
from sqlalchemy.sql.selectable import TableValuedAlias

from loaders import filters
from loaders.edges import Edge
from loaders.entities import Column, Entity
from loaders.window import Position, Window
from models import TenantRow


def by_id(entity: Entity, tenant_id: uuid.UUID, ids: Sequence[uuid.UUID]) -> Select[Any]:
    """The rows with these ids."""
    wanted = bindparam("ids", list(ids), type_=ARRAY(Uuid))
    return select(*_columns(entity)).where(_in_tenant(entity, tenant_id), entity.living, entity.id == wanted.any_())


def dependents(entity: Entity, tenant_id: uuid.UUID, column: Column, parents: Sequence[uuid.UUID]) -> Select[Any]:
    """The ids of the rows whose `column` is one of these."""
    wanted = bindparam("parents", list(parents), type_=ARRAY(Uuid))
    return select(entity.id).where(_in_tenant(entity, tenant_id), entity.living, column == wanted.any_())


def pages(edge: Edge, tenant_id: uuid.UUID, keys: Sequence[uuid.UUID], window: Window) -> Select[Any]:
    """For each key its rows in the window, one more than asked for, beside `_key` and, when counted, `_total`.

    A key without rows still gives a row of nulls, so that its count is known.
    """
    key = (
        func.unnest(bindparam("keys", list(keys), type_=ARRAY(Uuid))).table_valued("key", name="keys").render_derived()
    )
    entity = edge.target
    belongs = and_(
        _in_tenant(entity, tenant_id),
        entity.living,
        edge.joins(key.c.key),
        filters.condition(entity, window.filter),
        filters.search(entity, window.search) if window.search else true(),
    )
    # A statement that is counted backward is read in the opposite order; the loader turns the rows around.
    descending = window.descending is not window.backward
    order = [entity.orders[window.order], entity.id] if window.order != "ID" else [entity.id]
    found = (
        select(*_columns(entity))
        .where(belongs, *_between(order, window))
        .order_by(*(column.desc() if descending else column.asc() for column in order))
        .limit(literal(window.size + 1))
        .offset(literal(window.offset) if window.offset else None)
        .lateral("found")
    )
    if not window.counted:
        return select(key.c.key.label("_key"), *found.c).select_from(key.join(found, true(), isouter=True))
    counted = select(func.count().label("total")).where(belongs).lateral("counted")
    return select(key.c.key.label("_key"), counted.c.total.label("_total"), *found.c).select_from(
        _counted_join(key, counted, found)
    )


def _counted_join(key: TableValuedAlias, counted: Any, found: Any) -> Any:
    return key.join(counted, true()).join(found, true(), isouter=True)


def _columns(entity: Entity) -> list[Any]:
    return list(entity.table.__table__.columns)


def _in_tenant(entity: Entity, tenant_id: uuid.UUID) -> ColumnElement[bool]:
    """Queries name the tenant although row-level security does: indexes lead with it, engines route by it."""
    if not issubclass(entity.table, TenantRow):
        return true()
    tenant: ColumnElement[bool] = entity.table.tenant_id == tenant_id
    return tenant


def _between(order: list[Any], window: Window) -> list[ColumnElement[bool]]:
    conditions = []
    if window.after:
        conditions.append(_beyond(order, window.after, above=not window.descending))
    if window.before:
        conditions.append(_beyond(order, window.before, above=window.descending))
    return conditions


def _beyond(order: list[Any], position: Position, *, above: bool) -> ColumnElement[bool]:
    if len(order) == 1:
        return order[0] > position.id if above else order[0] < position.id  # type: ignore[no-any-return]
    place = tuple_(literal(position.value), literal(position.id, Uuid))
    return tuple_(*order) > place if above else tuple_(*order) < place

"""The SQL of edges: one statement for all keys of one tenant, each with the predicate of reach."""

import uuid
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    Text,
    Uuid,
    and_,
    bindparam,
    case,
    func,
    literal,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import aliased
from sqlalchemy.sql.selectable import TableValuedAlias

from loaders import filters
from loaders.edges import Edge
from loaders.entities import AREA, Column, Entity
from loaders.masking import ANCESTORS, REACHED, known, leaving
from loaders.reach import condition
from loaders.window import Position, Window
from models import Area, TenantRow
from models.hierarchy import Reach
from models.policies import is_tenant_data


def by_id(entity: Entity, tenant_id: uuid.UUID, reach: Reach, ids: Sequence[uuid.UUID]) -> Select[Any]:
    """The rows with these ids; of a type of ancestors those out of reach too, with a mark (`loaders.masking`)."""
    wanted = bindparam("ids", list(ids), type_=ARRAY(Uuid))
    found = select(*_columns(entity)).where(_in_tenant(entity, tenant_id), entity.living, entity.id == wanted.any_())
    within = condition(entity, tenant_id, reach)
    if reach is not None and entity.name in ANCESTORS:
        return found.add_columns(within.label(REACHED))
    return found.where(within)


def dependents(
    entity: Entity, tenant_id: uuid.UUID, reach: Reach, column: Column, parents: Sequence[uuid.UUID]
) -> Select[Any]:
    """The ids of the rows whose `column` is one of these."""
    wanted = bindparam("parents", list(parents), type_=ARRAY(Uuid))
    return select(entity.id).where(
        _in_tenant(entity, tenant_id), entity.living, column == wanted.any_(), condition(entity, tenant_id, reach)
    )


def areas_within(tenant_id: uuid.UUID, reach: Reach, area_id: uuid.UUID) -> Select[Any]:
    """The ids of an area and of all areas inside it, the deleted ones too: they are where things were."""
    reached = (Area.tenant_id == tenant_id, condition(AREA, tenant_id, reach))
    within = select(Area.id).where(*reached, Area.id == area_id).cte("within", recursive=True)
    inner = select(Area.id).where(*reached, Area.parent_id == within.c.id)
    return select(within.union(inner).c.id)


def pages(
    edge: Edge, tenant_id: uuid.UUID, reach: Callable[[Entity], Reach], keys: Sequence[uuid.UUID], window: Window
) -> Select[Any]:
    """For each key its rows in the window, one more than asked for, beside `_key` and, when counted, `_total`.

    A key without rows still gives a row of nulls, so that its count is known. An edge to ancestors lists what the key
    itself names although it is out of reach, with a mark (`loaders.masking`). `reach` is of an entity.
    """
    key = (
        func.unnest(bindparam("keys", list(keys), type_=ARRAY(Uuid))).table_valued("key", name="keys").render_derived()
    )
    entity = edge.target
    within = condition(entity, tenant_id, reach(entity))
    marked = edge.ancestor and reach(entity) is not None
    seen = known(entity, tenant_id, reach, masked=marked)
    belongs = and_(
        _in_tenant(entity, tenant_id),
        entity.living,
        edge.joins(key.c.key),
        or_(within, entity.id == key.c.key) if marked else within,
        filters.condition(entity, window.filter, seen),
        filters.search(entity, window.search, seen) if window.search else true(),
    )
    # A statement that is counted backward is read in the opposite order; the loader turns the rows around.
    descending = window.descending is not window.backward
    order = [seen(entity.orders[window.order]), entity.id] if window.order != "ID" else [entity.id]
    columns = [*_columns(entity), within.label(REACHED)] if marked else _columns(entity)
    found = (
        select(*columns)
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


def exported(
    entity: Entity,
    tenant_id: uuid.UUID,
    reach: Callable[[Entity], Reach],
    *,
    after: uuid.UUID | None,
    size: int,
    wanted: ColumnElement[bool],
) -> Select[Any]:
    """The next `size` rows in the order of their ids, JSON as PostgreSQL writes it.

    Beside each reference stands, labelled as `names` says, what people call the row that it leads to; null where that
    row is out of reach. `reach` is of an entity.
    """
    json = json_columns(entity)
    seen = known(entity, tenant_id, reach, masked=False)
    columns = [
        column.cast(Text).label(column.key) if column.key in json else seen(column).label(column.key)
        for column in _columns(entity)
    ]
    page = (
        select(*columns)
        .where(_in_tenant(entity, tenant_id), entity.living, condition(entity, tenant_id, reach(entity)), wanted)
        .where(entity.id > after if after else true())
        .order_by(entity.id)
        .limit(literal(size))
        .subquery("page")
    )
    called = (_called(edge, tenant_id, reach(edge.target), page) for edge in _references(entity))
    return select(page, *called).order_by(page.c.id)


def _called(edge: Edge, tenant_id: uuid.UUID, reach: Reach, page: Any) -> Any:
    """What the row is called that an edge leads to; sought row by row, by its key: a join may read a whole table."""
    target: Any = aliased(edge.target.table, name=edge.source.removesuffix("_id"))
    # A partial index of the living would tempt the planner, who knows nothing of rows made a moment ago.
    within = condition(edge.target, tenant_id, reach, table=target)
    living = case((and_(target.deleted_at.is_(None), within), getattr(target, edge.target.called.key)))
    found = select(living).where(target.tenant_id == tenant_id, target.id == page.c[edge.source])
    return found.scalar_subquery().label(_label(edge))


def counted(entity: Entity, tenant_id: uuid.UUID, reach: Reach) -> Select[Any]:
    """How many rows the tenant has within reach."""
    within = condition(entity, tenant_id, reach)
    return select(func.count()).select_from(entity.table).where(_in_tenant(entity, tenant_id), entity.living, within)


def names(entity: Entity) -> dict[str, str]:
    """Of each column that refers to a row: the label of what that row is called (`type_id`: `type_key`)."""
    return {edge.source: _label(edge) for edge in _references(entity)}


def _label(edge: Edge) -> str:
    return f"{edge.source.removesuffix('id')}{edge.target.called.key}"


def json_columns(entity: Entity) -> list[str]:
    """The columns that hold JSON."""
    return [column.key for column in _columns(entity) if isinstance(column.type, JSONB)]


def _references(entity: Entity) -> list[Edge]:
    """The edges that lead to one row of the same tenant."""
    return [edge for edge in leaving(entity) if issubclass(edge.target.table, TenantRow)]


def _counted_join(key: TableValuedAlias, counted: Any, found: Any) -> Any:
    return key.join(counted, true()).join(found, true(), isouter=True)


def _columns(entity: Entity) -> list[Any]:
    return list(entity.table.__table__.columns)


def _in_tenant(entity: Entity, tenant_id: uuid.UUID) -> ColumnElement[bool]:
    """Queries name the tenant although row-level security does: indexes lead with it, engines route by it."""
    return entity.sql.c.tenant_id == tenant_id if is_tenant_data(entity.sql) else true()


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
    place = tuple_(*(literal(at, column.type) for at, column in zip((position.value, position.id), order, strict=True)))
    return tuple_(*order) > place if above else tuple_(*order) < place

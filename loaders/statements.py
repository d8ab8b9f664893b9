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
    select,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import aliased
from sqlalchemy.sql.selectable import TableValuedAlias
from sqlalchemy.types import TypeEngine

from loaders.edges import Edge
from loaders.entities import AREA, Column, Entity
from loaders.json_text import JsonText
from loaders.listing import Listing, there, values
from loaders.masking import ANCESTORS, REACHED, known, leaving
from loaders.reach import condition
from loaders.window import Window
from models import Area, TenantRow
from models.hierarchy import Reach


def by_id(entity: Entity, tenant_id: uuid.UUID, reach: Reach, ids: Sequence[uuid.UUID]) -> Select[Any]:
    """The rows with these ids; of a type of ancestors those out of reach too, with a mark (`loaders.masking`)."""
    wanted = bindparam("ids", list(ids), type_=ARRAY(Uuid))
    found = select(*_shown(entity)).where(there(entity, tenant_id), entity.id == wanted.any_())
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
        there(entity, tenant_id), column == wanted.any_(), condition(entity, tenant_id, reach)
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
    taken = values(edge.target, window)

    def say(name: str, type_: TypeEngine[Any]) -> Any:
        return literal(taken.named[name], type_)

    listing = Listing(edge, tenant_id, reach, key.c.key, window, taken.filter, say)
    columns = _shown(edge.target)
    marks = [listing.within.label(REACHED)] if listing.marked else []
    found = listing.page(*columns, *marks, further=1).lateral("found")
    if not window.counted:
        return select(key.c.key.label("_key"), *found.c).select_from(key.join(found, true(), isouter=True))
    counted = listing.total().lateral("counted")
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
        .where(there(entity, tenant_id), condition(entity, tenant_id, reach(entity)), wanted)
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
    return select(func.count()).select_from(entity.table).where(there(entity, tenant_id), within)


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


def _shown(entity: Entity) -> list[Any]:
    """The columns as readers see them: of JSON that is shown the text, of other JSON what it spells."""
    json = json_columns(entity)

    def shown(column: Any) -> Any:
        as_text = column.key in json and column.info.get("shown", True)
        return column.cast(JsonText).label(column.key) if as_text else column

    return [shown(column) for column in _columns(entity)]


def _columns(entity: Entity) -> list[Any]:
    return list(entity.table.__table__.columns)

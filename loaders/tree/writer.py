"""From a selection to its statement, whose single value is the JSON of the answer.

Each row stands in a subquery of its own, and what it leads to is sought in a subquery inside. Which rows those are is
asked where the batch loader asks (`loaders.listing`, `loaders.reach`): no statement can lack the tenant, the living or
the reach.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from itertools import count
from operator import add
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Integer, Select, Text, Uuid, func, literal_column, select, union_all

from loaders import filters
from loaders.edges import Edge
from loaders.entities import Entity
from loaders.listing import Listing, there
from loaders.masking import REACHED
from loaders.reach import condition
from loaders.tree import parameters
from loaders.tree.forms import form_of, may_be_null, written
from loaders.tree.page import PageText
from loaders.tree.parameters import ReachShape
from loaders.tree.row import TreeRow
from loaders.tree.selection import (
    Constant,
    Field,
    Fields,
    First,
    Id,
    Lookup,
    Lookups,
    Many,
    One,
    Part,
    Root,
    Roots,
    Value,
)
from loaders.tree.written import Written, an_object, constant, joined
from loaders.window import Window
from models import TenantRow
from models.hierarchy import Reach


@dataclass(frozen=True)
class Shapes:
    """What a statement depends on beside its selection: of each list its window's shape, of each entity its reach's.

    Values that stand in a window are not looked at.
    """

    windows: Mapping[int, tuple[Window, filters.All]]
    reaches: Mapping[str, ReachShape]


def statement(roots: Roots, shapes: Shapes) -> Select[Any]:
    """One statement for a whole operation. Its value is null where something is not there that must be."""
    return _Writer(shapes).answer(roots)


def of_row(sought: Lookup, shapes: Shapes) -> Select[Any]:
    """One statement for one row. Its value is the row's JSON alone, and null where it is not there."""
    return select(_Writer(shapes).found(sought))


class _Writer:
    def __init__(self, shapes: Shapes) -> None:
        self._windows = shapes.windows
        self._reaches = {name: parameters.reach_of(name, shape) for name, shape in shapes.reaches.items()}
        self._tenant_id = parameters.tenant_id()
        self._numbers = count(1)

    def answer(self, roots: Roots) -> Select[Any]:
        texts: list[ColumnElement[Any]] = []
        for name, root in roots:
            texts += [constant(f'{"," if texts else "{"}"{name}":'), self._root(root)]
        # Joined by an operator that lets a null through, where `concat` would not.
        return select(reduce(add, [*texts, constant("}")]))

    def found(self, sought: Lookup) -> ColumnElement[Any]:
        """The row that is looked up as JSON, or nothing."""
        row_id = parameters.at(sought.place)("id", Uuid())
        return self._one(sought.entity, row_id, sought.fields, ancestor=sought.ancestor)

    def fields(self, row: TreeRow, fields: Fields) -> list[Written]:
        return an_object((name, self._field(row, field)) for name, field in fields)

    def _root(self, root: Root) -> ColumnElement[Any]:
        match root:
            case Constant():
                return constant(root.json)
            case Many():
                return joined(self._many(root.edge, root.place, self._tenant_id, []).text(root.fields))
            case First():
                return self._first(root)
            case Lookup():
                return _or_null(self.found(root))
            case Lookups():
                return self._lookups(root)

    def _field(self, row: TreeRow, field: Field) -> list[Written]:
        match field:
            case Constant():
                return [field.json]
            case Value(name):
                form = form_of(row.entity, name)
                assert form is not None, f"{row.entity.name}.{name} has no form"
                nullable = may_be_null(row.entity, name) or not row.shows(name)
                return written(form, row.column(name), nullable=nullable)
            case Id(prefix):
                return [f'"{prefix}_', row.key("id"), '"']
            case Part(fields):
                return self.fields(row, fields)
            case One(edge, fields):
                found = self._one(edge.target, self._key(row, edge), fields, ancestor=edge.ancestor)
                return [_or_null(found if edge.ancestor else row.within(found))]
            case Many(edge, place, page):
                among = [row.reached] if row.marked else []
                return self._many(edge, place, self._key(row, edge), among).text(page)

    def _key(self, row: TreeRow, edge: Edge) -> ColumnElement[Any]:
        """What an edge starts from. From a tenant into an estate it is always the one that is read."""
        into = not issubclass(row.entity.table, TenantRow) and issubclass(edge.target.table, TenantRow)
        return self._tenant_id if into else row.key(edge.source)

    def _one(self, entity: Entity, row_id: Any, fields: Fields, *, ancestor: bool) -> ColumnElement[Any]:
        """The row with this id as JSON, or nothing."""
        reach = self._reach(entity)
        row = self._row(entity, marked=ancestor and reach is not None)
        text = joined(self.fields(row, fields))
        within = condition(entity, self._tenant_id, reach)
        row.key("id")
        found = select(*row.columns).where(there(entity, self._tenant_id), entity.id == row_id)
        found = found.add_columns(within.label(REACHED)) if row.marked else found.where(within)
        return select(text).select_from(found.subquery(row.alias)).scalar_subquery()

    def _many(self, edge: Edge, place: int, key: ColumnElement[Any], among: list[ColumnElement[bool]]) -> PageText:
        listing = self._listing(edge, place, key)
        return PageText(listing, self._row(edge.target, marked=listing.marked), among, self.fields)

    def _first(self, root: First) -> ColumnElement[Any]:
        listing = self._listing(root.edge, root.place, self._tenant_id)
        row = self._row(root.edge.target, marked=listing.marked)
        text = joined(self.fields(row, root.fields))
        row.key("id")
        marks = [listing.within.label(REACHED)] if row.marked else []
        found = listing.page(*row.columns, *marks, further=0).subquery(row.alias)
        return _or_null(select(text).select_from(found).scalar_subquery())

    def _lookups(self, root: Lookups) -> ColumnElement[Any]:
        say = parameters.at(root.place)
        parts: list[Select[Any]] = []
        for entity, fields in root.kinds:
            alias = f"g{next(self._numbers)}"
            ids, places = say(f"{entity.name}_ids", ARRAY(Uuid)), say(f"{entity.name}_places", ARRAY(Integer))
            given = func.unnest(ids, places).table_valued("id", "place").render_derived(name=alias)
            row = self._one(entity, literal_column(f"{alias}.id", Uuid), fields, ancestor=False)
            parts.append(select(given.c.place, row.label("text")))
        nothing = func.unnest(say("nothing", ARRAY(Integer))).table_valued("place").render_derived(name="nothing")
        parts.append(select(nothing.c.place, literal_column("NULL", Text).label("text")))
        every = union_all(*parts).subquery(f"g{next(self._numbers)}")
        text = func.coalesce(every.c.text, constant("null"))
        gathered: Any = func.string_agg(text, constant(",")).aggregate_order_by(every.c.place)
        found = select(joined(["[", gathered, "]"])).select_from(every)
        if root.strict:
            found = found.having(func.bool_and(every.c.text.is_not(None)).is_not(literal_column("false")))
        return found.scalar_subquery()

    def _listing(self, edge: Edge, place: int, key: ColumnElement[Any]) -> Listing:
        window, filter_ = self._windows[place]
        say = parameters.at(place)
        return Listing(edge, self._tenant_id, self._reach, key, window, filter_, say)

    def _row(self, entity: Entity, *, marked: bool) -> TreeRow:
        return TreeRow(f"n{next(self._numbers)}", entity, marked=marked)

    def _reach(self, entity: Entity) -> Reach:
        return self._reaches[entity.name]


def _or_null(found: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.coalesce(found, constant("null"))

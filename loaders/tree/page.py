"""A connection as JSON: the rows of its page, their cursors, where the page lies, and the totals."""

from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import ARRAY, BigInteger, ColumnElement, Integer, Text, case, func, literal_column, select
from sqlalchemy.types import TypeEngine

from loaders.cursor import name_of
from loaders.listing import Listing
from loaders.masking import REACHED
from loaders.tree.row import TreeRow
from loaders.tree.selection import Constant, Cursor, Edges, Fact, Facts, Fields, Node, Nodes, PageField, PageFields
from loaders.tree.written import Written, an_object, constant, joined

# base64url without padding (RFC 4648), from PostgreSQL's base64, which breaks its lines.
NOT_URL_SAFE, URL_SAFE = "+/=\n", "-_"
# In the subquery of a page: what a row is ordered by, and its number where there may be one row too many.
ORDER = "_order"
NUMBER = "_number"
TOTALS = frozenset({"totalCount", "total", "pages"})


class PageText:
    """Writes one connection; `row` is a row of its list, `among` says whether there are any for the row around it."""

    def __init__(
        self,
        listing: Listing,
        row: TreeRow,
        among: list[ColumnElement[bool]],
        write: Callable[[TreeRow, Fields], list[Written]],
    ) -> None:
        self._listing = listing
        self._window = listing.window
        self._row = row
        self._among = among
        self._write = write
        self._gathered: list[Any] = []

    def text(self, fields: PageFields) -> list[Written]:
        """The connection, in pieces."""
        told = {fact.name for fact in _facts(each for _, each in fields)}
        self._looks_further = ("hasPreviousPage" if self._window.backward else "hasNextPage") in told
        pieces = an_object((name, self._field(each)) for name, each in fields)
        sources = []
        if self._gathered:
            sources.append(self._rows())
        if told & TOTALS:
            sources.append(self._listing.total().where(*self._among).subquery(f"{self._row.alias}_all"))
        return [select(joined(pieces)).select_from(*sources).scalar_subquery()] if sources else pieces

    def _field(self, field: PageField) -> list[Written]:
        match field:
            case Constant():
                return [field.json]
            case Nodes():
                return ["[", self._gather(self._all(joined(self._write(self._row, field.fields)))), "]"]
            case Edges():
                edge = an_object((name, self._of_edge(each)) for name, each in field.fields)
                return ["[", self._gather(self._all(joined(edge))), "]"]
            case Facts():
                return an_object((name, self._fact(each)) for name, each in field.fields)
            case Fact():
                return self._fact(field)

    def _of_edge(self, field: Constant | Cursor | Node) -> list[Written]:
        if isinstance(field, Constant):
            return [field.json]
        return (
            ['"', self._cursor(self._row.key("id"), lambda column: column), '"']
            if isinstance(field, Cursor)
            else self._write(self._row, field.fields)
        )

    def _fact(self, fact: Constant | Fact) -> list[Written]:
        if isinstance(fact, Constant):
            return [fact.json]
        window, total = self._window, literal_column(f"{self._row.alias}_all.total", BigInteger)
        size, offset = self._listing.say("size", Integer()), self._listing.say("offset", Integer())
        further, one = "hasPreviousPage" if window.backward else "hasNextPage", literal_column("1", Integer)
        told: dict[str, Callable[[], Written]] = {
            further: lambda: func.to_json(self._gather(func.count() > size)),
            "startCursor": lambda: self._end(turned=False),
            "endCursor": lambda: self._end(turned=True),
            "page": lambda: offset // size + one if window.offset else "1",
            "pages": lambda: (total + size - one) // size,
            "size": lambda: size,
            "total": lambda: total,
            "totalCount": lambda: total,
        }
        return [told.get(fact.name, self._came_from_elsewhere)()]

    def _came_from_elsewhere(self) -> Written:
        """Whether rows lie before the page (backward: after it), as far as what was asked for tells."""
        place = self._window.before if self._window.backward else self._window.after
        return "true" if place is not None or self._window.offset else "false"

    def _gather(self, made: Any, type_: TypeEngine[Any] | None = None) -> ColumnElement[Any]:
        """Something made of all rows of the page, as the connection sees it."""
        self._gathered.append(made)
        return literal_column(f"{self._row.alias}_page.c{len(self._gathered) - 1}", type_ or made.type)

    def _all(self, text: ColumnElement[str]) -> Any:
        return self._in_order(func.string_agg(text, constant(",")), turned=False)

    def _end(self, *, turned: bool) -> ColumnElement[str]:
        """The cursor of the first row of the page (`turned`: of the last); null where there is none."""

        def of_end(column: ColumnElement[Any]) -> ColumnElement[Any]:
            gathered: Any = self._gather(self._in_order(func.array_agg(column), turned=turned), ARRAY(column.type))
            return gathered[literal_column("1", Integer)]  # type: ignore[no-any-return]

        row_id = of_end(self._row.key("id"))
        text = constant('"') + self._cursor(row_id, of_end) + constant('"')
        return case((row_id.is_(None), constant("null")), else_=text)

    def _in_order(self, aggregate: Any, *, turned: bool) -> Any:
        """Over the page's own rows, in their order, or with that `turned` around."""
        if self._looks_further:
            number: Any = literal_column(f"{self._row.alias}.{NUMBER}", Integer)
            ordered = aggregate.aggregate_order_by(number.desc() if self._window.backward is not turned else number)
            return ordered.filter(number <= self._listing.say("size", Integer()))
        descending = self._window.descending is not turned
        return aggregate.aggregate_order_by(*(each.desc() if descending else each for each in self._places()))

    def _places(self) -> list[ColumnElement[Any]]:
        """What a row's place is made of, as its subquery has it."""
        row_id = self._row.key("id")
        return [row_id] if self._window.order == "ID" else [literal_column(f"{self._row.alias}.{ORDER}"), row_id]

    def _cursor(
        self, row_id: ColumnElement[Any], of: Callable[[ColumnElement[Any]], ColumnElement[Any]]
    ) -> ColumnElement[str]:
        """As `loaders.cursor` encodes it; `of` gives what the row has in a column."""
        column = self._row.entity.orders[self._window.order].key
        list_ = name_of(self._listing.edge, self._window.order, descending=self._window.descending)
        pieces: list[Written] = [f'["{list_}","', row_id, '"']
        if column != "id":
            pieces += [",", func.to_json(func.coalesce(of(self._row.column(column)), constant("")))]
        encoded = func.encode(func.convert_to(joined([*pieces, "]"]), constant("UTF8")), constant("base64"))
        return func.translate(encoded, constant(NOT_URL_SAFE), constant(URL_SAFE), type_=Text)

    def _rows(self) -> Any:
        """One row with all that is gathered."""
        listing, alias = self._listing, self._row.alias
        self._row.key("id")
        columns = list(self._row.columns)
        if self._window.order != "ID":
            columns.append(listing.places[0].label(ORDER))
        if self._row.marked:
            columns.append(listing.within.label(REACHED))
        page = listing.page(*columns, further=int(self._looks_further)).where(*self._among)
        rows = self._numbered(page.subquery(f"{alias}_found")) if self._looks_further else page.subquery(alias)
        made = (each.label(f"c{number}") for number, each in enumerate(self._gathered))
        return select(*made).select_from(rows).subquery(f"{alias}_page")

    def _numbered(self, found: Any) -> Any:
        """The rows with their numbers, in the order in which they were sought: the one too many comes last."""
        places = [found.c.id] if self._window.order == "ID" else [found.c[ORDER], found.c.id]
        descending = self._window.descending is not self._window.backward
        number = func.row_number().over(order_by=[each.desc() if descending else each for each in places])
        return select(*found.c, number.label(NUMBER)).subquery(self._row.alias)


def _facts(fields: Iterable[PageField | Fact]) -> Iterable[Fact]:
    for field in fields:
        if isinstance(field, Fact):
            yield field
        elif isinstance(field, Facts):
            yield from (each for _, each in field.fields if isinstance(each, Fact))

"""How PostgreSQL writes a column as JSON: to the byte as the other executor writes it.

Text goes through `to_json`, whose escapes are orjson's; moments are UTC with milliseconds and `Z` whatever the
session's zone. A number of JSON is spelled as PostgreSQL keeps it, by both executors.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sqlalchemy import ARRAY, Boolean, Date, DateTime, Double, Integer, Numeric, Text, Uuid, case, cast, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

from loaders.entities import Entity
from loaders.tree.written import Written, constant


class Form(Enum):
    """The forms of values, by the scalar of the graph that shows them."""

    TEXT = "String"
    UUID = "UUID"
    INT = "Int"
    FLOAT = "Float"
    BOOLEAN = "Boolean"
    MOMENT = "DateTime"
    DAY = "Date"
    DECIMAL = "Decimal"
    TEXTS = "[String!]"
    JSON = "JSON"


@dataclass(frozen=True, slots=True)
class _Writing:
    """What stands before, what is written of the column, and what stands after."""

    write: Callable[[Any], Any]
    quote: str = ""

    def parts(self, column: Any) -> list[Written]:
        """The value of a column that is not null."""
        return [self.quote, self.write(column), self.quote]

    def or_null(self, column: Any) -> list[Written]:
        """The value of a column, which may be null."""
        text = cast(self.write(column), Text)
        quoted = constant(self.quote) + text + constant(self.quote) if self.quote else text
        return [func.coalesce(quoted, constant("null"))]


def _float(column: Any) -> Any:
    """As the shortest digits that read back as the same number, which always show that they are no Int.

    Good below 2^53, far beyond what a column of ours may hold: PostgreSQL's small exponents have two digits and begin
    one earlier, and its whole numbers have no point.
    """
    text = cast(column, Text)
    return case(
        (text.like(constant("%e-05")), cast(cast(text, Numeric), Text)),
        (text.like(constant("%e-0%")), func.replace(text, constant("e-0"), constant("e-"))),
        (text.op("~")(constant("[.e]")), text),
        else_=text + constant(".0"),
    )


def _moment(column: Any) -> Any:
    """The driver keeps the last moment that Python knows as infinity, and the first as its opposite."""
    utc = func.to_char(func.timezone(constant("UTC"), column), constant('YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
    return _or_end(utc, column, constant("0001-01-01T00:00:00.000Z"), constant("9999-12-31T23:59:59.999Z"))


def _day(column: Any) -> Any:
    """Likewise."""
    day = func.to_char(column, constant("YYYY-MM-DD"))
    return _or_end(day, column, constant("0001-01-01"), constant("9999-12-31"))


def _or_end(text: Any, column: Any, first: Any, last: Any) -> Any:
    """Of what is infinite PostgreSQL makes no text."""
    ends = case((column == constant("-infinity"), first), (column == constant("infinity"), last))
    return func.coalesce(text, ends)


_FORMS: dict[Form, _Writing] = {
    Form.TEXT: _Writing(func.to_json),
    Form.UUID: _Writing(lambda column: column, '"'),
    Form.INT: _Writing(lambda column: column),
    Form.FLOAT: _Writing(_float),
    Form.BOOLEAN: _Writing(func.to_json),
    Form.MOMENT: _Writing(_moment, '"'),
    Form.DAY: _Writing(_day, '"'),
    Form.DECIMAL: _Writing(lambda column: column, '"'),
    Form.TEXTS: _Writing(func.array_to_json),
    Form.JSON: _Writing(lambda column: column),
}
_BY_TYPE: dict[type[TypeEngine[Any]], Form] = {
    Uuid: Form.UUID,
    Boolean: Form.BOOLEAN,
    Integer: Form.INT,
    # Before Numeric, whose child it is.
    Double: Form.FLOAT,
    Numeric: Form.DECIMAL,
    DateTime: Form.MOMENT,
    Date: Form.DAY,
    Text: Form.TEXT,
    JSONB: Form.JSON,
}


def form_of(entity: Entity, column: str) -> Form | None:
    """The form in which a column is written; None for one that is not shown."""
    type_ = entity.sql.columns[column].type
    if isinstance(type_, ARRAY):
        return Form.TEXTS if isinstance(type_.item_type, Text) else None
    return next((form for each, form in _BY_TYPE.items() if isinstance(type_, each)), None)


def may_be_null(entity: Entity, column: str) -> bool:
    """Whether the column holds nulls."""
    return bool(entity.sql.columns[column].nullable)


def written(form: Form, column: Any, *, nullable: bool) -> list[Written]:
    """A column's value as JSON, in parts that are joined."""
    writing = _FORMS[form]
    return writing.or_null(column) if nullable else writing.parts(column)

"""Filters as conditions.

A filter is read once into its shape, which its SQL depends on, and its values, which are bound: filters of one shape
are one statement. Under row-level security only leakproof operators become index conditions, so `startsWith` (and
`matches` with its star at the end) is a range over byte order, never LIKE.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, and_, any_, false, func, literal, not_, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, aliased
from sqlalchemy.types import ARRAY, BigInteger, Text, TypeEngine, Uuid

from loaders.columns import prefix_of, snake_case
from loaders.entities import Entity
from loaders.masking import Known
from loaders.window import BadArgument, number_of
from models import Tenant, ids

Condition = ColumnElement[bool]
# What stands for the next value of a filter, of this type: the value itself, or a parameter.
Bind = Callable[[TypeEngine[Any]], Any]


@dataclass(frozen=True, slots=True)
class All:
    """These hold; `negated`: not all of them."""

    parts: tuple["Shape", ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Either:
    """One of these holds."""

    parts: tuple["Shape", ...]


@dataclass(frozen=True, slots=True)
class Test:
    """A column is compared, with as many values as the comparison takes."""

    column: str
    comparison: str


Shape: TypeAlias = All | Either | Test


def condition(entity: Entity, given: Any, known: Known) -> Condition:
    """The condition of a frozen filter input."""
    shape, values = read(entity, given)
    return shaped(entity, shape, bound(values), known)


def read(entity: Entity, given: Any) -> tuple[All, list[Any]]:
    """The shape of a frozen filter input, and its values in their order.

    An operator whose operand is null is as if it were not there.

    Raises:
        BadArgument: text that PostgreSQL cannot hold.
    """
    values: list[Any] = []
    return _read(entity, given, values), values


def bound(values: list[Any]) -> Bind:
    """Give out the values, one after the other."""
    left = iter(values)
    return lambda type_: literal(next(left), type_)


def shaped(entity: Entity, shape: Shape, bind: Bind, known: Known) -> Condition:
    """The condition of a filter of this shape; `bind` is asked for its values in their order."""
    if isinstance(shape, Test):
        column: InstrumentedAttribute[Any] = getattr(entity.table, shape.column)
        compare, *types = COMPARISONS[shape.comparison]
        return compare(_comparable(column, known), *(bind(type_(column.type)) for type_ in types))  # type: ignore[no-any-return]
    parts = (shaped(entity, part, bind, known) for part in shape.parts)
    if isinstance(shape, Either):
        return or_(false(), *parts)
    return not_(func.coalesce(and_(true(), *parts), false())) if shape.negated else and_(true(), *parts)


def search(entity: Entity, text: Any, known: Known) -> Condition:
    """Whether any of the entity's search columns contains the text (checked, or a parameter), whatever its case."""
    return or_(*(func.strpos(func.lower(known(column)), func.lower(text)) > 0 for column in entity.search))


def checked(text: str) -> str:
    """Text as it was given. Raises BadArgument where PostgreSQL cannot hold it."""
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise BadArgument("text must not hold NUL characters or lone surrogates")
    return text


def upper_bound(prefix: str) -> str | None:
    """The least text (in byte order) above everything that starts with the prefix; None if there is no such text."""
    while prefix:
        code = ord(prefix[-1]) + 1
        if code == 0xD800:
            code = 0xE000  # surrogates are no characters
        if code <= 0x10FFFF:
            return prefix[:-1] + chr(code)
        prefix = prefix[:-1]
    return None


def _read(entity: Entity, given: Any, values: list[Any], *, negated: bool = False) -> All:
    parts: list[Shape] = []
    for name, value in given:
        if value is None:
            continue
        if name == "and":
            parts.extend(_read(entity, each, values) for each in value)
        elif name == "or":
            parts.append(Either(tuple(_read(entity, each, values) for each in value)))
        elif name == "not":
            parts.append(_read(entity, value, values, negated=True))
        else:
            column: InstrumentedAttribute[Any] = getattr(entity.table, snake_case(name))
            for operator, operand in value:
                if operand is not None:
                    comparison, compared = OPERATORS[operator](_operand(entity, column, operand))
                    parts.append(Test(column.key, comparison))
                    values.extend(compared)
    return All(tuple(parts), negated)


def _starts_with(prefix: str) -> tuple[str, list[Any]]:
    bound = upper_bound(prefix)
    return (">=", [prefix]) if bound is None else ("between", [prefix, bound])


def _matches(pattern: str) -> tuple[str, list[Any]]:
    if "*" not in pattern:
        return "=", [pattern]
    if pattern.index("*") == len(pattern) - 1:
        return _starts_with(pattern[:-1])
    return "like", [pattern.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_").replace("*", "%")]


# Grammar of the operators: published, forever. What each compares with, and how.
OPERATORS: dict[str, Callable[[Any], tuple[str, list[Any]]]] = {
    "eq": lambda value: ("=", [value]),
    "ne": lambda value: ("distinct", [value]),
    "in": lambda values: ("in", [values]),
    "lt": lambda value: ("<", [value]),
    "lte": lambda value: ("<=", [value]),
    "gt": lambda value: (">", [value]),
    "gte": lambda value: (">=", [value]),
    "startsWith": _starts_with,
    "contains": lambda text: ("contains", [text]),
    "matches": _matches,
    "has": lambda value: ("has", [value]),
    "isNull": lambda wanted: ("null" if wanted else "not null", []),
}


def _itself(type_: TypeEngine[Any]) -> TypeEngine[Any]:
    return type_


def _text(_type: TypeEngine[Any]) -> TypeEngine[Any]:
    return Text()


# Each comparison, and the type of each of its values, made from the column's.
COMPARISONS: dict[str, tuple[Any, ...]] = {
    "=": (lambda column, value: column == value, _itself),
    "distinct": (lambda column, value: column.is_distinct_from(value), _itself),
    "in": (lambda column, values: column == any_(values), ARRAY),
    "<": (lambda column, value: column < value, _itself),
    "<=": (lambda column, value: column <= value, _itself),
    ">": (lambda column, value: column > value, _itself),
    ">=": (lambda column, value: column >= value, _itself),
    "between": (lambda column, least, above: and_(column >= least, column < above), _itself, _itself),
    "contains": (lambda column, text: func.strpos(column, text) > 0, _text),
    "like": (lambda column, pattern: column.like(pattern, escape="\\"), _text),
    "has": (lambda column, value: any_(column) == value, _text),
    "null": (lambda column: column.is_(None),),
    "not null": (lambda column: column.is_not(None),),
}


def _comparable(column: InstrumentedAttribute[Any], known: Known) -> Any:
    """What stands for a column in a comparison.

    Text is compared in byte order whatever the database's collation, so that both executors agree everywhere; a closed
    vocabulary, which has no order, is compared as it is indexed. A parent tenant that is out of reach is no parent, as
    `parent` shows it: a policy hides its row.
    """
    compared = known(column)
    if isinstance(column.type, Text) and column.type.collation != "C" and "vocabulary" not in column.info:
        return compared.collate("C")
    if compared is Tenant.parent_id:
        above = aliased(Tenant)
        return select(above.id).where(above.id == Tenant.parent_id).correlate(Tenant).scalar_subquery()
    return compared


def _operand(entity: Entity, column: InstrumentedAttribute[Any], operand: Any) -> Any:
    if isinstance(operand, tuple):
        return [_operand(entity, column, each) for each in operand]
    if isinstance(operand, bool) or not isinstance(operand, str):
        return operand
    if isinstance(column.type, Uuid):
        return _uuid(entity, column.key, operand)
    if isinstance(column.type, BigInteger):
        # What spells no number names no row: none is negative.
        return -1 if (number := number_of(operand)) is None else number
    if isinstance(column.type, Text | ARRAY):
        return checked(operand)
    return operand


def _uuid(entity: Entity, column: str, text: str) -> uuid.UUID:
    """The row that an id names. An id of another type, or no id at all, names no row: the nil UUID is never given."""
    named = ids.decode(text)
    return named[1] if named and named[0] is prefix_of(entity, column) else uuid.UUID(int=0)

"""Filters as conditions.

Under row-level security only leakproof operators become index conditions, so `startsWith` (and `matches` with its
star at the end) is a range over byte order, never LIKE.
"""

import uuid
from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, and_, false, func, literal, not_, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, aliased
from sqlalchemy.types import ARRAY, BigInteger, Text, Uuid

from loaders.columns import prefix_of, snake_case
from loaders.entities import Entity
from loaders.masking import Known
from loaders.window import BadArgument, number_of
from models import Tenant, ids

Condition = ColumnElement[bool]


def condition(entity: Entity, given: Any, known: Known) -> Condition:
    """The condition of a frozen filter input; an operator whose operand is null is as if it were not there."""
    parts: list[Condition] = []
    for name, value in given:
        if value is None:
            continue
        if name == "and":
            parts.extend(condition(entity, each, known) for each in value)
        elif name == "or":
            parts.append(or_(false(), *(condition(entity, each, known) for each in value)))
        elif name == "not":
            parts.append(not_(func.coalesce(condition(entity, value, known), false())))
        else:
            column: InstrumentedAttribute[Any] = getattr(entity.table, snake_case(name))
            parts.extend(
                OPERATORS[operator](_comparable(column, known), _operand(entity, column, operand))
                for operator, operand in value
                if operand is not None
            )
    return and_(true(), *parts)


def search(entity: Entity, text: str, known: Known) -> Condition:
    """Whether any of the entity's search columns contains the text, whatever its case."""
    needle = func.lower(_text(text))
    return or_(*(func.strpos(func.lower(known(column)), needle) > 0 for column in entity.search))


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


def _starts_with(column: Any, prefix: str) -> Condition:
    bound = upper_bound(prefix)
    return and_(column >= prefix, column < bound if bound is not None else true())


def _matches(column: Any, pattern: str) -> Condition:
    if "*" not in pattern:
        return _bool(column == pattern)
    if pattern.index("*") == len(pattern) - 1:
        return _starts_with(column, pattern[:-1])
    escaped = pattern.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_").replace("*", "%")
    return _bool(column.like(escaped, escape="\\"))


def _bool(expression: Any) -> Condition:
    condition: Condition = expression
    return condition


# Grammar of the operators: published, forever.
OPERATORS: dict[str, Callable[[Any, Any], Condition]] = {
    "eq": lambda column, value: column == value,
    "ne": lambda column, value: column.is_distinct_from(value),
    "in": lambda column, values: column.in_(values),
    "lt": lambda column, value: column < value,
    "lte": lambda column, value: column <= value,
    "gt": lambda column, value: column > value,
    "gte": lambda column, value: column >= value,
    "startsWith": _starts_with,
    "contains": lambda column, text: func.strpos(column, text) > 0,
    "matches": _matches,
    "has": lambda column, value: literal(value) == column.any_(),
    "isNull": lambda column, wanted: column.is_(None) if wanted else column.is_not(None),
}


def _comparable(column: InstrumentedAttribute[Any], known: Known) -> Any:
    """What stands for a column in a comparison.

    Text is compared in byte order whatever the database's collation, so that both executors agree everywhere; a closed
    vocabulary, which has no order, is compared as it is indexed. A parent
    tenant that is out of reach is no parent, as `parent` shows it: a policy hides its row.
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
        return _text(operand)
    return operand


def _text(value: str) -> str:
    if "\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
        raise BadArgument("text must not hold NUL characters or lone surrogates")
    return value


def _uuid(entity: Entity, column: str, text: str) -> uuid.UUID:
    """The row that an id names. An id of another type, or no id at all, names no row: the nil UUID is never given."""
    named = ids.decode(text)
    return named[1] if named and named[0] is prefix_of(entity, column) else uuid.UUID(int=0)

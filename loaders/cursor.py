"""Cursors: places in an ordering that stay right while rows come and go.

A cursor names its edge and ordering, so that one of another list or ordering is refused and not misread. It is opaque
to clients, carries nothing but what the row itself showed, and cannot widen what its bearer sees.
"""

import binascii
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any

import orjson
from asyncpg.pgproto.pgproto import UUID
from sqlalchemy import BigInteger, DateTime, Text, Uuid

from loaders.edges import Edge
from loaders.entities import Column
from loaders.window import BadArgument, Position, Row, Window, number_of

# What base64 wants behind a text of this many characters more than a multiple of four.
PADDING = ("", "===", "==", "=")


def encode(edge: Edge, window: Window, row: Row) -> str:
    """The place of this row."""
    key, column = edge.target.id.key, edge.target.orders[window.order].key
    parts = [name_of(edge, window.order, descending=window.descending), str(row[key])]
    if column != key:
        # What is masked has no place of its own: nothing lies before it or after.
        parts.append("" if row[column] is None else row[column])
    spelled = binascii.b2a_base64(orjson.dumps(parts), newline=False).decode()
    return spelled.rstrip("=").replace("+", "-").replace("/", "_")


def decode(edge: Edge, order: str, text: str, *, descending: bool) -> Position:
    """The place that a cursor names in this ordering of the edge's rows.

    Raises:
        BadArgument: it is not a cursor, or one of another list or ordering.
    """
    try:
        spelled = text.replace("-", "+").replace("_", "/") + PADDING[len(text) % 4]
        parts = orjson.loads(binascii.a2b_base64(spelled, strict_mode=True))
        name, row_id = parts[0], _read(edge.target.id, parts[1])
        column = edge.target.orders[order]
        value = row_id if column.key == edge.target.id.key else _read(column, parts[2])
    except (binascii.Error, ValueError, TypeError, LookupError, AttributeError, OverflowError):
        raise BadArgument("not a cursor of this list and ordering; take one from pageInfo or edges") from None
    if name != name_of(edge, order, descending=descending):
        raise BadArgument("the cursor is of another list or ordering; take one from this very list")
    return Position(value, row_id)


def _read(column: Column, text: Any) -> Any:
    """A column's value as a cursor spells it."""
    if not isinstance(text, str):
        raise TypeError
    return _reader(column)(text)


@cache
def _reader(column: Column) -> Callable[[str], Any]:
    """Found once: SQLAlchemy takes its time to tell a column's type."""
    return next(read for type_, read in READ if isinstance(column.type, type_))


def _number(text: str) -> int:
    number = number_of(text)
    if number is None:
        raise ValueError
    return number


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError
    return moment.astimezone(UTC)


def _text(text: str) -> str:
    if "\0" in text:
        raise ValueError
    return text


READ: tuple[tuple[type, Callable[[str], Any]], ...] = (
    (Uuid, UUID),
    (BigInteger, _number),
    (DateTime, _moment),
    (Text, _text),
)


def name_of(edge: Edge, order: str, *, descending: bool) -> str:
    """What a cursor says of the list that it is of."""
    return f"{edge.name}:{order}:{'DESC' if descending else 'ASC'}"

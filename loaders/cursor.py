"""Cursors: places in an ordering that stay right while rows come and go.

A cursor names its edge and ordering, so that one of another list or ordering is refused and not misread. It is opaque
to clients, carries nothing but what the row itself showed, and cannot widen what its bearer sees.
"""

import base64
import binascii
import uuid

import orjson

from loaders.edges import Edge
from loaders.window import BadArgument, Position, Row, Window


def encode(edge: Edge, window: Window, row: Row) -> str:
    """The place of this row."""
    column = edge.target.orders[window.order].key
    parts = [name_of(edge, window), str(row["id"])]
    if column != "id":
        # What is masked has no place of its own: nothing lies before it or after.
        parts.append("" if row[column] is None else row[column])
    return base64.urlsafe_b64encode(orjson.dumps(parts)).rstrip(b"=").decode()


def decode(edge: Edge, window: Window, text: str) -> Position:
    """The place that a cursor names.

    Raises:
        BadArgument: it is not a cursor, or one of another list or ordering.
    """
    try:
        parts = orjson.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
        name, row_id = parts[0], uuid.UUID(parts[1])
        value = row_id if edge.target.orders[window.order].key == "id" else parts[2]
        if not isinstance(value, str | uuid.UUID) or (isinstance(value, str) and "\0" in value):
            raise TypeError
    except (binascii.Error, ValueError, TypeError, LookupError, AttributeError):
        raise BadArgument("not a cursor of this list and ordering; take one from pageInfo or edges") from None
    if name != name_of(edge, window):
        raise BadArgument("the cursor is of another list or ordering; take one from this very list")
    return Position(value, row_id)


def name_of(edge: Edge, window: Window) -> str:
    """What a cursor says of the list that it is of."""
    return f"{edge.name}:{window.order}:{'DESC' if window.descending else 'ASC'}"

"""JSON text in the making: constant pieces and expressions of SQL, joined into one expression.

Constants come from the schema's names and from the operation's, which GraphQL's grammar spells with letters, digits
and underscores; values are never among them.
"""

from collections.abc import Iterable
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Text, func, literal_column

# A constant piece, or what a row gives.
Written: TypeAlias = str | ColumnElement[Any]
# PostgreSQL takes a hundred arguments at once.
MOST = 100


def constant(text: str) -> ColumnElement[str]:
    """A piece of text as a literal of SQL."""
    doubled = text.replace("'", "''")
    return literal_column(f"'{doubled}'", Text)


def joined(pieces: Iterable[Written]) -> ColumnElement[str]:
    """All pieces as one text; neighbouring constants become one, and null is nothing."""
    merged: list[Written] = []
    for piece in pieces:
        last = merged[-1] if merged else None
        if isinstance(piece, str) and isinstance(last, str):
            merged[-1] = last + piece
        else:
            merged.append(piece)
    parts: list[ColumnElement[Any]] = [constant(piece) if isinstance(piece, str) else piece for piece in merged]
    while len(parts) > MOST:
        parts = [func.concat(*parts[at : at + MOST], type_=Text) for at in range(0, len(parts), MOST)]
    return func.concat(*parts, type_=Text)


def an_object(fields: Iterable[tuple[str, Iterable[Written]]]) -> list[Written]:
    """An object of JSON, in pieces."""
    pieces: list[Written] = []
    for name, value in fields:
        pieces += [f'{"," if pieces else "{"}"{name}":', *value]
    return [*pieces, "}"] if pieces else ["{}"]

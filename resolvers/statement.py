"""Statements that differ by their values alone: SQLAlchemy writes the text, once, and the driver runs it.

To run a short statement SQLAlchemy takes several times as long as the driver does.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import ARRAY
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql import ClauseElement
from sqlalchemy.types import TypeEngine

from loaders.window import Row
from models.database import Database

_DIALECT = asyncpg.dialect()  # type: ignore[no-untyped-call]


class Statement:
    """Made where a module is loaded, or kept for each shape. What differs is bound by name."""

    def __init__(self, clause: ClauseElement) -> None:
        """A parameter that has a value keeps it."""
        made: Any = clause.compile(dialect=_DIALECT)
        self._text: str = made.string
        self._names: list[str] = made.positiontup
        self._constants = {name: bind.value for name, bind in made.binds.items() if not bind.required}
        writers = {name: _writer(bind.type) for name, bind in made.binds.items()}
        self._writers = {name: writer for name, writer in writers.items() if writer is not None}

    async def rows(self, connection: AsyncConnection, **values: Any) -> list[Row]:
        """Run it in the open transaction; its rows as dictionaries.

        Raises:
            asyncpg.PostgresError: as the driver does.
        """
        given = self._constants | values
        for name, writer in self._writers.items():
            given[name] = writer(given[name])
        found = await Database.fetch(connection, self._text, [given[name] for name in self._names])
        return [dict(row.items()) for row in found]


def _writer(type_: TypeEngine[Any]) -> Callable[[Any], Any] | None:
    """What makes of a value what the driver takes: it takes most as they are."""
    if isinstance(type_, ARRAY):
        writer = _writer(type_.item_type)
        return writer and (lambda items: [writer(each) for each in items])
    return type_.dialect_impl(_DIALECT).bind_processor(_DIALECT)

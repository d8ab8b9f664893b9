"""Statements that differ by their values alone: SQLAlchemy writes the text, once, and the driver runs it.

To run a short statement SQLAlchemy takes several times as long as the driver does.
"""

import uuid
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

from sqlalchemy import ARRAY
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql import ClauseElement
from sqlalchemy.types import TypeEngine

from models.database import Database

_DIALECT = asyncpg.dialect()  # type: ignore[no-untyped-call]


class Statement:
    """Made where a module is loaded, or kept for each shape. What differs is bound by name.

    `names` are the parameters in the order of their numbers; `constants` are those that never differ.
    """

    def __init__(self, clause: ClauseElement) -> None:
        """A parameter that has a value keeps it."""
        made: Any = clause.compile(dialect=_DIALECT)
        self.text: str = made.string
        self.names: list[str] = made.positiontup or []
        self.constants: dict[str, Any] = {name: bind.value for name, bind in made.binds.items() if not bind.required}
        writers = {name: _writer(bind.type) for name, bind in made.binds.items()}
        self._writers = {name: writer for name, writer in writers.items() if writer is not None}

    def bound(self, values: Mapping[str, Any]) -> list[Any]:
        """What the driver is given."""
        given = {**self.constants, **values}
        for name, writer in self._writers.items():
            given[name] = writer(given[name])
        return [given[name] for name in self.names]

    async def row(self, database: Database, tenant_id: uuid.UUID | None, **values: Any) -> SimpleNamespace | None:
        """Its first row, or None, in a snapshot of its own.

        Raises:
            asyncpg.PostgresError: as the driver does.
        """
        found = await database.record(tenant_id, self.text, self.bound(values))
        return None if found is None else SimpleNamespace(**found)

    async def rows(self, connection: AsyncConnection, **values: Any) -> list[dict[str, Any]]:
        """Run it in the open transaction; its rows as dictionaries.

        Raises:
            asyncpg.PostgresError: as the driver does.
        """
        found = await Database.fetch(connection, self.text, self.bound(values))
        return [dict(row.items()) for row in found]


def _writer(type_: TypeEngine[Any]) -> Callable[[Any], Any] | None:
    """What makes of a value what the driver takes: it takes most as they are."""
    if isinstance(type_, ARRAY):
        writer = _writer(type_.item_type)
        return writer and (lambda items: [writer(each) for each in items])
    return type_.dialect_impl(_DIALECT).bind_processor(_DIALECT)

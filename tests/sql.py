"""What is sent to PostgreSQL, counted (the message that begins a transaction, and its end, are not statements)."""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.ext.asyncio import AsyncConnection

from models.database import Database


@contextmanager
def statements() -> Iterator[list[str]]:
    """The statements that any engine of this process runs meanwhile, and those that the driver runs itself."""
    sent: list[str] = []
    read, run, end = Database.record, Database.fetch, Database.last

    async def record(self: Database, tenant_id: uuid.UUID | None, statement: str, given: Sequence[Any]) -> Any:
        sent.append(statement)
        return await read(self, tenant_id, statement, given)

    async def fetch(connection: AsyncConnection, statement: str, given: Sequence[Any]) -> list[Any]:
        sent.append(statement)
        return await run(connection, statement, given)

    async def last(connection: AsyncConnection, statement: str, given: Sequence[Any]) -> list[Any]:
        sent.append(statement)
        return await end(connection, statement, given)

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(Database, "record", record)
            patched.setattr(Database, "fetch", fetch)
            patched.setattr(Database, "last", last)
            yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)

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
    read, show, run, end = Database.record, Database.text, Database.fetch, Database.last

    async def record(self: Database, tenant_id: uuid.UUID | None, statement: str, given: Sequence[Any]) -> Any:
        sent.append(statement)
        return await read(self, tenant_id, statement, given)

    async def text(self: Database, tenant_id: uuid.UUID, statement: str, given: Sequence[Any]) -> Any:
        sent.append(statement)
        return await show(self, tenant_id, statement, given)

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
            patched.setattr(Database, "text", text)
            patched.setattr(Database, "fetch", fetch)
            patched.setattr(Database, "last", last)
            yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)


async def value_of(database: Database, tenant_id: uuid.UUID, statement: str, given: Sequence[Any] = ()) -> str | None:
    """The text that a statement gives, read as compiled reads are."""
    found = await database.text(tenant_id, statement, given)
    return None if found is None else bytes(found).decode()

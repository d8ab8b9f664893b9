"""What is sent to PostgreSQL, counted (the message that begins a transaction, and its end, are not statements)."""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, event

from models.database import Database


@contextmanager
def statements() -> Iterator[list[str]]:
    """The statements that any engine of this process runs meanwhile, compiled ones among them."""
    sent: list[str] = []
    run = Database.value

    async def value(self: Database, tenant_id: uuid.UUID, statement: str, given: Sequence[Any]) -> Any:
        sent.append(statement)
        return await run(self, tenant_id, statement, given)

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(Database, "value", value)
            yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)

"""What one request costs: statements, messages that begin or end transactions, and calls of Python functions.

Nothing is timed. Statements and calls are counted in two requests, so that neither measure disturbs the other.
"""

import asyncio
import gc
import sys
import uuid
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any
from unittest.mock import patch

from sqlalchemy import Engine, event
from sqlalchemy.ext.asyncio import AsyncConnection

from models.database import Database

# Whom a commit wakes is told in its message.
BOUNDS = ("BEGIN", "COMMIT", "NOTIFY", "ROLLBACK")


@dataclass
class Sent:
    """What was sent to PostgreSQL: `bounds` are the round trips that begin or end a transaction, and nothing else."""

    statements: list[str] = field(default_factory=list)
    bounds: int = 0


class Wire:
    """Hears what the engines of this process send.

    Not what the driver asks for itself, such as a connection's types: no operation pays for that twice.
    """

    def __init__(self) -> None:
        self._sent = Sent()

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Hear every connection that is made while the block runs."""
        event.listen(Engine, "connect", self._connected)
        event.listen(Engine, "before_cursor_execute", self._executes)
        read, show, run, end = Database.record, Database.text, Database.fetch, Database.last

        async def record(database: Database, tenant_id: uuid.UUID | None, statement: str, given: Sequence[Any]) -> Any:
            self._sent.statements.append(statement)
            return await read(database, tenant_id, statement, given)

        async def text(database: Database, tenant_id: uuid.UUID, statement: str, given: Sequence[Any]) -> Any:
            self._sent.statements.append(statement)
            return await show(database, tenant_id, statement, given)

        async def fetch(connection: AsyncConnection, statement: str, given: Sequence[Any]) -> list[Any]:
            self._sent.statements.append(statement)
            return await run(connection, statement, given)

        async def last(connection: AsyncConnection, statement: str, given: Sequence[Any]) -> list[Any]:
            self._sent.statements.append(statement)
            return await end(connection, statement, given)

        try:
            # What is compiled the driver runs itself.
            with patch.multiple(Database, record=record, text=text, fetch=fetch, last=last):
                yield
        finally:
            event.remove(Engine, "before_cursor_execute", self._executes)
            event.remove(Engine, "connect", self._connected)

    async def during(self, work: Callable[[], Awaitable[None]]) -> Sent:
        """What is sent while `work` runs."""
        self._sent = sent = Sent()
        await work()
        # The driver tells its listeners in the loop's next turn.
        await asyncio.sleep(0)
        self._sent = Sent()
        return sent

    def _executes(self, _connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        self._sent.statements.append(statement)

    def _connected(self, connection: Any, _entry: Any) -> None:
        connection.driver_connection.add_query_logger(self._logged)

    def _logged(self, record: Any) -> None:
        self._sent.bounds += record.query.startswith(BOUNDS)


async def calls_during(work: Callable[[], Awaitable[None]]) -> int:
    """How many calls of Python functions `work` makes; the garbage collector, which comes when it likes, waits."""
    counted = 0

    def count(_frame: FrameType, happened: str, _argument: object) -> None:
        nonlocal counted
        counted += happened == "call"

    gc.collect()
    gc.disable()
    sys.setprofile(count)
    try:
        await work()
    finally:
        sys.setprofile(None)
        gc.enable()
    return counted

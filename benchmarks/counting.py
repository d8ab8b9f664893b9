"""What one request costs: statements, messages that begin or end transactions, and calls of Python functions.

Nothing is timed. Statements and calls are counted in two requests, so that neither measure disturbs the other.
"""

import asyncio
import gc
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from asyncpg import introspection
from sqlalchemy import Engine, event

# Whom a commit wakes is told in its message.
BOUNDS = ("BEGIN", "COMMIT", "NOTIFY", "ROLLBACK")
# What the driver asks about types (without JIT), and what is sent to see whether a connection lives.
JIT = "set_config('jit'"
UNASKED = {";", *(text for text in vars(introspection).values() if isinstance(text, str))}


@dataclass
class Sent:
    """What was sent to PostgreSQL: `bounds` are the messages that begin or end a transaction, `SET LOCAL` in them."""

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
        try:
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

    def _executes(
        self,
        _connection: Any,
        _cursor: Any,
        statement: str,
        _given: Any,
        _context: Any,
        many: bool,  # noqa: FBT001
    ) -> None:
        # The driver is asked to prepare it, and tells nothing of it but where it is run for many rows.
        if not many:
            self._sent.statements.append(statement)

    def _connected(self, connection: Any, _entry: Any) -> None:
        connection.driver_connection.add_query_logger(self._logged)

    def _logged(self, record: Any) -> None:
        if record.query.startswith(BOUNDS):
            self._sent.bounds += 1
        elif record.query not in UNASKED and JIT not in record.query:
            self._sent.statements.append(record.query)


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

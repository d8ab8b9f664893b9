"""What we say to PostgreSQL ourselves, on a connection of the driver's, so that less is waited for.

The driver sends one message and waits for its answer before it sends the next. A read begins, runs and ends in one
piece, and its answer comes in one (`models.exchange`): the driver sees nothing of it. Where the driver has to spell
or to read values, what begins is written before its own message and what ends behind it, and of the answers it is
shown the statement's, or the first error, and that the connection is at rest. So ends a change with its last statement.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any

import asyncpg

from models.exchange import Exchange
from models.lasting import followed
from models.messages import (
    ASIDE,
    COMMIT,
    COMMIT_AND_SYNC,
    ERROR,
    HEAD,
    IDLE,
    READY,
    Unspeakable,
    beginning,
    bound_and_run,
    query,
)

# Whose answer is awaited; each ends with READY.
NOBODYS, BEGINNINGS, STATEMENTS, ENDS = range(4)
# Statements that a connection knows by name. PostgreSQL keeps each with its plan.
MOST_PREPARED = 100
# Types whose values come as text.
TEXTS = frozenset({"text", "varchar"})
# Seconds in which PostgreSQL takes a wish to stop; a connection that it does not take it for is given up.
STOPPED_WITHIN = 2.0


class _Known:
    """A statement that a connection has prepared."""

    def __init__(self, prepared: Any) -> None:
        self.prepared = prepared
        self._name: str = prepared.get_name()
        self._gives_text = [each.type.name in TEXTS for each in prepared.get_attributes()] == [True]

    def asked(self, given: Sequence[Any]) -> bytes | None:
        """What is sent to run it; None for what the driver has to spell or to read."""
        if not self._gives_text:
            return None
        try:
            return bound_and_run(self._name, given)
        except Unspeakable:
            return None


class Pipeline(asyncio.Protocol):
    """Stands between a connection's transport and the driver's protocol, which is shown all that is not ours."""

    def __init__(self, driver: Any) -> None:
        """`driver` is a connection of asyncpg's, at rest: it has no words for its protocol and its transport."""
        self._driver = driver
        self._protocol = driver._protocol  # noqa: SLF001
        self._transport = driver._transport  # noqa: SLF001
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._exchange: Exchange | None = None
        self._awaited = NOBODYS
        self._ends = self._failed = self._shows = False
        self._left = 0
        self._head = self._end = b""
        self._transport.set_protocol(self)

    async def record(self, begin: str, statement: str, given: Sequence[Any]) -> Any:
        """The first row of a statement, or None, in a transaction of its own, which has ended by then.

        Whatever it raises, the connection is to be given up or rolled back. A statement's first time takes the long
        way: the driver prepares it without an end of its own.
        """
        if statement in self._known:
            self._end = COMMIT
            return await self._run(statement, lambda prepared: self._ended_with(prepared.fetchrow(*given), begin))
        await self._driver.execute(begin)
        found = await self._run(statement, lambda prepared: prepared.fetchrow(*given))
        await self._driver.execute("COMMIT")
        return found

    async def text(self, begin: str, statement: str, given: Sequence[Any]) -> Any:
        """The same of a statement that gives one text: the text alone, in one round trip, where all can be spelled."""
        known = self._known.get(statement)
        asked = None if known is None else known.asked(given)
        if asked is None:
            return await self.record(begin, statement, given)
        self._known.move_to_end(statement)
        try:
            return await self._exchanged(begin, asked)
        except BaseException:
            # Its plan may be of tables that have changed.
            self._known.pop(statement, None)
            raise

    async def last_rows(self, statement: str, given: Sequence[Any], end: str) -> list[Any]:
        """The rows of the last statement of an open transaction, which has ended by then, with these words.

        Whatever it raises, the connection is to be given up or rolled back: nothing is known to be committed.
        """
        self._end = query(end)
        found: list[Any] = await self._run(statement, lambda prepared: self._ended_with(prepared.fetch(*given)))
        return found

    def data_received(self, data: bytes) -> None:
        """Show the driver its part."""
        if self._exchange is not None:
            rest = self._exchange.take(data)
            if rest is None:
                return
            self._exchange, data = None, rest
        shown = data if self._awaited == NOBODYS else self._of_the_driver(data)
        if shown:
            self._protocol.data_received(shown)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell who waits."""
        if self._exchange is not None:
            self._exchange.give(None, asyncpg.ConnectionDoesNotExistError("the connection was closed in the middle"))
        self._protocol.connection_lost(exc)

    def pause_writing(self) -> None:
        """Tell the driver."""
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        """Tell the driver."""
        self._protocol.resume_writing()

    async def _exchanged(self, begin: str, asked: bytes) -> memoryview | None:
        if self._driver.is_closed():
            raise asyncpg.InterfaceError("the connection is closed")
        answer = asyncio.get_running_loop().create_future()
        began, opened = beginning(begin)
        self._exchange = Exchange(opened, answer)
        self._transport.write(began + asked + COMMIT_AND_SYNC)
        try:
            value: memoryview | None = await answer
        except asyncio.CancelledError:
            if not answer.done():
                await self._stop()
            raise
        finally:
            # It knows what it raised, which knows this frame.
            del answer
        return value

    async def _stop(self) -> None:
        """Have PostgreSQL stop what runs. What it still answers is passed over, and the driver may speak again."""
        stopping = asyncio.ensure_future(self._wish_to_stop())
        while not stopping.done():
            with suppress(asyncio.CancelledError):
                await asyncio.shield(stopping)

    async def _wish_to_stop(self) -> None:
        # The driver takes its own cancellation for one of the whole program, and says nothing of it.
        with suppress(TimeoutError):
            async with asyncio.timeout(STOPPED_WITHIN) as patience:
                await self._driver._cancel(asyncio.get_running_loop().create_future())  # noqa: SLF001
        if patience.expired():
            self._driver.terminate()

    async def _run(self, statement: str, run: Callable[[Any], Awaitable[Any]]) -> Any:
        """Run a prepared statement, which is known from then on; what fails is forgotten."""
        known = self._known.get(statement)
        if known is None:
            known = self._known[statement] = _Known(await self._driver.prepare(statement))
            if len(self._known) > MOST_PREPARED:
                self._known.popitem(last=False)
        self._known.move_to_end(statement)
        try:
            return await run(known.prepared)
        except BaseException:
            # Its plan may be of tables that have changed.
            self._known.pop(statement, None)
            raise

    async def _ended_with(self, running: Coroutine[Any, Any, Any], begin: str | None = None) -> Any:
        """Run the driver's statement, and send the end behind it, and before it what begins."""
        self._awaited, self._ends, self._failed = STATEMENTS if begin is None else BEGINNINGS, False, False
        if begin is not None:
            self._transport.write(query(begin))
        try:
            return await followed(running, self._write_end)
        finally:
            # The driver may have sent nothing, as where it cannot spell a value.
            if not self._ends and begin is None:
                self._awaited = NOBODYS
            elif not self._ends:
                self._driver.terminate()

    def _write_end(self) -> None:
        self._transport.write(self._end)
        self._ends = True

    def _of_the_driver(self, data: bytes) -> bytes:
        """What of this piece of the stream the driver is shown; a message may lie in several pieces."""
        if self._head:
            data, self._head = self._head + data, b""
        at, size, shown = 0, len(data), []
        while self._left or self._awaited != NOBODYS:
            if not self._left:
                if size - at < HEAD.size:
                    self._head = data[at:]
                    break
                kind, length = HEAD.unpack_from(data, at)
                if kind == READY and not self._is_inside(data, at):
                    break
                self._left = 1 + length
                self._shows = self._is_the_drivers(kind)
            length = min(size - at, self._left)
            if self._shows:
                shown.append(data[at : at + length])
            at += length
            self._left -= length
            if at == size:
                break
        else:
            shown.append(data[at:])
        return b"".join(shown)

    def _is_inside(self, data: bytes, at: int) -> bool:
        """Whether the transaction is open where it has to be; kept for later where that is not known yet."""
        if len(data) - at <= HEAD.size:
            self._head = data[at:]
            return False
        if data[at + HEAD.size] == IDLE and self._awaited != ENDS and not self._failed:
            self._transport.abort()
            return False
        return True

    def _is_the_drivers(self, kind: int) -> bool:
        """Whether the driver is shown a message of this kind, that comes now."""
        if kind == READY:
            ended = self._awaited == ENDS
            self._awaited = NOBODYS if ended else self._awaited + 1
            return ended
        if kind in ASIDE:
            return True
        first = not self._failed
        if kind == ERROR:
            self._failed = True
            return first
        return first and self._awaited == STATEMENTS

"""A read in one round trip: what begins its transaction, its statement and what ends it leave together.

The driver waits for the answer to each message before it sends the next one. Here the beginning is written before the
driver's own message and the end behind it, and of what PostgreSQL answers the driver is shown what belongs to its own:
the statement's answer, or the first error, and that the connection is at rest.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from functools import lru_cache
from struct import Struct
from typing import Any

from models.lasting import followed

# PostgreSQL's protocol, version 3: a message is its kind, its length without that, and the rest.
HEAD = Struct("!BI")
ERROR, READY = b"EZ"
# What READY says of a connection that is in no transaction.
IDLE = ord("I")
# Notices, settings and notifications come at any time, and answer nothing.
ASIDE = frozenset(b"NSA")
# What tells more than that all goes its way.
TELLING = ASIDE | {ERROR, READY}
# Whose answer is awaited; each ends with READY.
NOBODYS, BEGINNINGS, STATEMENTS, ENDS = range(4)
# Statements that a connection knows by name. PostgreSQL keeps each with its plan.
MOST_PREPARED = 100


class Pipeline(asyncio.Protocol):
    """Stands between a connection's transport and the driver's protocol, which is shown all but while `record` runs."""

    def __init__(self, driver: Any) -> None:
        """`driver` is a connection of asyncpg's, at rest: it has no words for its protocol and its transport."""
        self._driver = driver
        self._protocol = driver._protocol  # noqa: SLF001
        self._transport = driver._transport  # noqa: SLF001
        self._prepared: OrderedDict[str, Any] = OrderedDict()
        self._awaited = NOBODYS
        self._ends = self._failed = self._shows = False
        self._left = 0
        self._head = b""
        self._ending = COMMIT
        self._opened = opening("BEGIN")[1]
        self._transport.set_protocol(self)

    async def record(self, begin: str, statement: str, given: Sequence[Any]) -> Any:
        """The first row of a statement, or None, in a transaction of its own, which has ended by then.

        Whatever it raises, the connection is to be given up or rolled back. A statement's first time takes the long
        way: the driver prepares it without an end of its own.
        """
        prepared = self._prepared.get(statement)
        if prepared is None:
            return await self._first_record(begin, statement, given)
        self._prepared.move_to_end(statement)
        self._awaited, self._ends, self._failed = BEGINNINGS, False, False
        beginning, self._opened = opening(begin)
        self._ending = COMMIT
        self._transport.write(beginning)
        try:
            return await followed(prepared.fetchrow(*given), self._end)
        except BaseException:
            # Its plan may be of tables that have changed.
            del self._prepared[statement]
            if not self._ends:
                # The driver sent nothing, as where it cannot spell a value: nobody awaits what was begun.
                self._driver.terminate()
            raise

    async def last_rows(self, statement: str, given: Sequence[Any], end: str) -> list[Any]:
        """The rows of the last statement of an open transaction, which has ended by then, with these words.

        Whatever it raises, the connection is to be given up or rolled back: nothing is known to be committed.
        """
        prepared = self._prepared.get(statement)
        if prepared is None:
            prepared = await self._driver.prepare(statement)
            self._keep(statement, prepared)
        self._prepared.move_to_end(statement)
        self._awaited, self._ends, self._failed = STATEMENTS, False, False
        self._ending = message(end)
        try:
            found: list[Any] = await followed(prepared.fetch(*given), self._end)
        except BaseException:
            del self._prepared[statement]
            if not self._ends:
                # The driver sent nothing: what it says next is all its own.
                self._awaited = NOBODYS
            raise
        return found

    def data_received(self, data: bytes) -> None:
        """Show the driver its part."""
        shown = data if self._awaited == NOBODYS else self._of_a_whole(data) or self._of_the_driver(data)
        if shown:
            self._protocol.data_received(shown)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the driver."""
        self._protocol.connection_lost(exc)

    def pause_writing(self) -> None:
        """Tell the driver."""
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        """Tell the driver."""
        self._protocol.resume_writing()

    async def _first_record(self, begin: str, statement: str, given: Sequence[Any]) -> Any:
        await self._driver.execute(begin)
        prepared = await self._driver.prepare(statement)
        found = await prepared.fetchrow(*given)
        await self._driver.execute("COMMIT")
        self._keep(statement, prepared)
        return found

    def _keep(self, statement: str, prepared: Any) -> None:
        self._prepared[statement] = prepared
        if len(self._prepared) > MOST_PREPARED:
            self._prepared.popitem(last=False)

    def _end(self) -> None:
        self._transport.write(self._ending)
        self._ends = True

    def _of_a_whole(self, data: bytes) -> bytes | None:
        """What the driver is shown of an answer that came in one piece and is as it should be: most are."""
        if self._awaited != BEGINNINGS or self._left or self._head:
            return None
        if not (data.startswith(self._opened) and data.endswith(CLOSED)):
            return None
        at = begins = len(self._opened)
        ends = len(data) - len(CLOSED)
        while at < ends:
            kind, length = HEAD.unpack_from(data, at)
            if kind in TELLING:
                return None
            at += 1 + length
        if at != ends:
            return None
        self._awaited = NOBODYS
        return data[begins:ends] + AT_REST

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
        """Whether the transaction is open where it has to be; kept for later where that is not known yet.

        A statement that ran outside it found nothing, since there was no tenant: the driver is to see no such answer.
        """
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


def message(text: str) -> bytes:
    """A simple query."""
    body = text.encode() + b"\0"
    return b"Q" + (len(body) + 4).to_bytes(4) + body


def told(kind: bytes, content: bytes) -> bytes:
    """A message of PostgreSQL's."""
    return kind + (len(content) + 4).to_bytes(4) + content


@lru_cache(maxsize=10_000)
def opening(begin: str) -> tuple[bytes, bytes]:
    """The message that begins a transaction, and what PostgreSQL answers where it does."""
    done = ["BEGIN", *["SET"] * begin.count("SET LOCAL")]
    return message(begin), b"".join(told(b"C", each.encode() + b"\0") for each in done) + told(b"Z", b"T")


COMMIT = message("COMMIT")
AT_REST = told(b"Z", b"I")
# From the statement's end, inside the transaction, to its own.
CLOSED = told(b"Z", b"T") + told(b"C", b"COMMIT\0") + AT_REST

"""The end of one tenant's feed, read once for everybody in this process who follows it."""

import asyncio
import uuid
from collections import deque
from collections.abc import Awaitable, Callable

import structlog

from loaders.window import Row
from models.faults import is_outage

# Events read by one statement.
BATCH = 500
# Events that may wait for one reader; a slower one goes back to reading the table, at its own pace.
MOST_WAITING = 1000
# Seconds between two attempts to read while the database does not answer.
PAUSE = 1.0

Read = Callable[[uuid.UUID, int, int], Awaitable[list[Row]]]
log = structlog.get_logger("tenantry.feed")


class Follower:
    """One reader's queue: bounded, in the feed's order, without gaps until it ends."""

    def __init__(self, most_waiting: int) -> None:
        self._most_waiting = most_waiting
        self._waiting: deque[Row] = deque()
        self._news = asyncio.Event()
        self._full = False

    def offer(self, rows: list[Row]) -> None:
        """Add events; a queue that they do not fit into takes no more, and ends when it is read."""
        if self._full or len(self._waiting) + len(rows) > self._most_waiting:
            self._full = True
        else:
            self._waiting.extend(rows)
        self._news.set()

    async def next(self) -> Row | None:
        """The next event, as soon as there is one; None where the reader was too slow and later ones are lost here."""
        while not self._waiting:
            if self._full:
                return None
            self._news.clear()
            await self._news.wait()
        return self._waiting.popleft()


class Tail:
    """Reads what comes after `position` whenever it is woken, and now and then unasked."""

    def __init__(self, tenant_id: uuid.UUID, position: int, read: Read, look_every: float, most_waiting: int) -> None:
        """`position` is the last event that nobody here needs any more; `look_every` in seconds."""
        self.position = position
        self._tenant_id = tenant_id
        self._read = read
        self._look_every = look_every
        self._most_waiting = most_waiting
        self._followers: set[Follower] = set()
        self._news = asyncio.Event()
        self._reading = asyncio.create_task(self._run())

    def join(self) -> Follower:
        """A queue that gets every event after `position`."""
        follower = Follower(self._most_waiting)
        self._followers.add(follower)
        return follower

    def leave(self, follower: Follower) -> bool:
        """Let a queue go; whether it was the last one, with which the reading ends."""
        self._followers.discard(follower)
        if self._followers:
            return False
        self._reading.cancel()
        return True

    def wake(self) -> None:
        """There may be more."""
        self._news.set()

    async def _run(self) -> None:
        while True:
            self._news.clear()
            if await self._look() < BATCH:
                try:
                    async with asyncio.timeout(self._look_every):
                        await self._news.wait()
                except TimeoutError:
                    continue

    async def _look(self) -> int:
        try:
            rows = await self._read(self._tenant_id, self.position, BATCH)
        except Exception as error:
            if not is_outage(error):
                # A reader that died would leave its followers waiting for ever.
                log.exception("feed not read", tenant_id=str(self._tenant_id))
            await asyncio.sleep(PAUSE)
            return BATCH
        if rows:
            self.position = rows[-1]["number"]
            for follower in self._followers:
                follower.offer(rows)
        return len(rows)

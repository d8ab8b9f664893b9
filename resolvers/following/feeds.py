"""The reading end of the feeds: one for each process, shared by all who follow."""

import asyncio
import uuid
from collections.abc import AsyncGenerator
from functools import partial
from time import monotonic

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from auth.codes import Code, Refusal
from loaders.window import Row
from models.database import Database
from resolvers.following.feed import EVENTS, Feed
from resolvers.following.tail import BATCH, MOST_WAITING, Follower, Tail
from resolvers.ports import Wakes

# Seconds after which a feed is looked at although nobody said that there is more: a wake-up can be lost.
LOOK_EVERY = 5.0
# Seconds in which a reader that fell behind must have caught up.
PATIENCE = 300.0
# Seconds between two attempts to listen.
PAUSE = 1.0
log = structlog.get_logger("tenantry.feed")


class Feeds:
    """Follows the feeds of any tenant. `run` has to be running, or events are told some seconds late."""

    def __init__(
        self,
        database: Database,
        wakes: Wakes,
        *,
        look_every: float = LOOK_EVERY,
        most_waiting: int = MOST_WAITING,
        patience: float = PATIENCE,
    ) -> None:
        """`most_waiting` events may wait for one reader; one that stays behind for `patience` seconds is sent away."""
        self._database = database
        self._wakes = wakes
        self._look_every = look_every
        self._most_waiting = most_waiting
        self._patience = patience
        self._tails: dict[tuple[Feed, uuid.UUID], Tail] = {}

    async def run(self) -> None:
        """Listen for wake-ups, whatever breaks, until cancelled."""
        try:
            while True:
                try:
                    await self._wakes.listen(self._wake)
                except Exception as error:  # noqa: BLE001  (whatever broke, the feeds are looked at now and then)
                    log.warning("wake-ups unavailable: feeds are looked at instead", error=repr(error))
                await asyncio.sleep(PAUSE)
        finally:
            await self._wakes.close()

    async def announce(self, connection: AsyncConnection, tenant_id: uuid.UUID) -> None:
        """Wake, once the transaction is committed, whoever follows one of the tenant's feeds."""
        await self._wakes.announce(connection, tenant_id)

    async def head(self, tenant_id: uuid.UUID, feed: Feed = EVENTS) -> int:
        """The number of the feed's last event, 0 where there is none."""
        async with self._database.read(tenant_id) as connection:
            return (await connection.scalar(feed.head(tenant_id))) or 0

    async def after(self, tenant_id: uuid.UUID, position: int, feed: Feed = EVENTS) -> AsyncGenerator[Row]:
        """Every event after this number, for ever: from the table, and at its end as they come.

        Raises:
            Refusal: SLOW_READER, where whoever reads fell behind and did not catch up within minutes.
        """
        behind_since: float | None = None
        while True:
            rows = await self._read(feed, tenant_id, position, BATCH)
            for row in rows:
                yield row
                position = row["number"]
            if behind_since is not None and monotonic() - behind_since > self._patience:
                told = f"Read on from event {position} ({feed.since}): you are too far behind."
                raise Refusal(Code.SLOW_READER, told)
            if len(rows) == BATCH:
                continue
            tail = self._tail(feed, tenant_id, position)
            if tail.position > position:
                continue
            follower = tail.join()
            try:
                while (event := await follower.next()) is not None:
                    if event["number"] > position:
                        yield event
                        position = event["number"]
            finally:
                self._leave((feed, tenant_id), tail, follower)
            behind_since = monotonic()

    def _tail(self, feed: Feed, tenant_id: uuid.UUID, position: int) -> Tail:
        tail = self._tails.get((feed, tenant_id))
        if tail is None:
            read = partial(self._read, feed)
            tail = Tail(tenant_id, position, read, self._look_every, self._most_waiting)
            self._tails[feed, tenant_id] = tail
        return tail

    def _leave(self, of: tuple[Feed, uuid.UUID], tail: Tail, follower: Follower) -> None:
        if tail.leave(follower) and self._tails.get(of) is tail:
            del self._tails[of]

    def _wake(self, tenant_id: uuid.UUID | None) -> None:
        for (_, its_tenant), tail in self._tails.items():
            if tenant_id in (None, its_tenant):
                tail.wake()

    async def _read(self, feed: Feed, tenant_id: uuid.UUID, after: int, limit: int) -> list[Row]:
        async with self._database.read(tenant_id) as connection:
            rows = await connection.execute(feed.after(tenant_id, after, limit))
            return [dict(row) for row in rows.mappings()]

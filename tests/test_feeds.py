"""The reading end of the feeds: no event is skipped, repeated or lost, however readers, writers and wake-ups behave."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from auth.codes import Code, Refusal
from models.database import Database
from resolvers.following.feed import Feed
from resolvers.following.feeds import Feeds
from resolvers.following.postgres import PostgresWakes
from resolvers.following.tail import BATCH
from resolvers.ports import Woken
from tenantry.databases import Databases
from tests.clock import HeldClock
from tests.estate import Estate
from tests.following import write_events
from tests.interrupt import until
from tests.postgres import Urls
from tests.sql import statements

PATIENCE = 10
LISTENERS = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"
)
Write = Callable[[int], Any]


class Deaf:
    """Implements `Wakes`; nothing that is announced is ever heard."""

    async def announce(self, connection: AsyncConnection, tenant_id: uuid.UUID) -> None:
        """Into the wind."""

    async def listen(self, woken: Woken) -> None:
        """Hear nothing."""
        await asyncio.Event().wait()

    async def close(self) -> None:
        """Hold nothing."""


@asynccontextmanager
async def running(feeds: Feeds) -> AsyncIterator[Feeds]:
    """Feeds as a server runs them."""
    task = asyncio.create_task(feeds.run())
    try:
        yield feeds
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def feeds(databases: Databases) -> AsyncIterator[Feeds]:
    """Feeds that are looked at only when they are woken."""
    async with running(Feeds(databases.app, PostgresWakes(databases.app), look_every=1000)) as made:
        yield made


@pytest.fixture
def write(databases: Databases, acme: Estate, clock: HeldClock) -> Write:
    """Writes events of acme's, in one transaction."""
    return lambda count: write_events(databases, acme, clock, count)


async def read(feeds: Feeds, estate: Estate, since: int, count: int) -> list[int]:
    """The numbers of the next events."""
    found: list[int] = []
    async with asyncio.timeout(PATIENCE), aclosing(feeds.after(estate.tenant.id, since)) as events:
        async for event in events:
            found.append(event["number"])
            if len(found) == count:
                break
    return found


async def test_readers_and_writers_at_once_miss_and_repeat_nothing(feeds: Feeds, acme: Estate, write: Write) -> None:
    """Eight writers and six readers that begin at different events: each reads every later one, in order."""
    await write(20)
    readers = [asyncio.create_task(read(feeds, acme, since, 178 - since)) for since in (0, 1, 7, 15, 19, 20)]
    await asyncio.gather(*(write(each % 5 + 8) for each in range(16)))
    assert await asyncio.gather(*readers) == [list(range(since + 1, 179)) for since in (0, 1, 7, 15, 19, 20)]


async def test_more_events_than_one_statement_reads_come_in_order(feeds: Feeds, acme: Estate, write: Write) -> None:
    """A long replay is read in batches."""
    await write(2 * BATCH + 3)
    assert await read(feeds, acme, 0, 2 * BATCH + 3) == list(range(1, 2 * BATCH + 4))


async def test_the_end_of_a_feed_is_read_once_for_all_who_follow_it(feeds: Feeds, acme: Estate, write: Write) -> None:
    """Ten readers of one tenant cost as many statements as one."""
    readers = [asyncio.create_task(read(feeds, acme, 0, 1)) for _ in range(10)]
    await until(lambda: followed(feeds, by=10))
    with statements() as sent:
        await write(1)
        assert await asyncio.gather(*readers) == [[1]] * 10
    assert len([each for each in sent if "FROM event" in each]) <= 2


async def test_every_process_is_woken(databases: Databases, feeds: Feeds, acme: Estate, write: Write) -> None:
    """Each listens for itself."""
    async with running(Feeds(databases.app, PostgresWakes(databases.app), look_every=1000)) as other:
        readers = [asyncio.create_task(read(each, acme, 0, 2)) for each in (feeds, other)]
        await write(1)
        await write(1)
        assert await asyncio.gather(*readers) == [[1, 2], [1, 2]]


async def test_a_wake_up_that_is_lost_costs_only_time(databases: Databases, acme: Estate, write: Write) -> None:
    """Feeds are looked at now and then, whether or not anybody says that there is more."""
    async with running(Feeds(databases.app, Deaf(), look_every=0.02)) as deaf:
        reader = asyncio.create_task(read(deaf, acme, 0, 3))
        await asyncio.sleep(0)
        await write(3)
        assert await reader == [1, 2, 3]


async def test_listening_is_begun_anew_when_it_breaks(feeds: Feeds, urls: Urls, acme: Estate, write: Write) -> None:
    """The connection that listens is killed; what happens meanwhile and afterwards is told."""
    owner = Database(urls.superuser)
    reader = asyncio.create_task(read(feeds, acme, 0, 2))
    await write(1)

    async def killed() -> bool:
        async with owner.write(None) as connection:
            return bool((await connection.execute(LISTENERS)).all())

    await until(killed)
    await write(1)
    assert await reader == [1, 2]
    await owner.close()


async def test_a_reader_that_fell_behind_reads_on_where_it_was(
    databases: Databases, acme: Estate, write: Write
) -> None:
    """Its queue is bounded; what did not fit is read from the table."""
    async with (
        running(Feeds(databases.app, PostgresWakes(databases.app), most_waiting=3)) as small,
        aclosing(small.after(acme.tenant.id, 0)) as events,
    ):
        await write(1)
        assert (await anext(events))["number"] == 1
        waiting = asyncio.create_task(anext(events, None))
        await asyncio.sleep(0)
        await write(1)
        second = await waiting
        assert second is not None
        for _ in range(5):
            await write(2)
        await settled(small)
        assert [second["number"], *[(await anext(events))["number"] for _ in range(10)]] == list(range(2, 13))


async def test_a_reader_that_stays_behind_is_sent_away(databases: Databases, acme: Estate, write: Write) -> None:
    """With the number from which to read on."""
    async with (
        running(Feeds(databases.app, PostgresWakes(databases.app), most_waiting=1, patience=0)) as strict,
        aclosing(strict.after(acme.tenant.id, 0)) as events,
    ):
        waiting = asyncio.create_task(anext(events, None))
        await asyncio.sleep(0)
        await write(1)
        await waiting
        await write(2)
        await settled(strict)
        assert [(await anext(events))["number"] for _ in range(2)] == [2, 3]
        with pytest.raises(Refusal, match="Read on from event 3") as refused:
            await anext(events)
    assert refused.value.code is Code.SLOW_READER


async def test_a_database_that_goes_away_does_not_end_a_follower(
    databases: Databases, acme: Estate, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading is tried again until it works."""
    monkeypatch.setattr("resolvers.following.tail.PAUSE", 0.01)
    feeds = Feeds(databases.app, Deaf(), look_every=0.01)
    failures: Iterator[None] = iter([None] * 3)
    went, real = asyncio.Event(), feeds._read

    async def failing(feed: Feed, tenant_id: uuid.UUID, after: int, limit: int) -> list[Any]:
        if feeds._tails and next(failures, 1) is None:
            went.set()
            raise ConnectionResetError
        return await real(feed, tenant_id, after, limit)

    monkeypatch.setattr(feeds, "_read", failing)
    reader = asyncio.create_task(read(feeds, acme, 0, 1))
    await went.wait()
    await write(1)
    assert await reader == [1]
    assert next(failures, 1) == 1


async def settled(feeds: Feeds) -> None:
    """Wait until the one tail has read everything."""
    (tail,) = feeds._tails.values()

    async def read_all() -> bool:
        return await feeds.head(tail._tenant_id) == tail.position

    await until(read_all)


async def followed(feeds: Feeds, by: int) -> bool:
    """Whether so many follow."""
    return sum(len(tail._followers) for tail in feeds._tails.values()) == by

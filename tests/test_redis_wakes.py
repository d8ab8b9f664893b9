"""Wake-ups by Redis: at once while it answers, and no change is held up or lost while it does not."""

import asyncio
import uuid
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from integrations.redis_wakes import RedisWakes
from models.clock import Clock
from models.database import Database
from resolvers.following.feeds import Feeds
from tenantry.databases import Databases
from tests.estate import Estate
from tests.following import write_events
from tests.redis_server import redis_server
from tests.test_feeds import read, running

NOBODY = "redis://127.0.0.1:1/0"


@pytest.fixture(scope="module")
async def url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """A Redis that answers."""
    async with redis_server(tmp_path_factory.mktemp("redis")) as address:
        yield address


@pytest.fixture
async def wakes(url: str) -> AsyncIterator[RedisWakes]:
    """Wake-ups by it."""
    made = RedisWakes(url)
    yield made
    await made.close()


async def announce(wakes: RedisWakes, database: Database, tenant_id: uuid.UUID, *, fail: bool = False) -> None:
    """A transaction that says that there is more, and commits, unless it is to fail after that."""
    async with database.write(tenant_id) as connection:
        await wakes.announce(connection, tenant_id)
        if fail:
            raise ZeroDivisionError


async def test_a_committed_change_wakes_who_listens(
    wakes: RedisWakes, databases: Databases, acme: Estate, globex: Estate
) -> None:
    """With the tenant whose feed has more; first of all everybody looks."""
    heard: asyncio.Queue[uuid.UUID | None] = asyncio.Queue()
    listening = asyncio.create_task(wakes.listen(heard.put_nowait))
    async with asyncio.timeout(10):
        assert await heard.get() is None
        await announce(wakes, databases.app, acme.tenant.id)
        assert await heard.get() == acme.tenant.id
        await announce(wakes, databases.app, globex.tenant.id)
        assert await heard.get() == globex.tenant.id
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)


async def test_a_change_that_is_rolled_back_wakes_nobody(
    wakes: RedisWakes, databases: Databases, acme: Estate, globex: Estate
) -> None:
    """The next one that is heard is the next one that was committed."""
    heard: asyncio.Queue[uuid.UUID | None] = asyncio.Queue()
    listening = asyncio.create_task(wakes.listen(heard.put_nowait))
    async with asyncio.timeout(10):
        assert await heard.get() is None
        with pytest.raises(ZeroDivisionError):
            await announce(wakes, databases.app, acme.tenant.id, fail=True)
        await announce(wakes, databases.app, globex.tenant.id)
        assert await heard.get() == globex.tenant.id
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)


async def test_a_redis_that_does_not_answer_holds_nothing_up(databases: Databases, acme: Estate) -> None:
    """The change is committed at once; the lost wake-up is a line in the log."""
    nobody = RedisWakes(NOBODY)
    with capture_logs() as lines:
        async with asyncio.timeout(1):
            await announce(nobody, databases.app, acme.tenant.id)
        await nobody.close()
    assert [line["event"] for line in lines] == ["wake-up lost: Redis does not answer"]


async def test_followers_are_told_although_redis_is_down(databases: Databases, acme: Estate, clock: Clock) -> None:
    """Feeds are looked at now and then."""
    async with running(Feeds(databases.app, RedisWakes(NOBODY), look_every=0.05)) as feeds:
        reader = asyncio.create_task(read(feeds, acme, 0, 1))
        await asyncio.sleep(0)
        await write_events(databases, acme, clock)
        assert await reader == [1]

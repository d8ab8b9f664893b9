"""Connections at rest: handed on as they are, replaced where they died, and never more than there may be."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import TimeoutError as PoolTimeout

from models.database import Database
from models.faults import is_outage
from models.pool import OPEN
from tenantry.databases import Databases
from tests.estate import Estate
from tests.postgres import Urls
from tests.test_database import PID, kill


@pytest.fixture
async def pair(urls: Urls) -> AsyncIterator[Database]:
    """A pool of two connections, whose users are impatient."""
    database = Database(urls.app, pool_size=2)
    database._pool._patience = 0.05
    yield database
    await database.close()


async def test_the_last_one_back_goes_first(pair: Database, acme: Estate) -> None:
    """A quiet server uses one connection; the others may be closed by who watches them."""
    used = set()
    for _ in range(3):
        async with pair.read(acme.tenant.id) as connection:
            used.add((await connection.execute(PID)).scalar_one())
    assert len(used) == 1


async def test_nothing_is_sent_between_two_users(pair: Database, acme: Estate) -> None:
    """What the driver sends is the second one's own transaction: no question whether the connection lives."""
    sent: list[str] = []
    async with pair._pool.begun("SELECT 1") as taken:
        taken.driver.add_query_logger(lambda record: sent.append(record.query.partition(" ")[0]))
        del taken.info[OPEN]
    async with pair.read(acme.tenant.id) as connection:
        assert (await connection.execute(PID)).scalar_one()
    await asyncio.sleep(0)
    assert [word for word in sent if word.isupper()] == ["BEGIN", "COMMIT"]


async def test_all_that_died_at_rest_are_replaced(pair: Database, databases: Databases, acme: Estate) -> None:
    """Nobody notices that the server closed them."""
    async with pair.read(None) as one, pair.read(None) as other:
        pids = [(await each.execute(PID)).scalar_one() for each in (one, other)]
    for pid in pids:
        await kill(databases.app, pid)
    async with pair.read(acme.tenant.id) as one, pair.read(acme.tenant.id) as other:
        assert not {(await each.execute(PID)).scalar_one() for each in (one, other)} & {*pids}


async def test_who_finds_none_is_told_soon(pair: Database, acme: Estate) -> None:
    """As an outage, which may be over in a moment; who is done makes room."""
    async with pair.read(None), pair.read(None):
        with pytest.raises(PoolTimeout) as told:
            async with pair.read(acme.tenant.id):
                pass
    assert is_outage(told.value)
    async with pair.read(acme.tenant.id) as connection:
        assert (await connection.execute(text("SELECT 1"))).scalar_one() == 1


@pytest.mark.parametrize("gone", ["before", "as"])
async def test_the_place_of_who_gave_up_is_the_next_ones(pair: Database, acme: Estate, gone: str) -> None:
    """Nobody's turn is lost with who waited for it, even where it came in that very moment."""
    pair._pool._patience = 5
    got: list[str] = []

    async def reads(name: str) -> None:
        async with pair.read(acme.tenant.id):
            got.append(name)

    async with pair.read(None):
        async with pair.read(None):
            first, second = (asyncio.create_task(reads(name)) for name in ("first", "second"))
            await asyncio.sleep(0)
            assert len(pair._pool._waiting) == 2
            if gone == "before":
                first.cancel()
            else:
                pair._pool._waiting[0].add_done_callback(lambda _turn: first.cancel())
        async with asyncio.timeout(5):
            await second
    assert (first.cancelled(), got, pair.in_use) == (True, ["second"], 0)
    assert not pair._pool._waiting


async def test_who_waits_goes_before_who_comes_later(pair: Database, acme: Estate) -> None:
    """A busy server lets nobody starve."""
    pair._pool._patience = 5
    order: list[int] = []

    async def reads(number: int) -> None:
        async with pair.read(acme.tenant.id):
            order.append(number)

    # One stays taken: of two that run at once, either may be told first that it has begun.
    async with pair.read(None):
        async with pair.read(None):
            waiting = [asyncio.create_task(reads(number)) for number in range(10)]
            await asyncio.sleep(0)
            assert len(pair._pool._waiting) == 10
        await asyncio.gather(*waiting, asyncio.create_task(reads(10)))
    assert order == [*range(11)]

"""One statement in a snapshot of its own: whatever comes between, no connection is left inside a transaction."""

import asyncio
import itertools
from collections.abc import AsyncIterator

import asyncpg
import pytest

from models.database import Database
from models.faults import is_outage, is_timeout
from tenantry.databases import Databases
from tests.estate import Estate
from tests.interrupt import CancelledAt, until
from tests.postgres import Urls
from tests.sql import value_of
from tests.test_database import assert_clean, is_free, is_locked, kill, nobody_in_transaction

PID = "SELECT pg_backend_pid()::text"
DEVICES = "SELECT count(*)::text FROM device"
# Who waits for a lock here.
WAITING = "SELECT pid::text FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
SLOW = "SELECT pg_sleep(60)::text FROM (SELECT pg_advisory_xact_lock($1)) AS held"


@pytest.fixture
async def single(urls: Urls) -> AsyncIterator[Database]:
    """A pool of one connection: whoever comes next gets the one that was just used."""
    database = Database(urls.app, pool_size=1)
    yield database
    await database.close()


@pytest.mark.parametrize("late", [False, True], ids=["waiting", "answered"])
@pytest.mark.parametrize("pool", ["cold", "warm"])
async def test_cancelled_at_any_await_it_leaves_no_tenant_behind(
    urls: Urls, acme: Estate, pool: str, *, late: bool
) -> None:
    """Beginning or asking: wherever a caller is cancelled, the next one finds no transaction and no rows."""
    for suspension in itertools.count(1):
        database = Database(urls.app, pool_size=1)
        try:
            if pool == "warm":
                await assert_clean(database)
            work = CancelledAt(value_of(database, acme.tenant.id, DEVICES, []), suspension, late=late)
            await work
            await assert_clean(database)
            assert await value_of(database, acme.tenant.id, DEVICES, []) == "1"
        finally:
            await database.close()
        if not work.reached:
            break
    assert suspension > 2


async def test_a_connection_killed_in_the_statement_is_an_outage(
    single: Database, databases: Databases, acme: Estate
) -> None:
    """The same request may do well a moment later, and does."""
    asking = asyncio.create_task(value_of(single, acme.tenant.id, f"SELECT pg_sleep(60) || ({PID})", []))
    await until(lambda: _asks(databases.app, "pg_sleep(60) ||"))
    pid = await value_of(databases.app, acme.tenant.id, _ASKING.format("pid::text"), ["%pg_sleep(60) ||%"])
    await kill(databases.app, pid)
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)) as broken:
        await asking
    assert is_outage(broken.value)
    assert await value_of(single, acme.tenant.id, DEVICES, []) == "1"


async def test_a_connection_killed_at_rest_is_not_noticed(single: Database, databases: Databases, acme: Estate) -> None:
    """Nothing was begun on it: another one is as good."""
    pid = await value_of(single, acme.tenant.id, PID, [])
    await kill(databases.app, pid)
    assert await value_of(single, acme.tenant.id, PID, []) != pid


async def test_a_statement_past_its_deadline_is_stopped(urls: Urls, databases: Databases, acme: Estate) -> None:
    """PostgreSQL ends it, what it held is free again, and its connection is clean."""
    impatient = Database(urls.app, pool_size=1, statement_timeout=0.1)
    try:
        with pytest.raises(asyncpg.QueryCanceledError) as stopped:
            await value_of(impatient, acme.tenant.id, SLOW, [1101])
        assert is_timeout(stopped.value)
        assert await is_free(databases.app, 1101)
        await assert_clean(impatient)
    finally:
        await impatient.close()


async def test_a_statement_whose_caller_left_is_stopped(single: Database, databases: Databases, acme: Estate) -> None:
    """A cancelled task's statement is cancelled in PostgreSQL too, long before its own deadline."""
    task = asyncio.create_task(value_of(single, acme.tenant.id, SLOW, [1102]))
    await until(lambda: is_locked(databases.app, 1102))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: is_free(databases.app, 1102))
    await assert_clean(single)


async def test_no_transaction_is_left_open_in_the_server(urls: Urls, databases: Databases, acme: Estate) -> None:
    """PostgreSQL's own list of sessions agrees: whatever was cancelled, none is idle in a transaction."""
    database = Database(urls.app, pool_size=4)
    try:
        for late, suspension in itertools.product((False, True), range(1, 8)):
            await CancelledAt(value_of(database, acme.tenant.id, DEVICES, []), suspension, late=late)
        assert await value_of(database, acme.tenant.id, DEVICES, []) == "1"
        await until(lambda: nobody_in_transaction(databases.app))
        assert database.in_use == 0
    finally:
        await database.close()


_ASKING = "SELECT {} FROM pg_stat_activity WHERE query LIKE $1 AND pid <> pg_backend_pid() AND state = 'active'"


async def _asks(watcher: Database, words: str) -> bool:
    """Whether a session runs a statement with these words."""
    async with watcher.read(None) as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        return bool(await driver.fetchval(_ASKING.format("count(*)"), f"%{words}%"))

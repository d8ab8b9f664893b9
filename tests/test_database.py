"""The one way to open a transaction: one tenant, one end, and nothing left behind for the connection's next user."""

import asyncio
import itertools
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any

import asyncpg
import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import DBAPIError, PendingRollbackError
from sqlalchemy.ext.asyncio import AsyncConnection

from models import Device, Organization
from models.database import Database, notify
from models.faults import is_outage, is_timeout
from tenantry.databases import Databases
from tests.clock import HeldClock
from tests.estate import Estate
from tests.interrupt import CancelledAt, until
from tests.postgres import Urls

PID = text("SELECT pg_backend_pid()")
# Holds an advisory lock while it runs, so that another session can tell that it has ended.
SLOW = text("SELECT pg_advisory_xact_lock(:key), pg_sleep(60)")


@pytest.fixture
async def single(urls: Urls) -> AsyncIterator[Database]:
    """A pool of one connection: whoever comes next gets the one that was just used."""
    database = Database(urls.app, pool_size=1)
    yield database
    await database.close()


async def test_what_is_notified_is_heard_if_it_is_committed(single: Database, acme: Estate, globex: Estate) -> None:
    """In the message that commits, and never where a transaction rolls back, even on the same connection."""
    heard: asyncio.Queue[str] = asyncio.Queue()
    began = asyncio.Event()
    listening = asyncio.create_task(single.listen("a_channel", began.set, heard.put_nowait))
    await began.wait()
    with pytest.raises(ZeroDivisionError):
        await notify_and(single, acme, fail)
    await notify_and(single, globex, succeed)
    assert await heard.get() == str(globex.tenant.id)
    assert heard.empty()
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)


async def test_a_failed_statement_of_the_drivers_is_not_committed_in_silence(single: Database, acme: Estate) -> None:
    """Nor is anybody woken: the message that was to commit is refused."""
    with pytest.raises(asyncpg.InFailedSQLTransactionError):
        await notify_and(single, acme, divide_by_nothing)
    await assert_clean(single)


@pytest.mark.parametrize("kind", ["read", "write"])
async def test_the_tenant_ends_with_its_transaction(single: Database, acme: Estate, kind: str) -> None:
    """The next user of the same connection, who names no tenant, sees no rows."""
    async with getattr(single, kind)(acme.tenant.id) as connection:
        before = (await connection.execute(PID)).scalar_one()
        assert await devices(connection) == 1
    async with single.read(None) as connection:
        assert (await connection.execute(PID)).scalar_one() == before
        assert await devices(connection) == 0


async def test_reading_is_one_snapshot(databases: Databases, clock: HeldClock, acme: Estate) -> None:
    """What is written meanwhile is seen by the next read, not by this one."""
    async with databases.app.read(acme.tenant.id) as reading:
        assert await organizations(reading) == 1
        async with databases.app.write(acme.tenant.id) as writing:
            await writing.execute(insert(Organization), organization(acme, clock))
        assert await organizations(reading) == 1
        assert (await reading.execute(text("SHOW transaction_isolation"))).scalar_one() == "repeatable read"
    async with databases.app.read(acme.tenant.id) as reading:
        assert await organizations(reading) == 2


async def test_reading_cannot_write(databases: Databases, clock: HeldClock, acme: Estate) -> None:
    """A query changes nothing, whatever a resolver tries."""
    with pytest.raises(DBAPIError, match="read-only transaction"):
        async with databases.app.read(acme.tenant.id) as connection:
            await connection.execute(insert(Organization), organization(acme, clock))


async def test_failing_inside_rolls_back(single: Database, clock: HeldClock, acme: Estate) -> None:
    """A block that raises leaves nothing behind, neither rows nor an open transaction."""
    with pytest.raises(ZeroDivisionError):
        await write_and_fail(single, clock, acme)
    await assert_clean(single)
    async with single.read(acme.tenant.id) as connection:
        assert await organizations(connection) == 1


async def test_a_failed_statement_is_not_committed_in_silence(single: Database, clock: HeldClock, acme: Estate) -> None:
    """Whoever swallows a failure is told that nothing was written, as PostgreSQL answers COMMIT with a rollback."""
    with pytest.raises(asyncpg.InFailedSQLTransactionError):
        await swallow_a_failure(single, clock, acme)
    await assert_clean(single)
    async with single.read(acme.tenant.id) as connection:
        assert await organizations(connection) == 1


async def test_a_statement_past_its_deadline_is_stopped(urls: Urls, acme: Estate) -> None:
    """PostgreSQL itself ends it, and what it held is free again."""
    impatient = Database(urls.app, pool_size=1, statement_timeout=0.1)
    try:
        with pytest.raises(DBAPIError) as stopped:
            async with impatient.read(acme.tenant.id) as connection:
                await connection.execute(SLOW, {"key": 1001})
        assert is_timeout(stopped.value)
        assert not is_outage(stopped.value)
        await assert_clean(impatient)
    finally:
        await impatient.close()


async def test_a_statement_whose_caller_left_is_stopped(single: Database, databases: Databases, acme: Estate) -> None:
    """A cancelled task's statement is cancelled in PostgreSQL too, long before its own deadline."""
    key = 1002
    task = asyncio.create_task(run_slowly(single, acme, key))
    await until(lambda: is_locked(databases.app, key))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: is_free(databases.app, key))
    await assert_clean(single)


async def test_a_killed_connection_is_replaced(single: Database, databases: Databases, acme: Estate) -> None:
    """The next caller does not notice that the server closed an idle connection."""
    async with single.read(None) as connection:
        before = (await connection.execute(PID)).scalar_one()
    await kill(databases.app, before)
    async with single.read(acme.tenant.id) as connection:
        assert (await connection.execute(PID)).scalar_one() != before
        assert await devices(connection) == 1


async def test_a_connection_killed_in_use_is_not_replaced_in_silence(
    single: Database, databases: Databases, clock: HeldClock, acme: Estate
) -> None:
    """The rest of a broken transaction never runs outside it, even if its first failure was swallowed."""
    with pytest.raises(PendingRollbackError):
        await write_and_be_killed(single, databases.app, clock, acme)
    async with single.read(acme.tenant.id) as connection:
        assert await organizations(connection) == 1


@pytest.mark.parametrize("late", [False, True], ids=["waiting", "answered"])
@pytest.mark.parametrize("pool", ["cold", "warm"])
@pytest.mark.parametrize("kind", ["read", "write"])
async def test_cancelled_at_any_await_it_leaves_no_tenant_behind(
    urls: Urls, acme: Estate, clock: HeldClock, kind: str, pool: str, *, late: bool
) -> None:
    """Entering, working, leaving: wherever a caller is cancelled, the next one finds no transaction and no rows."""
    for suspension in itertools.count(1):
        database = Database(urls.app, pool_size=1)
        try:
            if pool == "warm":
                await assert_clean(database)
            work = CancelledAt(use(database, kind, acme), suspension, late=late)
            await work
            await assert_clean(database)
        finally:
            await database.close()
        if not work.reached:
            break
    assert suspension > 5


@pytest.mark.parametrize("late", [False, True], ids=["waiting", "answered"])
async def test_cancelled_at_any_await_a_change_is_whole_or_absent(
    single: Database, acme: Estate, clock: HeldClock, *, late: bool
) -> None:
    """Two rows of one transaction are both there or both not."""
    whole = 0
    for suspension in itertools.count(1):
        work = CancelledAt(write_two(single, clock, acme), suspension, late=late)
        await work
        async with single.read(acme.tenant.id) as connection:
            written = await organizations(connection) - 1
        assert written in {whole, whole + 2}
        whole = written
        if not work.reached:
            break
    assert suspension > 5
    assert whole >= 2


async def test_a_cancelled_wait_for_a_connection_loses_none(single: Database, acme: Estate) -> None:
    """Who gives up waiting takes no connection along."""
    async with single.read(acme.tenant.id):
        waiting = CancelledAt(use(single, "read", acme), 1)
        await waiting
        assert waiting.reached
    await assert_clean(single)


async def test_no_transaction_is_left_open_in_the_server(urls: Urls, databases: Databases, acme: Estate) -> None:
    """PostgreSQL's own list of sessions agrees: whatever was cancelled, none is idle in a transaction."""
    database = Database(urls.app, pool_size=4)
    try:
        for late, suspension in itertools.product((False, True), range(1, 12)):
            await CancelledAt(use(database, "write", acme), suspension, late=late)
        await until(lambda: nobody_in_transaction(databases.app))
    finally:
        await database.close()


async def use(database: Database, kind: str, estate: Estate) -> None:
    """A short transaction with two statements."""
    async with getattr(database, kind)(estate.tenant.id) as connection:
        assert await devices(connection) == 1
        assert await organizations(connection) >= 1


async def write_two(database: Database, clock: HeldClock, estate: Estate) -> None:
    """Two rows in one transaction."""
    async with database.write(estate.tenant.id) as connection:
        for _ in range(2):
            await connection.execute(insert(Organization), organization(estate, clock))


async def run_slowly(database: Database, estate: Estate, key: int) -> None:
    """A statement that nobody waits for to end."""
    async with database.read(estate.tenant.id) as connection:
        await connection.execute(SLOW, {"key": key})


Action = Callable[[AsyncConnection], Awaitable[None]]


async def notify_and(database: Database, estate: Estate, action: Action) -> None:
    """Notify in a transaction, and do something else before its end."""
    async with database.write(estate.tenant.id) as connection:
        notify(connection, "a_channel", estate.tenant.id)
        await action(connection)


async def succeed(_connection: AsyncConnection) -> None:
    """Nothing goes wrong."""


async def fail(_connection: AsyncConnection) -> None:
    """Something goes wrong that PostgreSQL does not know of."""
    raise ZeroDivisionError


async def divide_by_nothing(connection: AsyncConnection) -> None:
    """A statement of the driver's that fails, and nobody hears of it."""
    with suppress(asyncpg.PostgresError):
        await Database.fetch(connection, "SELECT 1 / $1::int", [0])


async def write_and_fail(database: Database, clock: HeldClock, estate: Estate) -> None:
    """A row, then a fault of ours."""
    async with database.write(estate.tenant.id) as connection:
        await connection.execute(insert(Organization), organization(estate, clock))
        raise ZeroDivisionError


async def swallow_a_failure(database: Database, clock: HeldClock, estate: Estate) -> None:
    """Go on after a failed statement as if nothing had been."""
    async with database.write(estate.tenant.id) as connection:
        await connection.execute(insert(Organization), organization(estate, clock))
        with pytest.raises(DBAPIError):
            await connection.execute(text("SELECT 1 / 0"))


async def write_and_be_killed(database: Database, killer: Database, clock: HeldClock, estate: Estate) -> None:
    """Lose the connection between two statements, and try a third."""
    async with database.write(estate.tenant.id) as connection:
        await connection.execute(insert(Organization), organization(estate, clock))
        await kill(killer, (await connection.execute(PID)).scalar_one())
        with pytest.raises(DBAPIError) as broken:
            await connection.execute(PID)
        assert is_outage(broken.value)
        await connection.execute(insert(Organization), organization(estate, clock))


async def assert_clean(database: Database) -> None:
    """Assert that the pool's connection, taken as it is, is in no transaction and shows no rows."""
    async with database._pool.begun("SELECT 1") as taken:
        assert not taken.driver.is_in_transaction()
        assert await devices(taken.connection) == 0


def organization(estate: Estate, clock: HeldClock) -> dict[str, Any]:
    """A new row for an estate."""
    row_id: uuid.UUID = clock.new_id()
    times = {"created_at": clock.now(), "updated_at": clock.now()}
    return {"tenant_id": estate.tenant.id, "id": row_id, "key": str(row_id), "name": "East", "path": [row_id], **times}


async def devices(connection: AsyncConnection) -> int:
    """How many devices can be seen."""
    return (await connection.execute(select(func.count(Device.id)))).scalar_one()


async def organizations(connection: AsyncConnection) -> int:
    """How many organizations can be seen."""
    return (await connection.execute(select(func.count(Organization.id)))).scalar_one()


async def is_free(watcher: Database, key: int) -> bool:
    """Whether no session holds the advisory lock."""
    return await holds(watcher, "SELECT pg_try_advisory_xact_lock(:key)", key=key)


async def is_locked(watcher: Database, key: int) -> bool:
    """Whether a session holds the advisory lock."""
    return not await is_free(watcher, key)


async def nobody_in_transaction(watcher: Database) -> bool:
    """Whether no other session of the watcher's role, whose details it may see, has a transaction open here."""
    others = "datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()"
    return await holds(
        watcher,
        f"SELECT count(*) > 0 AND count(xact_start) = 0 FROM pg_stat_activity WHERE {others}",  # noqa: S608 (a constant)
    )


async def holds(watcher: Database, question: str, **values: Any) -> bool:
    """PostgreSQL's answer to a question, yes or no."""
    async with watcher.read(None) as connection:
        return bool((await connection.execute(text(question), values)).scalar_one())


async def kill(killer: Database, pid: int | str | None) -> None:
    """End another session, and wait until it has ended."""
    assert await holds(killer, "SELECT pg_terminate_backend(:pid, 5000)", pid=int(pid or 0))

"""A change's last statement, with which its end is sent: all of it is there afterwards, or nothing."""

import itertools
import uuid
from collections.abc import AsyncIterator
from contextlib import nullcontext, suppress
from typing import Any

import asyncpg
import pytest

from models.database import Database, on_commit
from models.ids import decode
from tenantry.databases import Databases
from tests.estate import Estate
from tests.interrupt import CancelledAt, until
from tests.postgres import Urls
from tests.sql import value_of
from tests.test_database import assert_clean, nobody_in_transaction
from tests.test_pipeline import listening

RENAME = "UPDATE location SET name = $1 WHERE id = $2 RETURNING name"
CITY = "UPDATE location SET city = $1 WHERE id = $2"
NAME = "SELECT name || ' in ' || coalesce(city, '?') FROM location WHERE id = $1"


@pytest.fixture
async def single(urls: Urls) -> AsyncIterator[Database]:
    """A pool of one connection."""
    database = Database(urls.app, pool_size=1)
    yield database
    await database.close()


def location(estate: Estate) -> uuid.UUID:
    """The estate's one location."""
    named = decode(estate.ids["Location"])
    assert named is not None
    return named[1]


async def renamed(database: Database, estate: Estate, name: Any, *, city: str = "Oslo") -> list[Any]:
    """Two statements, of which the second is the last."""
    where = location(estate)
    async with database.write(estate.tenant.id) as connection:
        await Database.fetch(connection, CITY, [city, where])
        return [row["name"] for row in await Database.last(connection, RENAME, [name, where])]


async def found(databases: Databases, estate: Estate) -> Any:
    """What anybody else finds."""
    return await value_of(databases.app, estate.tenant.id, NAME, [location(estate)])


@pytest.mark.parametrize("named", [True, False], ids=["named", "unnamed"])
async def test_what_came_before_is_committed_with_it(
    urls: Urls, databases: Databases, acme: Estate, *, named: bool
) -> None:
    """Whether the connection knows the statement or not, and without names for statements too."""
    database = Database(urls.app, pool_size=1, prepared_statements=named)
    try:
        for turn in range(3):
            assert await renamed(database, acme, f"Name {turn}", city=f"City {turn}") == [f"Name {turn}"]
            assert await found(databases, acme) == f"Name {turn} in City {turn}"
            await assert_clean(database)
    finally:
        await database.close()


async def test_the_end_leaves_with_the_statement(single: Database, acme: Estate) -> None:
    """No answer is waited for between them: the tenant's other writers wait for less."""
    await renamed(single, acme, "Once")
    with listening(single) as heard:
        async with single.write(acme.tenant.id) as connection:
            heard.told.clear()
            await Database.last(connection, RENAME, ["Twice", location(acme)])
            heard.told.append("told")
    assert heard.told[0] == "Q"
    assert heard.told[-1] == "told"
    assert set(heard.told[1:-1]) == {"answered"}


async def test_what_is_to_follow_the_commit_follows_it(single: Database, databases: Databases, acme: Estate) -> None:
    """And does not where the statement fails, even if nobody minds that it did."""
    followed: list[Any] = []

    async def rename(name: Any) -> None:
        async with single.write(acme.tenant.id) as connection:
            on_commit(connection, lambda: followed.append(name))
            with suppress(asyncpg.NotNullViolationError, asyncpg.DataError):
                await Database.last(connection, RENAME, [name, location(acme)])

    await rename("first")
    for name in (None, 7):
        with pytest.raises(asyncpg.InFailedSQLTransactionError):
            await rename(name)
        await assert_clean(single)
    assert followed == ["first"]
    assert (await found(databases, acme)).startswith("first in ")


@pytest.mark.parametrize(
    ("name", "error"), [(None, asyncpg.NotNullViolationError), (7, asyncpg.DataError)], ids=["refused", "unspeakable"]
)
async def test_where_it_fails_nothing_is_written(
    single: Database, databases: Databases, acme: Estate, name: Any, error: type[Exception]
) -> None:
    """By PostgreSQL, or by the driver that sends nothing; the connection serves who comes next."""
    await renamed(single, acme, "Before", city="Bergen")
    for _ in range(2):
        with pytest.raises(error):
            await renamed(single, acme, name)
        await assert_clean(single)
        assert await found(databases, acme) == "Before in Bergen"
    assert await renamed(single, acme, "After") == ["After"]


async def test_where_the_commit_fails_nothing_is_written(single: Database, urls: Urls, acme: Estate) -> None:
    """Some constraints are checked at the end alone: what they say reaches whoever ran the statement."""
    owner = Database(urls.owner, pool_size=1)
    statement = "INSERT INTO later VALUES ($1, $2)"
    try:
        async with owner.write(None) as connection:
            await connection.exec_driver_sql(
                "CREATE TABLE later (id int PRIMARY KEY, other int REFERENCES later DEFERRABLE INITIALLY DEFERRED)"
            )
            await connection.exec_driver_sql("GRANT SELECT, INSERT ON later TO PUBLIC")
        for number, other, wrong in [(1, 1, False), (2, 3, True), (4, 1, False), (5, 6, True)]:
            with pytest.raises(asyncpg.ForeignKeyViolationError) if wrong else nullcontext():
                async with single.write(acme.tenant.id) as connection:
                    await Database.last(connection, statement, [number, other])
            await assert_clean(single)
        assert (
            await value_of(single, acme.tenant.id, "SELECT string_agg(id::text, ',' ORDER BY id) FROM later") == "1,4"
        )
    finally:
        async with owner.write(None) as connection:
            await connection.exec_driver_sql("DROP TABLE later")
        await owner.close()


@pytest.mark.parametrize("late", [False, True], ids=["waiting", "answered"])
async def test_cancelled_at_any_await_it_is_whole_or_not_there(
    single: Database, databases: Databases, acme: Estate, *, late: bool
) -> None:
    """The next user finds no transaction, and both statements' work or neither's."""
    before = await found(databases, acme)
    for suspension in itertools.count(1):
        name = f"Name {suspension}"
        work = CancelledAt(renamed(single, acme, name, city=name), suspension, late=late)
        await work
        await assert_clean(single)
        await until(lambda: nobody_in_transaction(databases.app))
        now = await found(databases, acme)
        assert now in {before, f"{name} in {name}"}
        before = now
        if not work.reached:
            break
    assert suspension > 2
    assert before == f"{name} in {name}"

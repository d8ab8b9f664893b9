"""Months: made ahead, made late, dropped when they are old; no record is refused and every chain goes on."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import astuple
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Table, delete, func, make_url, select, text
from sqlalchemy.exc import DBAPIError

from models.database import Database
from models.database_role import grants_sql
from models.migrate import migrate
from models.partitions import PARTITIONED, Month, drop_months, make_months, months_of
from resolvers.auditing import append_apart
from resolvers.auditing.checking import check_on
from resolvers.auditing.checkpoint import CheckpointKind
from resolvers.auditing.checkpoints import Notary, gather
from resolvers.auditing.retention import DoesNotVerify, Keeper, retain
from tenantry.databases import Databases
from tests.auditing import RECORDS, VALUES, Office, make_chain, numbers, record, rows_of, tampering
from tests.clock import HeldClock
from tests.estate import Estate, make_estate
from tests.postgres import Urls, create_database, run_as_superuser

MARCH, APRIL, MAY, JUNE = (Month(2026, month) for month in (3, 4, 5, 6))


@pytest.fixture(scope="module")
async def template(superuser_url: str) -> AsyncIterator[Urls]:
    """A migrated database to copy."""
    name = f"tenantry_months_{uuid.uuid4().hex[:12]}"
    made = await create_database(superuser_url, name)
    await migrate(made.owner)
    yield made
    await run_as_superuser(superuser_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def own(superuser_url: str, template: Urls) -> AsyncIterator[Urls]:
    """A database of this test's own: months belong to all tenants."""
    name = f"tenantry_months_{uuid.uuid4().hex[:12]}"
    copied = make_url(template.superuser).database
    await run_as_superuser(superuser_url, f"CREATE DATABASE {name} TEMPLATE {copied}")
    at = [make_url(url).set(database=name).render_as_string(hide_password=False) for url in astuple(template)]
    await run_as_superuser(at[0], *grants_sql(name))
    yield Urls(*at)
    await run_as_superuser(superuser_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def databases(own: Urls) -> AsyncIterator[Databases]:
    """That database, opened."""
    opened = Databases(Database(own.app, pool_size=4), Database(own.platform, pool_size=1), owner_url=own.owner)
    yield opened
    await opened.close()


@pytest.fixture
async def superuser(own: Urls) -> AsyncIterator[Database]:
    """Whom no policy and no grant holds."""
    opened = Database(own.superuser, pool_size=1)
    yield opened
    await opened.close()


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """Keys and checkpoints of this test's own."""
    return Office(tmp_path)


async def months(superuser: Database, table: Table) -> dict[str, int]:
    """How many rows each partition has, those that have any."""
    async with superuser.read(None) as connection:
        counting = select(func.split_part(text("tableoid::regclass::text"), ".", 2), func.count())
        found = await connection.execute(counting.select_from(table).group_by(text("1")))
        return {name.removeprefix(f"{table.name}_"): count for name, count in found}


async def write_through_the_months(databases: Databases, clock: HeldClock, estate: Estate) -> None:
    """Two records at the end of March and two at the beginning of each month until June."""
    for start in (MARCH, APRIL, MAY, JUNE):
        clock.advance(start.later(1).start - clock.now() - timedelta(milliseconds=1))
        for _ in range(2):
            await append_apart(databases.app, clock, estate.tenant.id, [record()])
            clock.advance(timedelta(milliseconds=1))


async def test_nobody_but_the_owner_makes_months(own: Urls, clock: HeldClock) -> None:
    """The application owns nothing."""
    with pytest.raises(DBAPIError, match="permission denied"):
        await make_months(own.app, clock.now())


async def test_without_a_month_nothing_is_refused(
    databases: Databases, superuser: Database, acme: Estate, clock: HeldClock, office: Office
) -> None:
    """It goes to the default partition, and verifies."""
    await make_chain(databases, clock, acme.tenant.id, 2)
    assert await months(superuser, RECORDS) == {"default": 2}
    assert (await office.check(databases, acme.tenant.id)).ok


async def test_a_chain_goes_on_across_months(
    *, databases: Databases, own: Urls, superuser: Database, acme: Estate, clock: HeldClock, office: Office
) -> None:
    """Each record lies in its month, the first moment of a month in that month."""
    assert (await make_months(own.owner, clock.now())).months == (MARCH, APRIL, MAY, JUNE)
    await write_through_the_months(databases, clock, acme)
    expected = {"2026_03": 1, "2026_04": 2, "2026_05": 2, "2026_06": 2, "default": 1}
    assert await months(superuser, RECORDS) == expected
    assert await months(superuser, VALUES) == {name: 2 * count for name, count in expected.items()}
    assert await numbers(databases, acme.tenant.id) == list(range(1, 9))
    assert (await office.check(databases, acme.tenant.id)).ok


async def test_rows_move_into_a_month_that_is_made_late(
    *, databases: Databases, own: Urls, superuser: Database, acme: Estate, clock: HeldClock, office: Office
) -> None:
    """Months that lie between are made for them too; nothing is lost, and the default partition is empty."""
    await write_through_the_months(databases, clock, acme)
    clock.advance(timedelta(days=200))
    made = await make_months(own.owner, clock.now(), ahead=0)
    assert [str(month) for month in made.months] == ["2026-03", "2026-04", "2026-05", "2026-06", "2026-07", "2027-01"]
    assert made.moved == 8 + 16
    assert "default" not in await months(superuser, RECORDS) | await months(superuser, VALUES)
    assert (await office.check(databases, acme.tenant.id)).records == 8
    async with databases.app.read(None) as connection:
        forced = text(
            "SELECT bool_and(relforcerowsecurity) FROM pg_class WHERE relname LIKE 'audit%' AND relkind = 'r'"
        )
        assert await connection.scalar(forced)


async def test_making_months_again_makes_none(own: Urls, clock: HeldClock) -> None:
    """Two at once neither fail nor make a month twice."""
    made = await asyncio.gather(*(make_months(own.owner, clock.now()) for _ in range(3)))
    assert sorted(len(each.months) for each in made) == [0, 0, 4]
    owner = Database(own.owner, pool_size=1)
    async with owner.read(None) as connection:
        assert [await months_of(connection, table) for table in PARTITIONED] == [{MARCH, APRIL, MAY, JUNE}] * 2
    await owner.close()


async def test_months_count_over_the_years() -> None:
    """In both directions."""
    assert Month(2026, 11).later(3) == Month(2027, 2)
    assert Month(2026, 2).later(-3) == Month(2025, 11)
    assert Month.of(datetime(2026, 12, 31, 23, 59, tzinfo=UTC)).later(1).start == datetime(2027, 1, 1, tzinfo=UTC)


def keeper(databases: Databases, own: Urls, clock: HeldClock, office: Office) -> Keeper:
    """Who drops what is old."""
    return Keeper(databases.app, own.owner, clock, office.notary, office.keys.public())


async def test_retention_drops_months_and_verification_goes_on(
    *,
    databases: Databases,
    own: Urls,
    superuser: Database,
    clock: HeldClock,
    acme: Estate,
    globex: Estate,
    office: Office,
) -> None:
    """The chain begins behind its signed boundary, its values went along; who has nothing old loses nothing."""
    await write_through_the_months(databases, clock, acme)
    await make_chain(databases, clock, globex.tenant.id, 2)
    both = [acme.tenant.id, globex.tenant.id]
    clock.advance(timedelta(days=7))
    dry = await retain(keeper(databases, own, clock, office), both, 2, dry_run=True)
    assert dry.boundaries == {}
    await make_months(own.owner, clock.now())
    dry = await retain(keeper(databases, own, clock, office), both, 2, dry_run=True)
    done = await retain(keeper(databases, own, clock, office), both, 2)
    assert done == dry
    assert (done.months, done.boundaries) == ((MARCH, APRIL), {acme.tenant.id: 3})
    assert set(await months(superuser, RECORDS)) == {"2026_05", "2026_06", "2026_07"}
    verdict = await office.check(databases, acme.tenant.id)
    assert (verdict.ok, verdict.first, verdict.last, verdict.erased) == (True, 4, 8, 0)
    assert (await office.check(databases, globex.tenant.id)).first == 1
    await make_chain(databases, clock, acme.tenant.id, 1)
    assert (await office.check(databases, acme.tenant.id)).last == 9
    assert (await retain(keeper(databases, own, clock, office), both, 2)).months == ()


async def test_a_chain_of_which_all_is_dropped_goes_on(
    databases: Databases, own: Urls, clock: HeldClock, acme: Estate, office: Office
) -> None:
    """From the head that is kept."""
    await write_through_the_months(databases, clock, acme)
    clock.advance(timedelta(days=400))
    await retain(keeper(databases, own, clock, office), [acme.tenant.id], 1)
    assert await numbers(databases, acme.tenant.id) == []
    assert (await office.check(databases, acme.tenant.id)).ok
    await make_chain(databases, clock, acme.tenant.id, 1)
    verdict = await office.check(databases, acme.tenant.id)
    assert (verdict.ok, verdict.first, verdict.last) == (True, 9, 9)


async def test_a_boundary_whose_months_are_still_there_is_no_fault(
    databases: Databases, own: Urls, clock: HeldClock, acme: Estate, office: Office
) -> None:
    """A run that was killed between signing and dropping is run again."""
    await write_through_the_months(databases, clock, acme)
    await make_months(own.owner, clock.now())
    holder = Database(own.app, pool_size=1)
    async with holder.read(acme.tenant.id) as connection:
        await connection.execute(select(RECORDS))  # a reader, behind which dropping gives up
        with pytest.raises(DBAPIError, match="lock timeout"):
            await retain(keeper(databases, own, clock, office), [acme.tenant.id], 2)
    await holder.close()
    kept = await office.lines.kept(acme.tenant.id)
    assert [(each.checkpoint.kind, each.checkpoint.number) for each in kept] == [(CheckpointKind.BOUNDARY, 3)]
    verdict = await office.check(databases, acme.tenant.id)
    assert (verdict.ok, verdict.first) == (True, 1)
    await retain(keeper(databases, own, clock, office), [acme.tenant.id], 2)
    assert (await office.check(databases, acme.tenant.id)).first == 4


async def test_a_dropped_month_that_nobody_signed_for_is_found(
    databases: Databases, own: Urls, clock: HeldClock, acme: Estate, office: Office
) -> None:
    """Whoever may drop a table may not sign for it."""
    await write_through_the_months(databases, clock, acme)
    await make_months(own.owner, clock.now())
    await drop_months(own.owner, MAY)
    fault = (await office.check(databases, acme.tenant.id)).fault
    assert str(fault) == "Record 1: it is missing, and no signed boundary says that it was dropped."


async def test_a_record_that_goes_behind_the_boundary_is_found(
    *, databases: Databases, own: Urls, superuser: Database, clock: HeldClock, acme: Estate, office: Office
) -> None:
    """A boundary lets the chain begin at one place, and at no later one."""
    await write_through_the_months(databases, clock, acme)
    clock.advance(timedelta(days=7))
    await retain(keeper(databases, own, clock, office), [acme.tenant.id], 2)
    evidence = await gather(acme.tenant.id, [office.lines], office.keys.public())
    async with tampering(superuser, acme.tenant.id) as connection:
        for table in (RECORDS, VALUES):
            await connection.execute(delete(table).where(table.c.number == 4))
        fault = (await check_on(connection, acme.tenant.id, evidence)).fault
    assert fault is not None
    assert fault.number == 4


async def test_a_broken_chain_is_not_dropped(
    *, databases: Databases, own: Urls, superuser: Database, clock: HeldClock, acme: Estate, office: Office
) -> None:
    """The proof of what was done to it would go with it."""
    await write_through_the_months(databases, clock, acme)
    async with superuser.write(None) as connection:
        await connection.execute(text("UPDATE audit_record SET actor_name = 'x' WHERE number = 2"))
    with pytest.raises(DoesNotVerify, match="Record 2: its content does not fit its hash"):
        await retain(keeper(databases, own, clock, office), [acme.tenant.id], 2)
    assert len(await rows_of(databases, RECORDS, acme.tenant.id)) == 8


async def test_nothing_is_dropped_that_is_signed_for_nowhere(
    databases: Databases, own: Urls, clock: HeldClock, office: Office
) -> None:
    """It could never be verified again."""
    nowhere = Keeper(databases.app, own.owner, clock, Notary(office.keys, []), office.keys.public())
    with pytest.raises(ValueError, match="kept nowhere"):
        await retain(nowhere, [], 2)


async def test_writers_go_on_while_months_are_made(
    databases: Databases, own: Urls, clock: HeldClock, office: Office
) -> None:
    """Making months blocks nobody for good, and loses nothing of what is written meanwhile."""
    estate = await make_estate(databases, clock, "busy")

    async def write() -> None:
        for _ in range(20):
            await append_apart(databases.app, clock, estate.tenant.id, [record()])

    await asyncio.gather(write(), make_months(own.owner, clock.now()), write(), make_months(own.owner, clock.now()))
    assert (await office.check(databases, estate.tenant.id)).last == 40

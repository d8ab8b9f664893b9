"""A tenant's audit: who may touch it, and that what is appended is one chain, whoever writes and whatever fails."""

import asyncio
from datetime import timedelta
from hashlib import sha256

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Table, delete, func, select, text, update
from sqlalchemy.exc import DBAPIError

from models import AuditAction, AuditHead, AuditOutcome
from models.partitions import PARTITIONED, SCHEMA, make_months
from resolvers.auditing import Actor, Changed, Record, Target, append, append_apart
from resolvers.auditing.canonical import canonical
from resolvers.auditing.chain import is_overtaken
from resolvers.auditing.checking import check
from resolvers.auditing.hashing import GENESIS, HASHED, VERSION, record_hash, spelled
from tenantry.databases import Databases
from tests.auditing import HEADS, RECORDS, SECOND, VALUES, make_chain, numbers, record, rows_of
from tests.clock import START, HeldClock
from tests.estate import Estate
from tests.interrupt import until
from tests.postgres import Urls
from tests.sql import statements
from tests.test_interleaving import is_waiting

FORBIDDEN = "42501"
PARTITIONS = [f"{SCHEMA}.{table}_{part}" for table in PARTITIONED for part in ("default", "2026_03")]
every_table = pytest.mark.parametrize("table", [RECORDS, VALUES, HEADS], ids=str)


@pytest.mark.parametrize(
    "change",
    [
        update(RECORDS).values(actor_name="nobody"),
        delete(RECORDS),
        text("TRUNCATE audit_record"),
        update(VALUES).values(after="0"),
        text("TRUNCATE audit_value"),
        delete(HEADS),
    ],
    ids=str,
)
async def test_the_application_can_rewrite_nothing(
    databases: Databases, acme: Estate, clock: HeldClock, change: object
) -> None:
    """Records are appended and read, values may be erased, the head moves: nothing else."""
    await make_chain(databases, clock, acme.tenant.id, 1)
    with pytest.raises(DBAPIError) as refused:
        async with databases.app.write(acme.tenant.id) as connection:
            await connection.execute(change)  # type: ignore[call-overload]
    assert refused.value.orig.sqlstate == FORBIDDEN  # type: ignore[union-attr]


@every_table
async def test_a_neighbours_audit_is_invisible(
    databases: Databases, acme: Estate, globex: Estate, clock: HeldClock, table: Table
) -> None:
    """Each tenant sees its own."""
    for estate in (acme, globex):
        await make_chain(databases, clock, estate.tenant.id, 2)
    async with databases.app.read(acme.tenant.id) as connection:
        assert set(await connection.scalars(select(table.c.tenant_id))) == {acme.tenant.id}


@every_table
async def test_without_a_tenant_there_is_nothing(
    databases: Databases, acme: Estate, clock: HeldClock, table: Table
) -> None:
    """A transaction that names no tenant sees no record."""
    await make_chain(databases, clock, acme.tenant.id, 1)
    async with databases.app.read(None) as connection:
        assert await connection.scalar(select(func.count()).select_from(table)) == 0


@pytest.mark.parametrize("own", [True, False], ids=["as-a-tenant", "as-nobody"])
@pytest.mark.parametrize("name", PARTITIONS)
async def test_a_partition_cannot_be_named(
    databases: Databases,
    urls: Urls,
    acme: Estate,
    name: str,
    own: bool,  # noqa: FBT001
) -> None:
    """Rows are reached through the parent, whose policies hold, and in no other way."""
    await make_months(urls.owner, START)
    with pytest.raises(DBAPIError) as refused:
        async with databases.app.read(acme.tenant.id if own else None) as connection:
            await connection.execute(text(f"TABLE {name}"))
    assert refused.value.orig.sqlstate == FORBIDDEN  # type: ignore[union-attr]


async def test_row_level_security_is_forced_on_every_partition(databases: Databases, urls: Urls) -> None:
    """And none has a policy, so that nobody but the parent's readers sees a row."""
    await make_months(urls.owner, START)
    there = text(
        "SELECT relname, relrowsecurity AND relforcerowsecurity, "
        "(SELECT count(*) FROM pg_policy WHERE polrelid = c.oid) "
        "FROM pg_class c WHERE relnamespace = to_regnamespace(:schema) AND relkind = 'r'"
    )
    async with databases.app.read(None) as connection:
        found = {name: (forced, many) for name, forced, many in await connection.execute(there, {"schema": SCHEMA})}
    assert {each.removeprefix(f"{SCHEMA}.") for each in PARTITIONS} <= set(found)
    assert set(found.values()) == {(True, 0)}


async def test_each_record_carries_the_hash_of_the_one_before(
    databases: Databases, acme: Estate, clock: HeldClock
) -> None:
    """From zeros on, and the head has the last."""
    await make_chain(databases, clock, acme.tenant.id, 3)
    previous = GENESIS
    for row in await rows_of(databases, RECORDS, acme.tenant.id):
        assert row["prev_hash"] == previous
        previous = row["hash"]
        assert previous == record_hash(row["prev_hash"], row)
    [head] = await rows_of(databases, HEADS, acme.tenant.id)
    assert (head["number"], head["hash"]) == (3, previous)


async def test_many_are_appended_by_as_few_statements_as_one(
    databases: Databases, acme: Estate, clock: HeldClock
) -> None:
    """One: the tenant's other writers wait for nothing that is on its way."""
    await make_chain(databases, clock, acme.tenant.id, 1)
    counts = []
    for count in (1, 100):
        with statements() as sent:
            await append_apart(databases.app, clock, acme.tenant.id, [record()] * count)
        counts.append(len(sent))
    assert counts == [1, 1]
    assert await numbers(databases, acme.tenant.id) == list(range(1, 103))
    assert (await check(databases.app, acme.tenant.id)).ok


async def test_a_rollback_leaves_no_gap(databases: Databases, acme: Estate, clock: HeldClock) -> None:
    """Not for a tenant's first record, and not later."""

    async def fail() -> None:
        async with databases.app.write(acme.tenant.id) as connection:
            await append(connection, acme.tenant.id, clock.now(), [record(), record()])
            raise LookupError

    for _ in range(2):
        with pytest.raises(LookupError):
            await fail()
        await make_chain(databases, clock, acme.tenant.id, 1)
    assert await numbers(databases, acme.tenant.id) == [1, 2]
    assert (await check(databases.app, acme.tenant.id)).ok


async def test_nothing_is_not_recorded(databases: Databases, acme: Estate, clock: HeldClock) -> None:
    """No record is a mistake of the caller's."""
    with pytest.raises(ValueError, match="nothing to record"):
        await append_apart(databases.app, clock, acme.tenant.id, [])


async def test_eight_writers_keep_one_chain(databases: Databases, acme: Estate, clock: HeldClock) -> None:
    """From the very first record on: without gaps, and each of them follows from the one before."""

    async def write(writer: int) -> None:
        for turn in range(10):
            await append_apart(databases.app, clock, acme.tenant.id, [record(f"{writer}-{turn}")] * (turn % 3 + 1))

    await asyncio.gather(*(write(writer) for writer in range(8)))
    verdict = await check(databases.app, acme.tenant.id)
    assert verdict.ok
    assert (verdict.first, verdict.last, verdict.records) == (1, 8 * 19, 8 * 19)


async def test_who_did_not_see_a_chain_begin_writes_nothing(
    databases: Databases, acme: Estate, clock: HeldClock
) -> None:
    """Its statement began before the first record was there: no second one begins, and once more it goes well."""
    second, again = (record(actor=Actor("SERVICE", name)) for name in ("second", "again"))

    async def overtaken() -> None:
        async with databases.app.write(acme.tenant.id) as connection:
            with pytest.raises(asyncpg.NotNullViolationError) as refused:
                await append(connection, acme.tenant.id, clock.now(), [second])
            assert is_overtaken(refused.value)

    async with databases.app.write(acme.tenant.id) as connection:
        await append(connection, acme.tenant.id, clock.now(), [record(actor=Actor("SERVICE", "first"))])
        refused = asyncio.create_task(overtaken())
        waiting = asyncio.create_task(append_apart(databases.app, clock, acme.tenant.id, [again]))
        await until(lambda: is_waiting(databases.app, how_many=2))
    with pytest.raises(asyncpg.InFailedSQLTransactionError):
        await refused
    appended = await waiting
    assert (appended.first, appended.last) == (2, 2)
    kept = await rows_of(databases, RECORDS, acme.tenant.id)
    assert [row["actor_id"] for row in kept] == ["first", "again"]
    assert (await check(databases.app, acme.tenant.id)).ok


@given(texts=st.lists(st.text(max_size=30), min_size=7, max_size=7))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_whatever_a_record_says_the_database_hashes_it_as_whoever_verifies_does(
    databases: Databases, acme: Estate, clock: HeldClock, texts: list[str]
) -> None:
    """Quotes, control characters, and what looks like a record's own time and number."""
    name, id_, field, before, target, request, address = texts
    told = Record(
        Actor("SERVICE", id_, f'{name}","at":"'),
        AuditAction.DEVICE_UPDATED,
        Target("Device", target),
        changed={field: Changed(before, f'"number":0{before}'), "number": Changed(0, 0.5), "at": Changed("", None)},
        request_id=request,
        address=address,
    )
    await append_apart(databases.app, clock, acme.tenant.id, [told, record(), told])
    for row in await rows_of(databases, RECORDS, acme.tenant.id):
        assert row["hash"] == record_hash(row["prev_hash"], row)
    assert (await check(databases.app, acme.tenant.id)).ok


async def test_digests_that_were_tampered_with_are_hashed_as_published(
    databases: Databases, acme: Estate, clock: HeldClock
) -> None:
    """Even where they read like a record's own number: anybody's verifier finds what ours does."""
    await make_chain(databases, clock, acme.tenant.id, 1)
    [row] = await rows_of(databases, RECORDS, acme.tenant.id)
    row["digests"] = {"number": 0, "at": ""}
    content = {"version": VERSION, **{name: spelled(row[name]) for name in HASHED}}
    assert record_hash(GENESIS, row) == sha256(GENESIS + canonical(content).encode()).digest()


async def test_two_tenants_never_wait_for_each_other(
    databases: Databases, acme: Estate, globex: Estate, clock: HeldClock
) -> None:
    """A head that is held keeps its own tenant's writers waiting, and nobody else."""
    for estate in (acme, globex):
        await make_chain(databases, clock, estate.tenant.id, 1)
    async with databases.app.write(acme.tenant.id) as connection:
        await connection.execute(
            select(AuditHead.number).where(AuditHead.tenant_id == acme.tenant.id).with_for_update()
        )
        waiting = asyncio.create_task(append_apart(databases.app, clock, acme.tenant.id, [record()]))
        async with asyncio.timeout(5):
            await asyncio.gather(*(append_apart(databases.app, clock, globex.tenant.id, [record()]) for _ in range(6)))
        assert not waiting.done()
    await waiting
    assert await numbers(databases, acme.tenant.id) == [1, 2]
    assert await numbers(databases, globex.tenant.id) == list(range(1, 8))


async def test_time_never_goes_back(databases: Databases, acme: Estate, clock: HeldClock) -> None:
    """A process whose clock is behind writes the time of the record before, so that months hold runs of numbers."""
    await append_apart(databases.app, clock, acme.tenant.id, [record()])
    clock.advance(timedelta(hours=-1))
    await append_apart(databases.app, clock, acme.tenant.id, [record()])
    clock.advance(timedelta(hours=1) + SECOND)
    await append_apart(databases.app, clock, acme.tenant.id, [record()])
    assert [row["at"] - START for row in await rows_of(databases, RECORDS, acme.tenant.id)] == [0 * SECOND] * 2 + [
        SECOND
    ]
    assert (await check(databases.app, acme.tenant.id)).ok


async def test_a_tenant_without_records_verifies(databases: Databases, acme: Estate) -> None:
    """There is nothing, and nothing is missing."""
    verdict = await check(databases.app, acme.tenant.id)
    assert (verdict.ok, verdict.first, verdict.last, verdict.records) == (True, 0, 0, 0)


async def test_what_a_record_has_not_is_null(databases: Databases, acme: Estate, clock: HeldClock) -> None:
    """A record of nobody known about nothing in particular still verifies."""
    sparse = Record(Actor("ANONYMOUS"), AuditAction.SIGN_IN_FAILED, outcome=AuditOutcome.REFUSED)
    await append_apart(databases.app, clock, acme.tenant.id, [sparse])
    [row] = await rows_of(databases, RECORDS, acme.tenant.id)
    assert {name for name, value in row.items() if value is None} == {
        "actor_id", "actor_name", "token_id", "target_type", "target_id", "request_id", "address",
    }  # fmt: skip
    assert (row["outcome"], row["digests"]) == ("REFUSED", {})
    assert (await check(databases.app, acme.tenant.id)).ok


async def test_nothing_is_appended_to_a_neighbours_chain(
    databases: Databases, acme: Estate, globex: Estate, clock: HeldClock
) -> None:
    """Whatever a caller hands over by mistake: the transaction's tenant decides."""
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        async with databases.app.write(acme.tenant.id) as connection:
            await append(connection, globex.tenant.id, clock.now(), [record()])
    assert await numbers(databases, globex.tenant.id) == []

"""What a superuser changed is found, and the right record is named; what was erased by right is not taken for that."""

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import LargeBinary, Table, Uuid, delete, insert, text, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from models.database import Database
from resolvers.auditing import append, append_apart
from resolvers.auditing.checking import Verdict, check, check_on
from resolvers.auditing.checkpoints import Evidence
from resolvers.auditing.erasing import erase_person, erase_target
from resolvers.auditing.hashing import record_hash
from resolvers.auditing.pages import fetched, record_at
from resolvers.auditing.record import Actor, Target
from tenantry.databases import Databases
from tests.auditing import ACTOR, HEADS, RECORDS, VALUES, make_chain, record, rows_of, tampering
from tests.clock import START, HeldClock
from tests.estate import Estate, make_tenant
from tests.postgres import Urls

LENGTH = 7
NOTHING_SIGNED = Evidence([], {})
FIELDS = ("name", "enabled")
examples = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture(scope="module")
async def superuser(urls: Urls) -> AsyncIterator[Database]:
    """Whom no policy and no grant holds."""
    opened = Database(urls.superuser, pool_size=1)
    yield opened
    await opened.close()


@pytest.fixture(scope="module")
async def chain(databases: Databases) -> uuid.UUID:
    """A tenant with a chain, which every example tampers with and leaves as it was."""
    clock = HeldClock(START, uuid.uuid4().int)
    tenant_id: uuid.UUID = (await make_tenant(databases, clock, "tampered")).id
    await make_chain(databases, clock, tenant_id, LENGTH)
    assert (await check(databases.app, tenant_id)).ok
    return tenant_id


async def verify(connection: AsyncConnection, tenant_id: uuid.UUID, page: int = 3) -> Verdict:
    """Look at a chain without checkpoints, on small pages."""
    return await check_on(connection, tenant_id, NOTHING_SIGNED, page=page)


def found(verdict: Verdict) -> int:
    """The number of the record that is named."""
    assert verdict.fault is not None, "it was not found"
    return verdict.fault.number


def others(table: Table, name: str, now: Any) -> st.SearchStrategy[Any]:
    """What a column could hold beside what it holds now."""
    type_ = table.c[name].type
    plain = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=8)
    if isinstance(type_, Uuid):
        drawn: st.SearchStrategy[Any] = st.uuids()
    elif isinstance(type_, LargeBinary):
        drawn = st.binary(max_size=40)
    elif isinstance(type_, JSONB):
        drawn = st.dictionaries(st.sampled_from([*FIELDS, "other"]), plain, max_size=3)
    elif isinstance(now, datetime):
        drawn = st.one_of(
            st.timedeltas(timedelta(microseconds=1), timedelta(days=90)).map(lambda by: now + by),
            st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
        )
    elif isinstance(now, int):
        drawn = st.one_of(st.integers(-3, LENGTH + 3), st.integers(-(2**62), 2**62))
    elif name == "outcome":
        drawn = st.sampled_from(["SUCCEEDED", "REFUSED", "FAILED"])
    else:
        drawn = plain
    if table.c[name].nullable:
        drawn = st.none() | drawn
    return drawn.filter(lambda value: value != now)


@examples
@given(data=st.data(), number=st.integers(1, LENGTH), name=st.sampled_from(RECORDS.c.keys()))
async def test_any_edit_of_any_column_of_any_record_is_found(
    *, databases: Databases, superuser: Database, chain: uuid.UUID, data: st.DataObject, number: int, name: str
) -> None:
    """And that record is named; where a number was changed, the first place at which one is missing or too many."""
    row = (await rows_of(databases, RECORDS, chain))[number - 1]
    value = data.draw(others(RECORDS, name, row[name]))
    async with tampering(superuser, chain) as connection:
        await change(connection, RECORDS, row, {name: value})
        assert found(await verify(connection, chain)) == (min(number, value) if name == "number" else number)


@examples
@given(
    data=st.data(),
    number=st.integers(1, LENGTH),
    name=st.sampled_from(RECORDS.c.keys()),
    size=st.integers(1, LENGTH + 1),
)
async def test_parts_find_what_the_whole_finds(
    *,
    databases: Databases,
    superuser: Database,
    chain: uuid.UUID,
    data: st.DataObject,
    number: int,
    name: str,
    size: int,
) -> None:
    """Each begins with the last record of the one before; together they look at as much, whatever was edited."""
    row = (await rows_of(databases, RECORDS, chain))[number - 1]
    value = data.draw(st.just(row[name]) | others(RECORDS, name, row[name]))
    async with tampering(superuser, chain) as connection:
        await change(connection, RECORDS, row, {name: value})
        whole, after, records = await verify(connection, chain), None, 0
        while True:
            part = await check_on(connection, chain, NOTHING_SIGNED, page=size, after=after, most=size)
            records += part.records
            if part.complete:
                break
            after = await record_at(partial(fetched, connection), chain, part.last)
        assert (part.fault, records) == (whole.fault, whole.records)
        assert part.ok is (value == row[name])


@examples
@given(data=st.data(), at=st.integers(0, LENGTH * len(FIELDS) - 1), name=st.sampled_from(VALUES.c.keys()))
async def test_any_edit_of_any_value_is_found(
    *, databases: Databases, superuser: Database, chain: uuid.UUID, data: st.DataObject, at: int, name: str
) -> None:
    """A value that is taken away to another tenant counts as erased here, and as too many there."""
    row = (await rows_of(databases, VALUES, chain))[at]
    value = data.draw(others(VALUES, name, row[name]).filter(lambda drawn: drawn not in FIELDS))
    async with tampering(superuser, chain) as connection:
        await change(connection, VALUES, row, {name: value})
        verdict = await verify(connection, chain)
        if name == "tenant_id":
            assert (verdict.ok, verdict.erased) == (True, 1)
            verdict = await verify(connection, value)
        assert found(verdict) == (value if name == "number" else row["number"])


@examples
@given(data=st.data(), name=st.sampled_from(HEADS.c.keys()))
async def test_any_edit_of_the_head_is_found(
    *, databases: Databases, superuser: Database, chain: uuid.UUID, data: st.DataObject, name: str
) -> None:
    """The last record is named, or the first that is not counted or not there."""
    [row] = await rows_of(databases, HEADS, chain)
    value = data.draw(others(HEADS, name, row[name]))
    async with tampering(superuser, chain) as connection:
        await change(connection, HEADS, row, {name: value})
        named = min(max(value, 0), LENGTH) + 1 if name == "number" else LENGTH
        assert found(await verify(connection, chain)) == named


@pytest.mark.parametrize("page", [1, 3, 500])
@pytest.mark.parametrize("number", range(1, LENGTH + 1))
async def test_the_removal_of_any_record_is_found(
    superuser: Database, chain: uuid.UUID, number: int, page: int
) -> None:
    """With its values or without, wherever pages begin, at the tail too."""
    async with tampering(superuser, chain) as connection:
        await connection.execute(delete(RECORDS).where(RECORDS.c.tenant_id == chain, RECORDS.c.number == number))
        assert found(await verify(connection, chain, page)) == number
        await connection.execute(delete(VALUES).where(VALUES.c.tenant_id == chain, VALUES.c.number == number))
        assert found(await verify(connection, chain, page)) == number


async def test_the_removal_of_everything_but_the_head_is_found(superuser: Database, chain: uuid.UUID) -> None:
    """The first record is missing."""
    async with tampering(superuser, chain) as connection:
        await connection.execute(delete(VALUES).where(VALUES.c.tenant_id == chain))
        await connection.execute(delete(RECORDS).where(RECORDS.c.tenant_id == chain))
        assert found(await verify(connection, chain)) == 1


@pytest.mark.parametrize("what", ["numbers", "contents", "contents and hashes"])
@examples
@given(pair=st.sets(st.integers(1, LENGTH), min_size=2, max_size=2))
async def test_the_swap_of_any_two_records_is_found(
    *, databases: Databases, superuser: Database, chain: uuid.UUID, what: str, pair: set[int]
) -> None:
    """The earlier place is named, whatever of the records changed places."""
    rows = await rows_of(databases, RECORDS, chain)
    one, other = (rows[number - 1] for number in sorted(pair))
    swapped = {
        "numbers": {"number"},
        "contents": set(RECORDS.c.keys()) - {"tenant_id", "number", "hash", "prev_hash"},
        "contents and hashes": set(RECORDS.c.keys()) - {"tenant_id", "number"},
    }[what]
    async with tampering(superuser, chain) as connection:
        for row in (one, other):
            await connection.execute(delete(RECORDS).where(*itself(RECORDS, row)))
        for row, content in ((one, other), (other, one)):
            await connection.execute(insert(RECORDS), row | {name: content[name] for name in swapped})
        assert found(await verify(connection, chain)) == one["number"]


@pytest.mark.parametrize("number", range(1, LENGTH + 1))
async def test_an_edit_with_a_hash_to_fit_is_found_by_the_next_record(
    databases: Databases, superuser: Database, chain: uuid.UUID, number: int
) -> None:
    """Or by the head, where there is no next record."""
    row = (await rows_of(databases, RECORDS, chain))[number - 1]
    forged = row | {"actor_name": "somebody else"}
    async with tampering(superuser, chain) as connection:
        await change(connection, RECORDS, row, forged | {"hash": record_hash(row["prev_hash"], forged)})
        assert found(await verify(connection, chain)) == min(number + 1, LENGTH)


async def test_a_record_that_was_not_appended_is_found(
    databases: Databases, superuser: Database, chain: uuid.UUID
) -> None:
    """At the end, with hashes that fit: the head does not count it."""
    last = (await rows_of(databases, RECORDS, chain))[-1]
    forged = last | {"number": LENGTH + 1, "prev_hash": last["hash"], "digests": {}}
    async with tampering(superuser, chain) as connection:
        await connection.execute(insert(RECORDS), forged | {"hash": record_hash(last["hash"], forged)})
        assert found(await verify(connection, chain)) == LENGTH + 1


@pytest.mark.parametrize("page", [1, 2, 500])
async def test_a_record_that_is_there_twice_is_found(
    databases: Databases, superuser: Database, chain: uuid.UUID, page: int
) -> None:
    """No key forbids it, as the month is part of a partitioned table's key; no page boundary hides it."""
    row = (await rows_of(databases, RECORDS, chain))[2]
    async with tampering(superuser, chain) as connection:
        await connection.execute(insert(RECORDS), row | {"at": row["at"] + timedelta(days=40)})
        assert found(await verify(connection, chain, page)) == 3


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("digests", "1e999"),
        ("digests", "1e9999"),
        ("digests", "[" * 5000 + "]" * 5000),
        ("digests", "[]"),
        ("digests", "null"),
        ("digests", '"\\ud83d\\ude00"'),
        ("at", "infinity"),
        ("at", "-infinity"),
        ("at", "20000-01-01"),
        ("at", "0044-03-15 BC"),
    ],
    ids=lambda value: value[:9],
)
async def test_what_no_record_of_ours_can_hold_is_found(
    superuser: Database, chain: uuid.UUID, column: str, value: str
) -> None:
    """Verification names the record, and does not fall over it."""
    type_ = "jsonb" if column == "digests" else "timestamptz"
    async with tampering(superuser, chain) as connection:
        await connection.execute(
            text(f"UPDATE audit_record SET {column} = '{value}'::{type_} WHERE tenant_id = :tenant AND number = 4"),  # noqa: S608
            {"tenant": chain},
        )
        assert found(await verify(connection, chain)) == 4


async def test_the_superuser_of_the_test_can_verify_what_is_whole(superuser: Database, chain: uuid.UUID) -> None:
    """What the examples above find is what they did, not how they look."""
    async with tampering(superuser, chain) as connection:
        assert (await verify(connection, chain)).ok


async def test_an_erased_thing_is_reported_as_erased(databases: Databases, acme: Estate, clock: HeldClock) -> None:
    """The records stay and verify; the values of another thing stay too; the erasure is a record itself."""
    tenant_id = acme.tenant.id
    for target in ("dev_1", "dev_2", "dev_1"):
        await append_apart(databases.app, clock, tenant_id, [record(target=target)])
    async with databases.app.write(tenant_id) as connection:
        erased = await erase_target(connection, tenant_id, clock.now(), ACTOR, Target("Device", "dev_1"))
    verdict = await check(databases.app, tenant_id)
    assert (erased, verdict.ok, verdict.erased, verdict.records) == (4, True, 4, 4)
    assert {row["number"] for row in await rows_of(databases, VALUES, tenant_id)} == {2, 4}
    last = (await rows_of(databases, RECORDS, tenant_id))[-1]
    assert (last["action"], last["target_type"], last["target_id"]) == ("audit.erased", "Device", "dev_1")


async def test_an_erased_person_leaves_no_value(databases: Databases, acme: Estate, clock: HeldClock) -> None:
    """Neither of what was done to the person, nor of what the person did."""
    tenant_id, person = acme.tenant.id, Target("User", "usr_1")
    by_person = record(actor=Actor("PERSON", "usr_1"))
    about = [record(), by_person]
    async with databases.app.write(tenant_id) as connection:
        await append(connection, tenant_id, clock.now(), about)
        assert await erase_person(connection, tenant_id, clock.now(), ACTOR, person) == 2
    assert {row["number"] for row in await rows_of(databases, VALUES, tenant_id)} == {1, 3}
    assert (await check(databases.app, tenant_id)).ok


async def test_a_neighbours_values_are_not_erased(
    databases: Databases, acme: Estate, globex: Estate, clock: HeldClock
) -> None:
    """However alike the ids are."""
    for estate in (acme, globex):
        await make_chain(databases, clock, estate.tenant.id, 1)
    async with databases.app.write(acme.tenant.id) as connection:
        await erase_target(connection, acme.tenant.id, clock.now(), ACTOR, Target("Device", "dev_1"))
    assert len(await rows_of(databases, VALUES, globex.tenant.id)) == 2


async def test_a_change_after_an_erasure_is_still_found(
    databases: Databases, superuser: Database, acme: Estate, clock: HeldClock
) -> None:
    """An erased value does not hide a changed one."""
    tenant_id = acme.tenant.id
    await append_apart(databases.app, clock, tenant_id, [record(target=f"dev_{number}") for number in range(3)])
    async with databases.app.write(tenant_id) as connection:
        await erase_target(connection, tenant_id, clock.now(), ACTOR, Target("Device", "dev_0"))
    async with tampering(superuser, tenant_id) as connection:
        changing = update(VALUES).where(VALUES.c.tenant_id == tenant_id, VALUES.c.number == 3)
        await connection.execute(changing.values(after=text("after || ' '")))
        assert found(await verify(connection, tenant_id)) == 3


def itself(table: Table, row: dict[str, Any]) -> list[Any]:
    """What finds one row."""
    return [column == row[column.name] for column in table.primary_key.columns]


async def change(connection: AsyncConnection, table: Table, row: dict[str, Any], values: dict[str, Any]) -> None:
    """Change one row, as nobody should."""
    changed = await connection.execute(update(table).where(*itself(table, row)).values(values))
    assert changed.rowcount == 1

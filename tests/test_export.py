"""Devices are exported as lines: one tenant's, all of them, exactly, and no slow reader holds the database."""

import uuid
from contextlib import aclosing
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import delete, text, update

from auth.scopes import Scope
from loaders.window import BadArgument, frozen
from models import Device
from models.ids import encode
from resolvers.exporting import ExportFormat, export_devices
from tenantry.databases import Databases
from tests.ask import Ask
from tests.clock import HeldClock
from tests.estate import Estate, add
from tests.exporting import chunks, csv_rows, many_devices, ndjson
from tests.sql import statements

SCALARS = (
    "id serial name status lifecycle firmware enabled simulated labels reported desired purchaseValue currency "
    "warrantyEndsAt lastSeenAt createdAt updatedAt version"
)
# What no float and no 64-bit number can hold, and texts that look like what stands between values.
DIGITS = '{"a": [12345678901234567890123.450, 1.10], "b": {"x, y": "a  b", "q": "say \\"no: \\" \\\\"}}'
BARE_DIGITS = '{"a":[12345678901234567890123.450,1.10],"b":{"q":"say \\"no: \\" \\\\","x, y":"a  b"}}'


async def test_a_neighbours_devices_never_appear(databases: Databases, acme: Estate, globex: Estate) -> None:
    """Two tenants with the same serials: each export has its own tenant's device and no other."""
    for ours, theirs in ((acme, globex), (globex, acme)):
        [line] = await ndjson(databases.app, ours.tenant.id)
        assert line["id"] == ours.ids["Device"]
        assert str(theirs.tenant.id) not in str(line)


@pytest.mark.parametrize("column", ["id", "locationId", "typeId", "organizationId"])
async def test_a_neighbours_things_filter_like_things_that_are_not(
    databases: Databases, acme: Estate, globex: Estate, column: str
) -> None:
    """A filter that names a neighbour's thing finds nothing, as one that names none does."""
    type_name = {"locationId": "Location", "typeId": "DeviceType", "organizationId": "Organization"}.get(
        column, "Device"
    )
    prefix = globex.ids[type_name].partition("_")[0]
    for named in (globex.ids[type_name], f"{prefix}_{uuid.uuid4()}"):
        assert await chunks(databases.app, acme.tenant.id, filter_=frozen({column: {"eq": named}})) == []


async def test_an_unknown_tenant_has_nothing(databases: Databases) -> None:
    """No lines, and of CSV the heading alone."""
    assert await chunks(databases.app, uuid.uuid4()) == []
    [heading] = await chunks(databases.app, uuid.uuid4(), ExportFormat.CSV)
    assert (heading.rows, heading.text.count("\r\n")) == (0, 1)


async def test_what_cannot_be_sought_is_refused(databases: Databases, acme: Estate) -> None:
    """PostgreSQL knows no NUL; that is told before a row is read."""
    with pytest.raises(BadArgument):
        await chunks(databases.app, acme.tenant.id, filter_=frozen({"name": {"eq": "a\0"}}))
    with pytest.raises(BadArgument):
        await chunks(databases.app, acme.tenant.id, search="a\0")


async def test_deleted_devices_are_not_exported(databases: Databases, clock: HeldClock, acme: Estate) -> None:
    """They are as if they did not exist; what hung on a deleted device is told without it."""
    part = await add(
        databases, clock, Device, acme.tenant.id, serial="P", name="P", type_id=acme.device_type.id,
        parent_id=acme.device.id,
    )  # fmt: skip
    async with databases.app.write(acme.tenant.id) as connection:
        gone = {"deleted_at": clock.now(), "deletion_id": clock.new_id()}
        await connection.execute(update(Device).where(Device.id == acme.device.id).values(gone))
    [line] = await ndjson(databases.app, acme.tenant.id)
    assert (line["id"], line["parentSerial"]) == (encode(Device.prefix, part.id), None)


async def test_a_line_says_what_the_graph_says(databases: Databases, acme: Estate, ask: Ask) -> None:
    """The same names, ids and notation, and beside each reference what people call the thing that it leads to."""
    await _fill(databases, acme)
    references = "type { id key } location { id code } area { id code } parent { id } organization { id key }"
    asked = await ask(acme, f"{{ devices {{ nodes {{ {SCALARS} {references} }} }} }}", *Scope)
    [node] = asked.data["devices"]["nodes"]
    for reference, name in (("type", "key"), ("location", "code"), ("area", "code"), ("organization", "key")):
        found = node.pop(reference)
        node |= {f"{reference}Id": found["id"], f"{reference}{name.capitalize()}": found[name]}
    assert node.pop("parent") is None
    assert await ndjson(databases.app, acme.tenant.id) == [node | {"parentId": None, "parentSerial": None}]


async def test_csv_has_the_same_columns_and_values(databases: Databases, acme: Estate) -> None:
    """JSON and labels as JSON text; no value differs from the empty text."""
    await _fill(databases, acme)
    [line] = await ndjson(databases.app, acme.tenant.id)
    [row] = await csv_rows(databases.app, acme.tenant.id)
    assert list(row) == list(line)
    assert (row["labels"], row["reported"], row["enabled"]) == ('["north","=1+1"]', '{"t":21.5}', "true")
    plain = {name for name, value in line.items() if isinstance(value, str)}
    assert {name: row[name] for name in plain} == {name: line[name] for name in plain}
    assert all(row[name] == "" for name, value in line.items() if value is None)
    text = "".join(chunk.text for chunk in await chunks(databases.app, acme.tenant.id, ExportFormat.CSV))
    assert ',"",' in text


@pytest.mark.parametrize("format_", ExportFormat)
async def test_json_is_exported_to_the_last_digit(databases: Databases, acme: Estate, format_: ExportFormat) -> None:
    """Numbers that programs round stay what they are, and texts keep their blanks."""
    async with databases.app.write(acme.tenant.id) as connection:
        changing = text("UPDATE device SET desired = CAST(:json AS jsonb) WHERE id = :id")
        await connection.execute(changing, {"json": DIGITS, "id": acme.device.id})
    told = "".join(chunk.text for chunk in await chunks(databases.app, acme.tenant.id, format_))
    assert (BARE_DIGITS if format_ is ExportFormat.NDJSON else BARE_DIGITS.replace('"', '""')) in told


@pytest.mark.parametrize(
    ("asked", "serials"),
    [
        (({"status": {"eq": "ONLINE"}}, None), {"R-0001"}),
        (({"serial": {"startsWith": "M-"}}, "many 1"), {"M-1"}),
        (({"or": [{"serial": {"eq": "M-0"}}, {"areaId": {"isNull": False}}]}, None), {"R-0001", "M-0"}),
        (({}, "DOOR"), {"R-0001"}),
    ],
)
async def test_a_filter_and_a_search_narrow_it(
    databases: Databases, clock: HeldClock, acme: Estate, asked: tuple[Any, str | None], serials: set[str]
) -> None:
    """As they narrow the lists of the graph."""
    await many_devices(databases.app, clock, acme, 3)
    given, search = asked
    found = await ndjson(databases.app, acme.tenant.id, frozen(given), search)
    assert {line["serial"] for line in found} == serials


async def test_pages_are_of_a_thousand_and_one_statement_each(
    databases: Databases, clock: HeldClock, acme: Estate
) -> None:
    """In the order of ids; nested names cost no statement of their own."""
    ids = [acme.device.id, *await many_devices(databases.app, clock, acme, 2_400)]
    with statements() as sent:
        found = await chunks(databases.app, acme.tenant.id)
    assert [chunk.rows for chunk in found] == [1_000, 1_000, 401]
    assert len(sent) == 3
    told = [line["id"] for line in await ndjson(databases.app, acme.tenant.id)]
    assert told == [encode(Device.prefix, each) for each in sorted(ids)]


async def test_a_slow_reader_holds_no_connection(databases: Databases, clock: HeldClock, acme: Estate) -> None:
    """Between two pages, and when it stops in the middle."""
    await many_devices(databases.app, clock, acme, 1_500)
    async with aclosing(export_devices(databases.app, acme.tenant.id, (), None, ExportFormat.NDJSON)) as reading:
        await anext(reading)
        assert databases.app._pool.in_use == 0
    assert databases.app._pool.in_use == 0


async def test_no_row_is_skipped_or_repeated_while_others_come_and_go(
    databases: Databases, clock: HeldClock, acme: Estate
) -> None:
    """Rows that were read and rows that were not are deleted between two pages: whoever stays comes once."""
    ids = await many_devices(databases.app, clock, acme, 2_000)
    gone = {*ids[:700], *ids[1_500:1_600]}
    told: list[str] = []
    async with aclosing(export_devices(databases.app, acme.tenant.id, (), None, ExportFormat.NDJSON)) as reading:
        async for chunk in reading:
            if not told:
                async with databases.app.write(acme.tenant.id) as connection:
                    await connection.execute(delete(Device).where(Device.id.in_(gone)))
            told += [line.partition('"id":"')[2].partition('"')[0] for line in chunk.text.splitlines()]
    stayed = [each for each in sorted([acme.device.id, *ids]) if each not in gone]
    assert len(told) == len(set(told))
    assert {encode(Device.prefix, each) for each in stayed} <= set(told)


async def _fill(databases: Databases, estate: Estate) -> None:
    """Something in every column that callers and devices write."""
    values = {
        "firmware": "", "labels": ["north", "=1+1"], "reported": {"t": 21.5}, "desired": {"on": True},
        "purchase_value": Decimal("129.90"), "currency": "EUR", "warranty_ends_at": date(2027, 2, 28),
        "last_seen_at": estate.device.created_at,
    }  # fmt: skip
    async with databases.app.write(estate.tenant.id) as connection:
        await connection.execute(update(Device).where(Device.id == estate.device.id).values(values))

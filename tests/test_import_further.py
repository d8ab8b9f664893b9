"""Sheets may have further columns, and two more sheets may come: a sheet speaks for what it has, and for no more."""

import csv
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from models import Area, Device, DeviceType, Event, Location, Organization
from resolvers.importing import Mode
from tenantry.csv_estate import UnreadableFolder, open_csv_estate
from tenantry.databases import Databases
from tests.clock import HeldClock
from tests.estate import Estate
from tests.importing import Importer
from tests.look_alike import HEADINGS

Line = dict[str, str]
HALL: Line = {"code": "hall", "name": "Hall"}
FLOOR: Line = {"location": "hall", "code": "f1", "name": "Floor 1", "kind": "FLOOR"}
ROOM: Line = {"location": "hall", "code": "r1", "name": "Room 1", "kind": "ROOM", "parent": "f1"}
POINT: Line = {"location": "hall", "area": "r1", "serial": "hall:p", "name": "Point", "type": "brick:VAV"}
REGION: Line = {"key": "region", "name": "Region"}
VAV: Line = {"key": "brick:VAV", "name": "Air box", "kind": "CONTROLLER"}


@pytest.fixture
def importer(databases: Databases, clock: HeldClock) -> Importer:
    """Imports into a tenant that has nothing."""
    return Importer(databases, clock, clock.new_id())


def write(folder: Path, **sheets: Sequence[Line]) -> Path:
    """A folder with these lines; each sheet has the columns that its lines name, beside those that it must have."""
    folder.mkdir(exist_ok=True)
    for sheet in {*HEADINGS, *sheets}:
        lines = sheets.get(sheet, ())
        names = dict.fromkeys((*HEADINGS.get(sheet, ("key", "name")), *(name for line in lines for name in line)))
        with (folder / f"{sheet}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, names, restval="")
            writer.writeheader()
            writer.writerows(lines)
    return folder


def estate(folder: Path, **further: Line) -> Path:
    """One of each thing, with further columns."""
    lines = {
        "organizations": REGION, "locations": HALL, "areas": FLOOR, "device_types": VAV, "devices": POINT,
    }  # fmt: skip
    return write(folder, **{sheet: [line | further.get(sheet, {})] for sheet, line in lines.items()} | {
        "areas": [FLOOR, ROOM | further.get("areas", {})]
    })  # fmt: skip


@pytest.mark.parametrize(
    ("at", "value", "reason"),
    [
        (("organizations", "parent"), "nobody", "there is no organization 'nobody'"),
        (("organizations", "parent"), "region", "it would be part of itself"),
        (("organizations", "name"), "", "a value is needed here"),
        (("locations", "organization"), "nobody", "there is no organization 'nobody'"),
        (("locations", "address"), "x" * 501, "501 characters; at most 500 are allowed"),
        (("locations", "latitude"), "91", "'91' must be from -90 to 90"),
        (("locations", "latitude"), "nan", "'nan' is no number"),
        (("locations", "longitude"), "1,5", "'1,5' is no number"),
        (("areas", "floor"), "x" * 33, "33 characters; at most 32 are allowed"),
        (("device_types", "kind"), "THING", "'THING' is none of READER, SENSOR, CONTROLLER, ACTUATOR, GATEWAY, OTHER"),
        (("device_types", "commands"), "{}", "'{}' must be a JSON list"),
        (("device_types", "properties"), '["a"]', "'[\"a\"]' must be a JSON object"),
        (("device_types", "properties"), '{"a":"\\u0000"}', "'{\"a\":\"\\\\u0000\"}' has a NUL character"),
        (("devices", "organization"), "nobody", "there is no organization 'nobody'"),
        (("devices", "lifecycle"), "BROKEN", "'BROKEN' is none of AVAILABLE, DEPLOYED, MAINTENANCE, RETIRED"),
        (("devices", "firmware"), "x" * 65, "65 characters; at most 64 are allowed"),
        (("devices", "enabled"), "yes", "'yes' is neither true nor false"),
        (("devices", "labels"), "a;b", "'a;b' is no JSON"),
        (("devices", "labels"), "[1]", "'[1]' is no JSON list of words, such as [\"north\", \"roof\"]"),
        (("devices", "labels"), '[" "]', "'[\" \"]' must hold words of 1 to 64 characters"),
        (("devices", "desired"), "null", "'null' must not be null"),
        (("devices", "desired"), f'{{"a":"{"x" * 17_000}"}}', "has 17008 bytes as JSON; 16384 are allowed"),
        (("devices", "purchase_value"), "1.005", "'1.005' must be from 0 to 999999999999.99, with two decimals"),
        (("devices", "purchase_value"), "1E999999999999999999", "'1E999999999999999999' must be from 0 to 9999"),
        (("devices", "currency"), "euro", "'euro' must be three capital letters, such as EUR"),
        (("devices", "warranty_ends_at"), "31.12.2030", "'31.12.2030' is no day such as 2026-03-01"),
    ],
)  # fmt: skip
async def test_a_wrong_further_value_is_told_and_keeps_everything_out(
    importer: Importer, tmp_path: Path, at: tuple[str, str], value: str, reason: str
) -> None:
    """The bounds are those of the graph's inputs."""
    sheet, column = at
    outcome, findings = await importer.run(estate(tmp_path / "hall", **{sheet: {column: value}}))
    line = 3 if sheet == "areas" else 2
    assert findings[0].startswith(f"{sheet}.csv:{line}:{column}: ")
    assert reason in findings[0]
    assert outcome.changes is None
    assert await importer.rows(Organization) == []


async def test_a_neighbours_organization_is_none(
    databases: Databases, clock: HeldClock, acme: Estate, globex: Estate, tmp_path: Path
) -> None:
    """Only the tenant's own can be named; the neighbour has one of that key."""
    assert acme.organization.key == globex.organization.key
    other = Importer(databases, clock, clock.new_id())
    _, findings = await other.run(write(tmp_path / "hall", locations=[HALL | {"organization": "west"}]))
    assert findings == ["locations.csv:2:organization: there is no organization 'west'"]


async def test_what_a_refused_line_was_about_cannot_be_referred_to(importer: Importer, tmp_path: Path) -> None:
    """The organization and the type of a wrong line keep out what names them, and say which line it was."""
    folder = estate(
        tmp_path / "hall", organizations={"name": ""}, device_types={"kind": "X"}, locations={"organization": "region"}
    )
    outcome, findings = await importer.run(folder, Mode(partial=True))
    assert "locations.csv:2:organization: line 2 of organizations.csv, which this refers to, is refused" in findings
    assert "devices.csv:2:location: line 2 of locations.csv, which this refers to, is refused" in findings
    assert outcome.changes is not None
    assert {(count.created, count.updated) for count in outcome.changes.values()} == {(0, 0)}
    _, findings = await importer.run(estate(tmp_path / "other", device_types={"kind": "X"}))
    assert "devices.csv:2:type: line 2 of device_types.csv, which this refers to, is refused" in findings


@pytest.mark.parametrize(
    ("sheet", "heading", "message"),
    [
        ("organizations", "key", "organizations.csv:1:name: there is no such column"),
        (
            "devices",
            "location,area,serial,name,type,part_of,firmware,firmware",
            "devices.csv:1:firmware: the column is",
        ),
        ("locations", "code,name,city,country,timezone,floor", "locations.csv:1:floor: the column is not known"),
    ],
)
def test_a_heading_that_is_wrong_is_told(tmp_path: Path, sheet: str, heading: str, message: str) -> None:
    """Sheets that may be missing must be right where they are."""
    folder = estate(tmp_path / "hall")
    (folder / f"{sheet}.csv").write_text(f"{heading}\n", encoding="utf-8")
    with pytest.raises(UnreadableFolder) as told:
        open_csv_estate(folder)
    assert str(told.value).startswith(message)


async def test_each_further_column_is_kept(importer: Importer, tmp_path: Path) -> None:
    """Where the graph shows it."""
    device = {
        "organization": "region", "lifecycle": "RETIRED", "firmware": "1", "enabled": "FALSE", "simulated": "true",
        "labels": '["a"]', "desired": '{"on": true}', "purchase_value": "1.5", "currency": "EUR",
        "warranty_ends_at": "2030-12-31",
    }  # fmt: skip
    place = {"organization": "region", "address": "Quay 1", "latitude": "60.5", "longitude": "-5"}
    kind = {"manufacturer": "Acme", "model": "V", "commands": '["open"]', "properties": '{"t": {}}'}
    folder = estate(tmp_path / "hall", locations=place, device_types=kind, devices=device, areas={"floor": "M"})
    _, findings = await importer.run(folder)
    assert findings == []
    [region] = await importer.rows(Organization)
    [made] = await importer.rows(Device)
    told = {name: made[name] for name in device if name in made}
    assert told | {"organization_id": made["organization_id"]} == {
        "organization_id": region["id"], "lifecycle": "RETIRED", "firmware": "1", "enabled": False, "simulated": True,
        "labels": ["a"], "desired": {"on": True}, "purchase_value": Decimal("1.50"), "currency": "EUR",
        "warranty_ends_at": date(2030, 12, 31),
    }  # fmt: skip
    [location] = await importer.rows(Location)
    assert [location[name] for name in ("organization_id", "address", "latitude")] == [region["id"], "Quay 1", 60.5]
    [typed] = await importer.rows(DeviceType)
    assert [typed[name] for name in ("name", "kind", "commands")] == ["Air box", "CONTROLLER", ["open"]]
    # The floor's own line says nothing of a label: with the column, none is worked out.
    assert [area["floor"] for area in await importer.rows(Area)] == [None, "M"]


@pytest.mark.parametrize("value", ["0E-999999999", "1E999999999", "0." + "0" * 21])
async def test_money_of_endless_digits_is_refused(importer: Importer, tmp_path: Path, value: str) -> None:
    """By the rule of mutations: PostgreSQL could not be asked for so many, whatever their value."""
    _, [finding] = await importer.run(estate(tmp_path / "hall", devices={"purchase_value": value}))
    assert ":purchase_value: " in finding
    assert await importer.rows(Device) == []


async def test_a_sheet_without_them_leaves_them_as_they_are(importer: Importer, tmp_path: Path) -> None:
    """An import of the three plain sheets changes nothing that these do not speak for."""
    full = {"firmware": "2", "lifecycle": "RETIRED", "enabled": "false", "labels": '["x"]'}
    await importer.run(estate(tmp_path / "full", devices=full, locations={"organization": "region", "address": "A"}))
    before = await importer.everything()
    plain = write(tmp_path / "plain", locations=[HALL], areas=[FLOOR, ROOM], devices=[POINT])
    outcome, findings = await importer.run(plain)
    assert findings == []
    assert outcome.changes is not None
    assert "organizations" not in outcome.changes
    assert {(count.created, count.updated) for count in outcome.changes.values()} == {(0, 0)}
    assert await importer.everything() == before


async def test_an_empty_cell_clears_what_may_be_missing_and_nothing_else(importer: Importer, tmp_path: Path) -> None:
    """What always has a value starts with its first one, and keeps what it has."""
    empty = dict.fromkeys(("firmware", "lifecycle", "enabled", "labels", "organization"), "")
    await importer.run(estate(tmp_path / "first", devices=empty))
    [made] = await importer.rows(Device)
    assert [made[name] for name in empty if name in made] == [None, "DEPLOYED", True, []]
    full = {"firmware": "2", "lifecycle": "RETIRED", "enabled": "false", "labels": '["x"]', "organization": "region"}
    await importer.run(estate(tmp_path / "full", devices=full))
    await importer.run(estate(tmp_path / "again", devices=empty))
    [kept] = await importer.rows(Device)
    assert [kept[name] for name in empty if name in kept] == [None, "RETIRED", False, ["x"]]
    assert (kept["organization_id"], kept["version"]) == (None, 3)


async def test_a_whole_serial_names_a_device_anywhere(importer: Importer, tmp_path: Path) -> None:
    """In a sheet with further columns; the last part of one goes on to name a device of the same location."""
    here = {"firmware": "1"}
    other = {"location": "", "area": "", "serial": "p", "name": "Elsewhere", "type": "brick:VAV"}
    whole = POINT | {"serial": "hall:q", "part_of": "p"}
    tail = POINT | {"serial": "hall:r", "part_of": "q"}
    folder = write(tmp_path / "hall", locations=[HALL], areas=[FLOOR, ROOM], devices=[POINT | here, other, whole, tail])
    _, findings = await importer.run(folder)
    assert findings == []
    devices = await importer.devices()
    assert (devices["hall:q"]["parent"], devices["hall:r"]["parent"]) == ("p", "hall:q")
    # A second import finds the parent in the tenant.
    alone = write(tmp_path / "alone", devices=[whole | here | {"serial": "hall:s", "part_of": "hall:q"}])
    _, findings = await importer.run(alone)
    assert findings == []
    assert (await importer.devices())["hall:s"]["parent"] == "hall:q"


async def test_without_further_columns_a_whole_serial_names_nothing(importer: Importer, tmp_path: Path) -> None:
    """And a device must have a location."""
    lines = [POINT, POINT | {"serial": "hall:q", "part_of": "hall:p"}, POINT | {"serial": "n", "location": ""}]
    _, findings = await importer.run(write(tmp_path / "hall", locations=[HALL], areas=[FLOOR, ROOM], devices=lines))
    assert findings == [
        "devices.csv:3:part_of: location 'hall' has no device whose serial ends in 'hall:p'",
        "devices.csv:4:location: a value is needed here",
    ]


@pytest.mark.parametrize(("further", "city"), [("", "Oslo"), (",address", " Oslo ")])
async def test_quotes_keep_blanks_in_a_full_sheet_alone(
    importer: Importer, tmp_path: Path, further: str, city: str
) -> None:
    """Files as they were before are read as they were before."""
    folder = write(tmp_path / "hall")
    heading = f"code,name,city,country,timezone{further}"
    line = f'hall," Hall "," Oslo ","",{"," if further else ""}'
    (folder / "locations.csv").write_text(f"{heading}\n{line}\n", encoding="utf-8")
    _, findings = await importer.run(folder)
    assert findings == []
    [location] = await importer.rows(Location)
    assert (location["name"], location["city"], location["country"]) == ("Hall", city, None)


async def test_organizations_and_types_are_told_in_the_feed(importer: Importer, tmp_path: Path) -> None:
    """One event for each, what is referred to first; a later change names its columns."""
    await importer.run(estate(tmp_path / "first", organizations={"parent": ""}))
    await importer.run(estate(tmp_path / "second", device_types={"model": "V"}, organizations={"name": "Renamed"}))
    async with importer.databases.app.read(importer.tenant_id) as connection:
        rows: Any = (await connection.execute(select(Event.__table__).order_by(Event.number))).mappings().all()
    assert [(row["number"], row["kind"], row["entity"]) for row in rows] == [
        (1, "CREATED", "Organization"), (2, "CREATED", "Location"), (3, "CREATED", "Area"), (4, "CREATED", "Area"),
        (5, "CREATED", "DeviceType"), (6, "CREATED", "Device"), (7, "UPDATED", "Organization"),
        (8, "UPDATED", "DeviceType"),
    ]  # fmt: skip
    assert [row["changed"] for row in rows[-2:]] == [["name"], ["model"]]
    assert rows[0]["changed"] == ["key", "name", "parent_id"]


async def test_what_an_import_moves_is_told_with_the_place_that_it_left(importer: Importer, tmp_path: Path) -> None:
    """As a move tells it, for those who watch that place; what stays where it is has left none."""
    await importer.run(estate(tmp_path / "first"))
    await importer.run(
        estate(tmp_path / "second", areas={"parent": ""}, devices={"area": "f1"}, locations={"city": "B"})
    )
    floor, room = await importer.rows(Area)
    async with importer.databases.app.read(importer.tenant_id) as connection:
        changed = select(Event.__table__).where(Event.kind == "UPDATED").order_by(Event.number)
        rows: Any = (await connection.execute(changed)).mappings().all()
    here = room["location_id"]
    assert [(row["entity"], row["area_id"], row["left_location_id"], row["left_area_id"]) for row in rows] == [
        ("Location", None, None, None),
        ("Area", room["id"], here, floor["id"]),
        ("Device", floor["id"], here, room["id"]),
    ]

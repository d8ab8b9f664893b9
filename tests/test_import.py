"""An estate comes in from CSV files: all of it, in one piece, and again without a change."""

from datetime import timedelta
from pathlib import Path

import pytest

from models import Area, DeviceKind, Location
from resolvers.importing import Mode
from resolvers.importing.device_type import kind_of_type, name_of_type
from tenantry.databases import Databases
from tests.clock import HeldClock
from tests.estate import Estate
from tests.importing import NOTHING, Importer
from tests.look_alike import LookAlike, line_of, spoil, write_sheet

CAMPUS = LookAlike()


@pytest.fixture
def importer(databases: Databases, clock: HeldClock) -> Importer:
    """Imports into a tenant that has nothing."""
    return Importer(databases, clock, clock.new_id())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two small buildings, as untidy as real ones."""
    return CAMPUS.write(tmp_path / "campus")


async def test_an_untidy_estate_comes_in_whole(importer: Importer, folder: Path) -> None:
    """All five untidinesses are read without an error; rooms named as parents are notes."""
    outcome, findings = await importer.run(folder)
    assert outcome.read == {"locations": 2, "areas": CAMPUS.areas, "devices": CAMPUS.devices}
    assert (outcome.errors, outcome.notes) == (0, CAMPUS.notes)
    assert [len(rows) for rows in await importer.everything()] == [2, CAMPUS.areas, 9, CAMPUS.devices]
    line = line_of(folder, "devices", "co2_room_107")
    assert findings[0] == (
        f"devices.csv:{line}:part_of: note: 'room_107' is the device's area and no device: no parent is set"
    )


async def test_a_parent_may_be_on_a_later_line_and_in_another_room(importer: Importer, folder: Path) -> None:
    """`part_of` is the last part of a serial in the same building, whose names the next building repeats."""
    await importer.run(folder)
    devices = await importer.devices()
    point, fan, handler = (devices[f"hall-2:{name}"] for name in ("vav_101_Command", "fan_1", "ahu_1"))
    assert (point["parent"], point["area"]) == ("hall-2:vav_101", "room_101")
    assert (fan["parent"], fan["area"]) == ("hall-2:ahu_1", "room_101")
    assert (handler["parent"], handler["area"]) == (None, None)
    assert devices["hall-2:co2_room_107"]["parent"] is None


async def test_rooms_are_on_the_floor_that_they_name(importer: Importer, folder: Path) -> None:
    """The floor may come after its rooms; a room that names none is on none."""
    await importer.run(folder)
    areas = await importer.rows(Area)
    floors = {row["id"]: row["name"] for row in areas if row["kind"] == "FLOOR"}
    rooms = {row["code"]: (floors.get(row["parent_id"]), row["floor"]) for row in areas}
    assert rooms["room_201"] == ("Floor 2", "2")
    assert rooms["room_202"] == (None, None)


async def test_new_devices_are_deployed_and_unheard_of(importer: Importer, folder: Path) -> None:
    """A device that is in a building is in use, and nobody knows yet whether it answers."""
    await importer.run(folder)
    device = (await importer.devices())["hall-1:vav_101"]
    assert (device["lifecycle"], device["status"], device["version"]) == ("DEPLOYED", "UNKNOWN", 1)


async def test_a_second_run_changes_nothing(importer: Importer, folder: Path) -> None:
    """Neither versions nor times move, and every line counts as unchanged."""
    await importer.run(folder)
    before = await importer.everything()
    importer.clock.advance(timedelta(hours=1))
    outcome, _ = await importer.run(folder)
    assert outcome.changes is not None
    assert {(count.created, count.updated) for count in outcome.changes.values()} == {(0, 0)}
    assert outcome.changes["devices"].unchanged == CAMPUS.devices
    assert await importer.everything() == before


async def test_only_what_differs_is_changed(importer: Importer, folder: Path) -> None:
    """A line that says something else raises the version of its own thing and of no other."""
    await importer.run(folder)
    before = await importer.devices()
    spoil(folder, "devices", line_of(folder, "devices", "hall-1:vav_101,"), "name", "Renamed")
    importer.clock.advance(timedelta(hours=1))
    outcome, _ = await importer.run(folder)
    assert outcome.changes is not None
    assert outcome.changes["devices"].updated == 1
    (changed,) = [row for serial, row in (await importer.devices()).items() if row != before[serial]]
    assert (changed["name"], changed["version"]) == ("Renamed", 2)
    assert changed["updated_at"] == importer.clock.now()


async def test_what_a_sheet_no_longer_says_is_cleared(importer: Importer, folder: Path) -> None:
    """A sheet speaks for its columns: no city, no area and no parent is said by leaving them out."""
    await importer.run(folder)
    spoil(folder, "locations", 2, "city", "")
    line = line_of(folder, "devices", "hall-1:vav_101,")
    spoil(folder, "devices", line, "area", "")
    spoil(folder, "devices", line, "part_of", "")
    await importer.run(folder)
    device = (await importer.devices())["hall-1:vav_101"]
    assert (device["area"], device["parent"], device["version"]) == (None, None, 2)
    assert next(row["city"] for row in await importer.rows(Location) if row["code"] == "hall-1") is None


async def test_a_dry_run_tells_and_changes_nothing(importer: Importer, folder: Path) -> None:
    """It counts what an import would make, and makes nothing."""
    outcome, _ = await importer.run(folder, Mode(dry_run=True))
    assert outcome.changes is not None
    assert outcome.changes["devices"].created == CAMPUS.devices
    assert await importer.everything() == NOTHING


async def test_lines_may_refer_to_what_the_tenant_has(importer: Importer, folder: Path, tmp_path: Path) -> None:
    """A folder with one new device finds its location, area and parent in the tenant."""
    await importer.run(folder)
    further = tmp_path / "further"
    write_sheet(further, "locations", [])
    write_sheet(further, "areas", [])
    row = ("hall-1", "room_101", "hall-1:new", "New", "brick:CO2_Sensor", "vav_101")
    write_sheet(further, "devices", [row])
    outcome, _ = await importer.run(further)
    assert outcome.errors == 0
    device = (await importer.devices())["hall-1:new"]
    assert (device["area"], device["parent"]) == ("room_101", "hall-1:vav_101")


async def test_a_neighbour_is_not_touched(databases: Databases, acme: Estate, globex: Estate, tmp_path: Path) -> None:
    """The same codes and serials in another tenant are other things."""
    clock = HeldClock(acme.tenant.created_at + timedelta(hours=1), acme.tenant.id.int)
    ours, theirs = (Importer(databases, clock, estate.tenant.id) for estate in (acme, globex))
    before = await theirs.everything()
    folder = tmp_path / "hq"
    write_sheet(folder, "locations", [("hq", "Head office", "", "", "")])
    write_sheet(folder, "areas", [("hq", "room_101", "Foyer", "ROOM", "floor_1")])
    write_sheet(folder, "devices", [("hq", "room_101", "R-0001", "Back door reader", "reader-2", "")])
    outcome, _ = await ours.run(folder)
    assert outcome.changes is not None
    assert {count.created for count in outcome.changes.values()} == {0}
    assert (await ours.devices())["R-0001"]["name"] == "Back door reader"
    assert await theirs.everything() == before


@pytest.mark.parametrize(
    ("key", "name", "kind"),
    [
        ("brick:Zone_Air_Temperature_Sensor", "Zone Air Temperature Sensor", DeviceKind.SENSOR),
        ("brick:Damper_Position_Sensor", "Damper Position Sensor", DeviceKind.SENSOR),
        ("brick:Fan_Speed_Reset_Command", "Fan Speed Reset Command", DeviceKind.ACTUATOR),
        ("brick:CO2_Sensor", "CO2 Sensor", DeviceKind.SENSOR),
        ("brick:VAV", "VAV", DeviceKind.CONTROLLER),
        ("acme-door-reader", "Acme door reader", DeviceKind.READER),
        ("edgeGateway", "Edge Gateway", DeviceKind.GATEWAY),
        ("brick:Discharge_Air", "Discharge Air", DeviceKind.OTHER),
        ("__", "__", DeviceKind.OTHER),
    ],
)
def test_a_types_name_and_kind_are_read_from_its_key(key: str, name: str, kind: DeviceKind) -> None:
    """The last word that is known decides about the kind."""
    assert (name_of_type(key), kind_of_type(key)) == (name, kind)

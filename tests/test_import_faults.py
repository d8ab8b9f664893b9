"""What is wrong with an import's lines and files is told by file, line, column and reason, and keeps all else out."""

from pathlib import Path

import pytest

from models import Area, Location
from resolvers.importing import Mode
from tenantry.csv_estate import UnreadableFolder, open_csv_estate
from tenantry.databases import Databases
from tests.clock import HeldClock
from tests.importing import NOTHING, Importer
from tests.look_alike import LookAlike, line_of, spoil, write_sheet

CAMPUS = LookAlike()
PARTIAL = Mode(partial=True)


@pytest.fixture
def importer(databases: Databases, clock: HeldClock) -> Importer:
    """Imports into a tenant that has nothing."""
    return Importer(databases, clock, clock.new_id())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two small buildings, as untidy as real ones."""
    return CAMPUS.write(tmp_path / "campus")


HALL = ("locations", "hall-1")
ROOM = ("areas", "room_103")
POINT = ("devices", "hall-1:vav_102_Command")


@pytest.mark.parametrize(
    ("at", "value", "reason"),
    [
        ((*HALL, "timezone"), "Oslo", "'Oslo' is no IANA time zone, such as Europe/Oslo"),
        ((*HALL, "country"), "Norway", "'Norway' is no ISO 3166 country code, such as US"),
        (("locations", "hall-2", "code"), "hall-1", "'hall-1' is on line 2 already"),
        ((*ROOM, "kind"), "CORRIDOR", "'CORRIDOR' is no kind of area: FLOOR, ZONE, ROOM, DOOR, OTHER"),
        ((*ROOM, "name"), "", "a value is needed here"),
        ((*ROOM, "code"), "room_101", "'room_101' is on line 2 already"),
        ((*ROOM, "code"), "x" * 129, "129 characters; at most 128 are allowed"),
        ((*ROOM, "location"), "hall-9", "there is no location 'hall-9'"),
        ((*ROOM, "parent"), "floor_9", "location 'hall-1' has no area 'floor_9'"),
        ((*POINT, "area"), "room_999", "location 'hall-1' has no area 'room_999'"),
        ((*POINT, "name"), "a\x00b", "the control character U+0000 after 'a'"),
        ((*POINT, "serial"), "hall-1:fan_1", "'hall-1:fan_1' is on line 2 already"),
        ((*POINT, "part_of"), "vav_999", "location 'hall-1' has no device whose serial ends in 'vav_999'"),
        ((*POINT, "part_of"), "floor_1", "location 'hall-1' has no device whose serial ends in 'floor_1'"),
        ((*POINT, "part_of"), "vav_102_Command", "it would be part of itself"),
    ],
)
async def test_a_wrong_line_is_told_and_keeps_everything_out(
    importer: Importer, folder: Path, at: tuple[str, str, str], value: str, reason: str
) -> None:
    """One wrong value, and not one row is kept."""
    sheet, text, column = at
    line = line_of(folder, sheet, text)
    spoil(folder, sheet, line, column, value)
    outcome, findings = await importer.run(folder)
    assert f"{sheet}.csv:{line}:{column}: {reason}" in findings
    assert outcome.changes is None
    assert await importer.everything() == NOTHING


async def test_every_wrong_value_is_told_in_the_order_of_the_files(importer: Importer, folder: Path) -> None:
    """Errors come before notes; one line may have several."""
    line = line_of(folder, *POINT)
    spoil(folder, "devices", line, "name", "")
    spoil(folder, "devices", line, "type", "")
    spoil(folder, "areas", line_of(folder, *ROOM), "kind", "")
    outcome, findings = await importer.run(folder)
    # The room's devices cannot come in without it: five of them, on the lines after the point's.
    assert outcome.errors == 3 + 5
    assert findings[0].startswith("areas.csv:")
    assert findings[1:3] == [f"devices.csv:{line}:{name}: a value is needed here" for name in ("name", "type")]
    assert all("note" in finding for finding in findings[outcome.errors :])


async def test_a_partial_import_keeps_what_is_right(importer: Importer, folder: Path) -> None:
    """A wrong room stays out with its devices and says so on their lines; the rest comes in."""
    line = line_of(folder, *ROOM)
    spoil(folder, "areas", line, "kind", "CORRIDOR")
    outcome, findings = await importer.run(folder, PARTIAL)
    lost = f"area: line {line} of areas.csv, which this refers to, is refused"
    assert sum(finding.endswith(lost) for finding in findings) == 5
    assert outcome.changes is not None
    assert len(await importer.rows(Area)) == CAMPUS.areas - 1
    assert len(await importer.devices()) == CAMPUS.devices - 5


async def test_what_stands_beneath_a_wrong_line_stays_out_with_it(importer: Importer, folder: Path) -> None:
    """A floor's rooms, and a device's parts, are told the line that keeps them out."""
    floor = line_of(folder, "areas", "floor_2,Floor")
    spoil(folder, "areas", floor, "kind", "STOREY")
    _, findings = await importer.run(folder, PARTIAL)
    lost = f"parent: line {floor} of areas.csv, which this refers to, is refused"
    assert sum(finding.endswith(lost) for finding in findings) == CAMPUS.rooms - 1
    second_floor = [row for row in await importer.rows(Area) if row["code"].startswith("room_2")]
    assert len(second_floor) == 1 + CAMPUS.rooms


async def test_a_wrong_location_stays_out_with_all_that_is_in_it(importer: Importer, folder: Path) -> None:
    """The other building comes in whole."""
    spoil(folder, "locations", 2, "timezone", "Mars/Olympus")
    outcome, _ = await importer.run(folder, PARTIAL)
    assert outcome.changes is not None
    assert [row["code"] for row in await importer.rows(Location)] == ["hall-2"]
    assert outcome.changes["areas"].created == CAMPUS.areas // 2
    assert outcome.errors == 1 + (CAMPUS.areas + CAMPUS.devices) // 2


async def test_a_circle_is_told_on_each_of_its_lines(importer: Importer, folder: Path) -> None:
    """An air handler that is part of its own fan, and what hangs below them, stays out."""
    line = line_of(folder, "devices", "hall-1:ahu_1,")
    spoil(folder, "devices", line, "part_of", "fan_1")
    _, findings = await importer.run(folder)
    circle = "a circle: hall-1:fan_1 → hall-1:ahu_1 → hall-1:fan_1"
    assert f"devices.csv:2:part_of: {circle}" in findings
    assert f"devices.csv:{line}:part_of: {circle}" in findings
    below = "devices.csv:3:part_of: line 2 of devices.csv, which this refers to, is refused"
    assert below in findings


async def test_a_circle_through_the_tenants_own_devices_is_seen(
    importer: Importer, folder: Path, tmp_path: Path
) -> None:
    """The file has one half of it, the tenant the other."""
    await importer.run(folder)
    further = tmp_path / "further"
    write_sheet(further, "locations", [])
    write_sheet(further, "areas", [])
    row = ("hall-1", "", "hall-1:ahu_1", "AHU 1", "brick:AHU", "vav_101")
    write_sheet(further, "devices", [row])
    outcome, findings = await importer.run(further)
    assert findings == ["devices.csv:2:part_of: a circle: hall-1:ahu_1 → hall-1:vav_101 → hall-1:ahu_1"]
    assert outcome.changes is None


async def test_areas_in_a_circle_are_wrong(importer: Importer, folder: Path) -> None:
    """A floor cannot stand beneath one of its rooms."""
    spoil(folder, "areas", line_of(folder, "areas", "floor_1,Floor"), "parent", "room_101")
    _, findings = await importer.run(folder)
    assert "areas.csv:2:parent: a circle: room_101 → floor_1 → room_101" in findings


async def test_a_part_that_two_devices_could_mean_is_wrong(importer: Importer, folder: Path) -> None:
    """Serials that end alike in one building are told apart by nobody."""
    spoil(folder, "devices", line_of(folder, "devices", "hall-1:vav_103,"), "serial", "hall-1:b:vav_101")
    _, findings = await importer.run(folder)
    line = line_of(folder, "devices", "hall-1:vav_101_Command")
    assert f"devices.csv:{line}:part_of: 2 devices of location 'hall-1' end in 'vav_101'" in findings


async def test_an_unclosed_quote_costs_one_line(importer: Importer, folder: Path) -> None:
    """It is found where it stands, and the lines after it are read."""
    path = folder / "areas.csv"
    lines = path.read_bytes().split(b"\r\n")
    lines[1] = b'hall-1,room_101,"Room 101,ROOM,floor_1'
    lines[3] = b'hall-1,room_102,"Room"102,ROOM,'
    lines[4] = b"hall-1,room_103,Room 103"
    lines[5] = b"hall-1,room_104,Room \xe9 104,ROOM,floor_1"
    lines[6] = b"hall-1,room_105," + b"x" * 70_000 + b",ROOM,"
    path.write_bytes(b"\r\n".join(lines))
    outcome, findings = await importer.run(folder)
    assert [finding for finding in findings if finding.startswith("areas.csv")] == [
        "areas.csv:2:name: a quote is opened and not closed on this line",
        "areas.csv:4:name: text follows the closing quote",
        "areas.csv:5:kind: 3 values in a row of 5 columns",
        "areas.csv:6:name: the bytes are not UTF-8 after 'Room '",
        "areas.csv:7:location: the line is longer than 64 KiB",
    ]
    assert outcome.read["areas"] == CAMPUS.areas


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "devices.csv: No such file or directory"),
        (b"", "devices.csv:1: the file is empty; its first line names the columns"),
        (
            b"location,area,serial,label,type,part_of\n",
            "devices.csv:1:name: there is no such column; expected are location,area,serial,name,type,part_of",
        ),
        (
            b"location,area,serial,name,name,type,part_of\n",
            "devices.csv:1:name: the column is there twice",
        ),
        (
            b"location,area,serial,name,type,part_of,colour\n",
            "devices.csv:1:colour: the column is not known; expected are location,area,serial,name,type,part_of",
        ),
        ("location,area,serial".encode("utf-16"), "devices.csv:1: this is no UTF-8 text; save it as CSV UTF-8"),
        (b'location,"area,serial\n', "devices.csv:1: a quote is opened and not closed on this line"),
    ],
)
def test_a_file_that_cannot_be_used_is_told(folder: Path, content: bytes | None, message: str) -> None:
    """Before anything is read."""
    path = folder / "devices.csv"
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(UnreadableFolder) as told:
        open_csv_estate(folder)
    assert str(told.value).startswith(message)


async def test_columns_may_stand_in_any_order(importer: Importer, folder: Path) -> None:
    """And blank lines, blanks around values and a missing line end at the end of the file are no faults."""
    text = 'part_of, type ,name,serial,area,location\n\n ,t, A ,hall-1:a,,hall-1\r\n\na,t,"B, ""b""",hall-1:b,,hall-1'
    (folder / "devices.csv").write_text(text, encoding="utf-8")
    outcome, findings = await importer.run(folder)
    assert (findings, outcome.read["devices"]) == ([], 2)
    devices = await importer.devices()
    assert devices["hall-1:a"]["name"] == "A"
    assert (devices["hall-1:b"]["name"], devices["hall-1:b"]["parent"]) == ('B, "b"', "hall-1:a")

"""An import looks at living rows alone, and the feed tells of each row that it makes or changes."""

import asyncio
import uuid
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import select, update

from models import Area, Device, DeviceType, Event, EventHead, Location
from resolvers.importing import Mode
from resolvers.problems import Conflict, Problem
from resolvers.writing.feed import CHANNEL
from tenantry.databases import Databases
from tests.clock import HeldClock
from tests.estate import Estate
from tests.importing import Importer
from tests.look_alike import LookAlike, line_of, spoil, write_sheet
from tests.postgres import Urls

CAMPUS = LookAlike()
LOCATION_LINE = ("hq", "Head office", "", "", "")
AREA_LINE = ("hq", "room_101", "Foyer", "ROOM", "")
DEVICE_LINE = ("hq", "room_101", "R-0001", "Reader", "reader-2", "")


@pytest.fixture
def importer(databases: Databases, clock: HeldClock, acme: Estate) -> Importer:
    """Imports into a tenant that has one of each thing."""
    return Importer(databases, clock, acme.tenant.id)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two small buildings, as untidy as real ones."""
    return CAMPUS.write(tmp_path / "campus")


def sheets(folder: Path, *, locations: Any = (), areas: Any = (), devices: Any = ()) -> Path:
    """A folder of these lines."""
    write_sheet(folder, "locations", locations)
    write_sheet(folder, "areas", areas)
    write_sheet(folder, "devices", devices)
    return folder


def gone(importer: Importer, model: Any) -> Any:
    """The statement that deletes what the tenant has of a table, as a deletion does."""
    deleted = {"deleted_at": importer.clock.now(), "deletion_id": importer.clock.new_id()}
    return update(model).where(model.tenant_id == importer.tenant_id).values(deleted)


async def delete(importer: Importer, *models: Any) -> None:
    """Delete softly what the tenant has of these tables."""
    async with importer.databases.app.write(importer.tenant_id) as connection:
        for model in models:
            await connection.execute(gone(importer, model))


async def feed(importer: Importer) -> list[dict[str, Any]]:
    """The tenant's events by number."""
    return await told(importer, Event)


async def told(importer: Importer, model: Any) -> list[dict[str, Any]]:
    """What the tenant has in one of the feed's tables."""
    table = model.__table__
    async with importer.databases.app.read(importer.tenant_id) as connection:
        rows = await connection.execute(table.select().order_by(table.c.number))
        return [dict(row) for row in rows.mappings()]


@pytest.mark.parametrize(
    ("models", "finding"),
    [
        ((Location, Area, Device), "areas.csv:2:location: there is no location 'hq'"),
        ((Area, Device), "areas.csv:2:parent: location 'hq' has no area 'floor_1'"),
        ((Area, Device), "devices.csv:2:area: location 'hq' has no area 'room_101'"),
        ((Device,), "devices.csv:3:part_of: location 'hq' has no device whose serial ends in 'R-0001'"),
    ],
)
async def test_nothing_can_refer_to_what_is_deleted(
    importer: Importer, tmp_path: Path, models: tuple[Any, ...], finding: str
) -> None:
    """A deleted location, area or device is as if it did not exist, and nothing is told."""
    await delete(importer, *models)
    devices = [("hq", "room_101", "A", "A", "reader-2", ""), ("hq", "", "B", "B", "reader-2", "R-0001")]
    areas = [("hq", "annex", "Annex", "ROOM", "floor_1")]
    outcome, findings = await importer.run(sheets(tmp_path / "hq", areas=areas, devices=devices))
    assert finding in findings
    assert outcome.changes is None
    assert await feed(importer) == []


async def test_what_is_deleted_while_an_import_runs_is_not_referred_to(importer: Importer, tmp_path: Path) -> None:
    """A deletion that commits after the lines were checked: nothing is imported."""
    checked = asyncio.Event()

    def tell(step: str, _done: int) -> None:
        if step == "writing areas":
            checked.set()

    folder = sheets(tmp_path / "hq", areas=[("hq", "annex", "Annex", "ROOM", "")])
    async with asyncio.TaskGroup() as tasks, importer.databases.app.write(importer.tenant_id) as connection:
        # As a deletion does: an update alone lets the foreign keys of others pass.
        await connection.execute(select(Location.id).with_for_update())
        await connection.execute(gone(importer, Location))
        running = tasks.create_task(refused(importer, folder, tell))
        await checked.wait()
    assert running.result() == Conflict(
        "Somebody else changed the same things meanwhile. Nothing was imported: run it again."
    )
    assert await feed(importer) == []


async def refused(importer: Importer, folder: Path, progress: Any) -> object:
    """Why an import was refused."""
    with pytest.raises(Problem) as told:
        await importer.run(folder, progress=progress)
    return told.value.noun


@pytest.mark.parametrize("mode", [Mode(dry_run=True), Mode()])
async def test_what_is_not_imported_is_not_told(importer: Importer, folder: Path, mode: Mode) -> None:
    """Neither a dry run nor an import with an error leaves an event or takes a number."""
    if not mode.dry_run:
        spoil(folder, "devices", 2, "name", "")
    await importer.run(folder, mode)
    assert await feed(importer) == []
    assert await told(importer, EventHead) == []


async def test_an_import_that_changes_nothing_tells_nothing(importer: Importer, folder: Path) -> None:
    """The second run of the same folder leaves the feed as it is."""
    await importer.run(folder)
    before = await feed(importer)
    await importer.run(folder)
    assert await feed(importer) == before


async def test_new_rows_are_made_beside_deleted_ones(importer: Importer, acme: Estate, tmp_path: Path) -> None:
    """The same code, key or serial is another thing with another id; the deleted rows stay as they are."""
    await delete(importer, Location, Area, DeviceType, Device)
    before = await importer.everything()
    outcome, findings = await importer.run(
        sheets(tmp_path / "hq", locations=[LOCATION_LINE], areas=[AREA_LINE], devices=[DEVICE_LINE])
    )
    assert findings == []
    assert outcome.changes is not None
    assert {(count.created, count.updated) for count in outcome.changes.values()} == {(1, 0)}
    after = await importer.everything()
    assert [[row for row in rows if row["deleted_at"]] for rows in after] == before
    [location], [area], [kind], [device] = ([row for row in rows if not row["deleted_at"]] for rows in after)
    assert area["location_id"] == device["location_id"] == location["id"] != acme.location.id
    assert (device["area_id"], device["type_id"]) == (area["id"], kind["id"])


async def test_each_row_is_told_once_and_in_order(importer: Importer, folder: Path) -> None:
    """Numbers have no gaps, what is referred to comes first, and each event says where its thing is."""
    await importer.run(folder)
    events = await feed(importer)
    made = [2, CAMPUS.areas, 9, CAMPUS.devices]
    entities = ["Location", "Area", "DeviceType", "Device"]
    assert [event["number"] for event in events] == list(range(1, sum(made) + 1))
    assert [event["entity"] for event in events] == [
        name for name, count in zip(entities, made, strict=True) for _ in range(count)
    ]
    assert {(event["kind"], event["entity_version"]) for event in events} == {("CREATED", 1)}
    assert {(event["actor_kind"], event["actor_name"], event["token_id"]) for event in events} == {
        ("OPERATOR", "tenantry import", uuid.UUID(int=0))
    }
    told = {event["entity_id"]: (event["location_id"], event["area_id"]) for event in events}
    locations, areas, types, devices = await importer.everything()
    places = {row["id"]: (row["id"], None) for row in locations} | {row["id"]: (None, None) for row in types}
    places |= {row["id"]: (row["location_id"], row["id"]) for row in areas}
    places |= {row["id"]: (row["location_id"], row["area_id"]) for row in devices}
    assert told == {thing: place for thing, place in places.items() if thing in told}


async def test_a_change_is_told_with_its_columns_and_wakes_readers(
    importer: Importer, urls: Urls, folder: Path
) -> None:
    """Only what differs is named; numbers go on from the last one; one import wakes readers once."""
    await importer.run(folder)
    last = len(await feed(importer))
    for column in ("name", "area"):
        spoil(folder, "devices", line_of(folder, "devices", "hall-1:vav_101,"), column, "room_102")
    woken: asyncio.Queue[str] = asyncio.Queue()
    listener = await asyncpg.connect(urls.app.replace("+asyncpg", ""))
    try:
        await listener.add_listener(CHANNEL, lambda *told: woken.put_nowait(told[-1]))
        await importer.run(folder)
        while await asyncio.wait_for(woken.get(), 10) != str(importer.tenant_id):
            continue
        assert woken.empty()
    finally:
        await listener.close()
    [event] = (await feed(importer))[last:]
    device = (await importer.devices())["hall-1:vav_101"]
    assert (event["number"], event["kind"], event["entity"]) == (last + 1, "UPDATED", "Device")
    assert (event["entity_id"], event["entity_version"]) == (device["id"], 2)
    assert event["changed"] == ["area_id", "name"]
    assert event["area_id"] == device["area_id"]

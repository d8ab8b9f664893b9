"""An exported estate, imported into an empty tenant, is the same estate: exported again, it is the same bytes."""

import json
import uuid
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from models import Area, Device, DeviceType, Event, Location, Organization
from resolvers.exporting import Uncarried, export_estate
from resolvers.importing import SHEETS
from tenantry.csv_folder import NotEmpty, csv_folder
from tenantry.databases import Databases
from tenantry.seed import Size, seed
from tests.clock import HeldClock
from tests.estate import Estate, add, make_estate
from tests.exporting import export_sheets, files_in
from tests.importing import Importer

MODELS = (Organization, Location, Area, DeviceType, Device)
# What an import makes anew, and what only devices say.
OWN = {
    "tenant_id", "id", "path", "created_at", "updated_at", "version", "deleted_at", "deletion_id", "status", "reported",
    "last_seen_at",
}  # fmt: skip
ODD = 'Ünïcode 🏢, "quoted", back\\slash; =SUM(A1) \u2028 line'
ODD_JSON = {
    "text": 'line\nbreak, "quote", \u007f\u2028 🏢',
    "": [None, True, {"deep": [1.5, -0.0, 10**18]}],
    "a": "x: y",
}
LEVELS = 5


@pytest.fixture
async def rich(databases: Databases, clock: HeldClock, acme: Estate) -> Estate:
    """acme, with whatever the schema allows in every column."""
    adding = _Adding(databases, clock, acme.tenant.id)
    above: uuid.UUID | None = None
    for level in range(LEVELS):
        above = await adding.one(Organization, key=f"level, {level}", name=f"{ODD} {level}", parent_id=above)
    await adding.one(Location, code="bare", name="Nothing but a name")
    site = await adding.one(
        Location, code='"site"', name=ODD, organization_id=above, address="  blanks at the ends\u00a0", city="",
        country="NO", time_zone="Europe/Oslo", latitude=-89.99999999999999, longitude=1e-7,
    )  # fmt: skip
    room: uuid.UUID | None = None
    for level in range(LEVELS):
        kind = "FLOOR" if level == 0 else "ROOM"
        # The floor's label is not what its name says, and what lies on it has none.
        label = "Mezzanine " if level == 0 else None
        room = await adding.one(
            Area, location_id=site, parent_id=room, code=f"a{level}", name=f"Floor {level}", kind=kind, floor=label
        )
    odd_type = await adding.one(
        DeviceType, key="odd:type", name=ODD, kind="GATEWAY", manufacturer="", model=" 2 ",
        commands=[{"name": 'say "hi"'}, "on", 1.25], properties=ODD_JSON,
    )  # fmt: skip
    await adding.one(DeviceType, key="unused", name="Unused", kind="OTHER")
    full = await adding.one(
        Device, serial="hall:x:1", name=ODD, type_id=odd_type, location_id=site, area_id=room, organization_id=above,
        lifecycle="MAINTENANCE", firmware="1.0 ", enabled=False, simulated=True, labels=['a "b"', "c, d", "a", "[]"],
        desired=ODD_JSON, purchase_value=Decimal("999999999999.99"), currency="NOK", warranty_ends_at=date(2031, 2, 28),
    )  # fmt: skip
    # Its serial ends as the other's does; its parent comes later in the order of ids, in no building at all.
    stray = clock.new_id()
    await adding.one(
        Device, serial="y:1", name="Part", type_id=odd_type, location_id=site, parent_id=full, purchase_value=Decimal(0)
    )
    await adding.one(Device, serial="hall:a1", name="Of a stray", type_id=odd_type, location_id=site, area_id=room)
    await adding.one(Device, id=stray, serial="1", name="Nowhere", type_id=odd_type)
    async with databases.app.write(acme.tenant.id) as connection:
        moving = text("UPDATE device SET parent_id = :stray WHERE serial = 'hall:a1'")
        await connection.execute(moving, {"stray": stray})
        # Texts and numbers that Python would not write so.
        changing = text("UPDATE device SET desired = CAST(:json AS jsonb) WHERE serial = '1'")
        await connection.execute(changing, {"json": '{"n": [1.10, 100000000000000000000.5], "s": "a : b"}'})
    return acme


class _Adding:
    def __init__(self, databases: Databases, clock: HeldClock, tenant_id: uuid.UUID) -> None:
        self.of = (databases, clock)
        self.tenant_id = tenant_id

    async def one(self, model: Any, /, **values: Any) -> uuid.UUID:
        """The id of a new row."""
        made: uuid.UUID = (await add(*self.of, model, self.tenant_id, **values)).id
        return made


async def test_export_import_export_is_the_identity(
    databases: Databases, clock: HeldClock, rich: Estate, tmp_path: Path
) -> None:
    """The same bytes, and the same rows but for what a tenant has of its own."""
    first = await export_sheets(databases.app, rich.tenant.id, tmp_path / "first")
    other = Importer(databases, clock, clock.new_id())
    outcome, findings = await other.run(tmp_path / "first")
    assert findings == []
    assert outcome.changes is not None
    assert await export_sheets(databases.app, other.tenant_id, tmp_path / "second") == first
    ours = Importer(databases, clock, rich.tenant.id)
    for model in MODELS:
        assert await _told(ours, model) == await _told(other, model)


async def test_what_was_exported_changes_nothing_where_it_came_from(
    databases: Databases, clock: HeldClock, rich: Estate, tmp_path: Path
) -> None:
    """Imported into the same tenant, each line is of a row that is there already; nothing is told."""
    await export_sheets(databases.app, rich.tenant.id, tmp_path / "first")
    ours = Importer(databases, clock, rich.tenant.id)
    before = await ours.everything()
    outcome, findings = await ours.run(tmp_path / "first")
    assert findings == []
    assert outcome.changes is not None
    assert {(count.created, count.updated) for count in outcome.changes.values()} == {(0, 0)}
    assert await ours.everything() == before
    async with databases.app.read(rich.tenant.id) as connection:
        assert (await connection.execute(select(Event.number))).all() == []


async def test_a_seeded_estate_comes_back_whole(databases: Databases, clock: HeldClock, tmp_path: Path) -> None:
    """Three thousand devices, beneath their controllers: more than one page of each."""
    prefix = f"identity-{uuid.uuid4().hex[:12]}"
    await seed(databases.app, databases.platform, clock, Size(1, 3, 50, 20), prefix=prefix, tell=lambda *_told: None)
    async with databases.platform.read(None) as connection:
        found = await connection.execute(text("SELECT id FROM tenant WHERE slug = :slug"), {"slug": f"{prefix}-1"})
        tenant_id = found.scalar_one()
    first = await export_sheets(databases.app, tenant_id, tmp_path / "first")
    assert first["devices"].count(b"\r\n") == 1 + 3_000
    other = Importer(databases, clock, clock.new_id())
    await other.run(tmp_path / "first")
    assert await export_sheets(databases.app, other.tenant_id, tmp_path / "second") == first


async def test_a_neighbours_rows_are_in_no_sheet(
    databases: Databases, clock: HeldClock, rich: Estate, tmp_path: Path
) -> None:
    """What stands beside a full tenant exports what it has itself."""
    lone = await make_estate(databases, clock, "lone")
    sheets = await export_sheets(databases.app, lone.tenant.id, tmp_path / "lone")
    assert [sheet.count(b"\r\n") - 1 for sheet in sheets.values()] == [1, 1, 2, 1, 1]
    assert b"Acme Headquarters" not in b"".join(sheets.values())
    assert rich.tenant.id != lone.tenant.id


async def test_an_empty_tenant_has_headings(databases: Databases, clock: HeldClock, tmp_path: Path) -> None:
    """An import of them makes nothing."""
    sheets = await export_sheets(databases.app, clock.new_id(), tmp_path / "none")
    assert {sheet.count(b"\r\n") for sheet in sheets.values()} == {1}
    outcome, findings = await Importer(databases, clock, clock.new_id()).run(tmp_path / "none")
    assert (findings, outcome.errors) == ([], 0)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("UPDATE device SET name = E'two\\nlines'", "devices.csv: serial 'R-0001': name: the control character U+000A"),
        ("UPDATE device SET name = ' Reader'", "devices.csv: serial 'R-0001': name: ' Reader' is blank, or begins"),
        ("UPDATE device SET firmware = repeat('x', 65)", "devices.csv: serial 'R-0001': firmware: 65 characters"),
        ("UPDATE location SET country = ''", "locations.csv: code 'hq': country: '' is blank, or begins"),
        ("UPDATE area SET deleted_at = now() WHERE code = 'floor_1'", "what it refers to is deleted"),
        (
            "UPDATE device_type SET commands = '{}'",
            "device_types.csv: key 'reader-2': commands: '{}' must be a JSON list",
        ),
    ],
)
async def test_what_sheets_cannot_carry_is_refused(
    databases: Databases, acme: Estate, tmp_path: Path, change: str, reason: str
) -> None:
    """Written by other hands than ours: it is told where it stands, and no sheet is left that would lose it."""
    async with databases.app.write(acme.tenant.id) as connection:
        await connection.execute(text(change))
    with pytest.raises(Uncarried) as told:
        await export_sheets(databases.app, acme.tenant.id, tmp_path / "lossy")
    assert reason in str(told.value)
    assert files_in(tmp_path / "lossy") == set()


async def test_a_line_that_could_not_be_read_again_is_refused(
    databases: Databases, acme: Estate, tmp_path: Path
) -> None:
    """JSON whose numbers grew in the database, beyond what a line may have."""
    async with databases.app.write(acme.tenant.id) as connection:
        grown = json.dumps([1e300] * 300)
        changing = text("UPDATE device_type SET commands = CAST(:json AS jsonb)")
        await connection.execute(changing, {"json": grown})
    with pytest.raises(Uncarried, match="is longer than 64 KiB"):
        await export_sheets(databases.app, acme.tenant.id, tmp_path / "long")


async def test_the_largest_json_fits_a_line(
    databases: Databases, clock: HeldClock, acme: Estate, tmp_path: Path
) -> None:
    """Both fields of a type as full as they may be, with the letters that grow most."""
    quotes = ["" for _ in range(5_400)]
    await _Adding(databases, clock, acme.tenant.id).one(
        DeviceType, key="k" * 128, name="🏢" * 200, kind="OTHER", manufacturer='"' * 200, model='"' * 200,
        commands=quotes, properties={"q": quotes},
    )  # fmt: skip
    first = await export_sheets(databases.app, acme.tenant.id, tmp_path / "large")
    other = Importer(databases, clock, clock.new_id())
    _, findings = await other.run(tmp_path / "large")
    assert findings == []
    assert await export_sheets(databases.app, other.tenant_id, tmp_path / "again") == first


async def test_sheets_do_not_land_in_a_folder_that_is_in_use(
    databases: Databases, acme: Estate, tmp_path: Path
) -> None:
    """Unless they are told to: then they replace their own files and leave others alone."""
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(NotEmpty):
        await export_sheets(databases.app, acme.tenant.id, tmp_path)
    assert files_in(tmp_path) == {"notes.txt"}
    with csv_folder(tmp_path, force=True) as target:
        await export_estate(databases.app, acme.tenant.id, target)
    assert files_in(tmp_path) == {"notes.txt", *(sheet.file for sheet in SHEETS)}


async def _told(importer: Importer, model: Any) -> list[dict[str, Any]]:
    """The rows in their order, each reference as the place of the row that it leads to."""
    places = {
        row["id"]: (each.__tablename__, place) for each in MODELS for place, row in enumerate(await importer.rows(each))
    }
    return [
        {
            name: places.get(value, value) if name.endswith("_id") else value
            for name, value in row.items()
            if name not in OWN
        }
        for row in await importer.rows(model)
    ]

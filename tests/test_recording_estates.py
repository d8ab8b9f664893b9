"""What is done to an estate as a whole is one record: imports, exports, purges; and never what was in the rows."""

import hashlib
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from auth.scopes import Scope
from models import AuditAction
from resolvers.auditing.checking import check
from resolvers.exporting.recording import sought
from resolvers.importing import SHEETS, Mode
from resolvers.purge import purge
from resolvers.tokens import create_token
from schema.graph import Graph
from tenantry.databases import Databases
from tenantry.seed import Size, seed
from tests.ask import Ask, caller_of
from tests.auditing import Told, recorded
from tests.changing import EVERYTHING, changed
from tests.clock import HeldClock
from tests.estate import Estate
from tests.export_command import run_export
from tests.exporting import many_devices
from tests.following import HeldStanding, following
from tests.http import client_of, token_of
from tests.importing import Importer
from tests.postgres import Urls

READS = [scope for scope in EVERYTHING if scope.endswith(".read")]
EXPORT = "subscription ($filter: DeviceFilter) { exportDevices(filter: $filter) { rows } }"
FILES = {
    "locations.csv": "code,name,city,country,timezone\nhq,Headquarters,Oslo,NO,Europe/Oslo\n",
    "areas.csv": "location,parent,code,name,kind\nhq,,f1,Floor 1,FLOOR\n",
    "devices.csv": "serial,name,type,location,area,part_of\nS-1,Secretive reader,reader,hq,f1,\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One of each thing."""
    for name, lines in FILES.items():
        (tmp_path / name).write_text(lines)
    return tmp_path


@pytest.fixture
def importer(databases: Databases, clock: HeldClock, acme: Estate) -> Importer:
    """Acme's."""
    return Importer(databases, clock, acme.tenant.id)


async def imports(databases: Databases, estate: Estate) -> list[Told]:
    """The records of imports."""
    return await recorded(databases, estate.tenant.id, AuditAction.ESTATE_IMPORTED)


@pytest.mark.parametrize("mode", [Mode(dry_run=True), Mode(dry_run=True, partial=True)])
async def test_a_dry_run_of_an_import_records_nothing(
    importer: Importer, folder: Path, databases: Databases, acme: Estate, mode: Mode
) -> None:
    """Nothing was done."""
    await importer.run(folder, mode)
    assert await recorded(databases, acme.tenant.id) == []


async def test_an_import_that_is_refused_records_nothing(
    importer: Importer, folder: Path, databases: Databases, acme: Estate
) -> None:
    """Neither one with a wrong line, nor one that fails at its last moment."""
    with pytest.raises(ZeroDivisionError):
        await importer.run(folder, before_commit=_fail)
    (folder / "devices.csv").write_text(FILES["devices.csv"] + "S-2,Nowhere,reader,nowhere,,\n")
    await importer.run(folder)
    assert await recorded(databases, acme.tenant.id) == []


async def _fail() -> None:
    raise ZeroDivisionError


async def test_an_import_is_one_record_with_its_counts_and_the_files_digests(
    importer: Importer, folder: Path, databases: Databases, acme: Estate
) -> None:
    """Of the bytes that were imported; a second run is recorded too, and changes nothing."""
    for _ in range(2):
        await importer.run(folder)
    first, second = await imports(databases, acme)
    assert (first.row["actor_kind"], first.row["actor_name"]) == ("SYSTEM", "tenantry import")
    assert (first.row["target_type"], first.row["target_id"]) == ("Tenant", f"ten_{acme.tenant.id}")
    assert first.said["files"] == {name: hashlib.sha256(text.encode()).hexdigest() for name, text in FILES.items()}
    assert first.said["read"] == {"locations": 1, "areas": 1, "devices": 1}
    assert (first.said["partial"], first.said["errors"], first.said["notes"]) == (False, 0, 0)
    assert first.said["changes"]["devices"] == {"created": 1, "updated": 0, "unchanged": 0}
    assert second.said["changes"]["devices"] == {"created": 0, "updated": 0, "unchanged": 1}
    assert (await check(databases.app, acme.tenant.id)).ok


async def test_a_partial_import_says_what_was_left_out(
    importer: Importer, folder: Path, databases: Databases, acme: Estate
) -> None:
    """The errors are counted; no line of a file is in the record."""
    (folder / "devices.csv").write_text(FILES["devices.csv"] + "S-2,Secretive too,reader,nowhere,,\n")
    await importer.run(folder, Mode(partial=True))
    [record] = await imports(databases, acme)
    assert (record.said["partial"], record.said["errors"]) == (True, 1)
    assert "Secretive" not in str(record)


async def test_a_seeding_is_one_record(databases: Databases, clock: HeldClock, acme: Estate) -> None:
    """With what was made, by its type."""
    prefix = acme.tenant.slug[:40]
    done = await seed(
        databases.app, databases.platform, clock, Size(1, 1, 2, 3), prefix=prefix, tell=lambda *_told: None
    )
    async with databases.platform.read(None) as connection:
        tenant_id = await connection.scalar(text("SELECT id FROM tenant WHERE slug = :slug"), {"slug": done.filled[0]})
    [record] = await recorded(databases, tenant_id)
    assert (record.action, record.row["actor_name"]) == ("estate.imported", "tenantry seed")
    assert record.said["changes"]["Device"] == {"CREATED": 6}


async def exports(databases: Databases, estate: Estate) -> list[Told]:
    """The records of exports."""
    return await recorded(databases, estate.tenant.id, AuditAction.ESTATE_EXPORTED)


async def test_an_export_that_is_refused_is_no_export(ask: Ask, databases: Databases, acme: Estate) -> None:
    """What it lacked is recorded as of any operation."""
    await ask(acme, EXPORT)
    assert [each.action for each in await recorded(databases, acme.tenant.id)] == ["access.refused"]


async def test_an_export_is_recorded_at_its_end(
    graph: Graph, databases: Databases, acme: Estate, clock: HeldClock
) -> None:
    """Who got how many rows; what was sought by a digest alone."""
    sieve = {"serial": {"startsWith": "R-"}}
    standing = HeldStanding(caller_of(acme.tenant, clock, frozenset(READS)))
    async with following(graph, standing, EXPORT, filter=sieve) as reader:
        assert (await reader.response())["data"]["exportDevices"] == {"rows": 1}
        assert await exports(databases, acme) == []
        with pytest.raises(StopAsyncIteration):
            await reader.response()
    [record] = await exports(databases, acme)
    assert (record.row["outcome"], record.row["actor_kind"]) == ("SUCCEEDED", "SERVICE")
    assert (record.row["request_id"], record.row["target_id"]) == ("a-subscription", f"ten_{acme.tenant.id}")
    assert record.said | {"sought": None} == {"format": "NDJSON", "rows": {"Device": 1}, "sought": None}
    assert len(record.said["sought"]) == 64
    assert "R-" not in str(record.values)


async def test_an_export_that_is_cut_off_is_recorded_with_what_had_left(
    graph: Graph, databases: Databases, acme: Estate, clock: HeldClock
) -> None:
    """It failed; what its reader has, it has."""
    await many_devices(databases.app, clock, acme, 2_500)
    standing = HeldStanding(caller_of(acme.tenant, clock, frozenset(READS)))
    async with following(graph, standing, EXPORT) as reader:
        await reader.response()
    [record] = await exports(databases, acme)
    assert (record.row["outcome"], record.said["sought"]) == ("FAILED", None)
    assert record.said["rows"] == {"Device": 1_000}


async def test_a_file_is_recorded_once_with_its_address(
    graph: Graph, databases: Databases, acme: Estate, clock: HeldClock
) -> None:
    """The address of the export is one of the subscription's."""
    token = await token_of(databases, clock, acme, *READS)
    async with client_of(databases, graph, clock, token) as client:
        response = await client.get("/export/devices", params={"format": "csv"})
    assert isinstance(response, httpx.Response)
    [record] = await exports(databases, acme)
    assert (record.said["format"], record.row["address"]) == ("CSV", "127.0.0.1")
    assert record.row["request_id"] == response.headers["x-request-id"]


def test_what_is_sought_has_one_digest() -> None:
    """The same for the same filter; none where everything is asked for."""
    assert sought((), None) is sought(None, "") is None
    assert sought((("a", 1),), None) == sought((("a", 1),), None) != sought((("a", 2),), None)
    assert sought((), "a") != sought((), "b")


async def test_exports_by_command_are_recorded(urls: Urls, databases: Databases, acme: Estate, tmp_path: Path) -> None:
    """The sheets, and the lines; a folder that is not empty is no export."""
    run_export(urls, tmp_path / "sheets", "--tenant", acme.tenant.slug)
    run_export(urls, "--tenant", acme.tenant.slug, "--devices", "ndjson", "--search", "R-")
    run_export(urls, tmp_path / "sheets", "--tenant", acme.tenant.slug)
    sheets, lines = await exports(databases, acme)
    assert {sheets.row["actor_name"], lines.row["actor_name"]} == {"tenantry export"}
    assert (sheets.said["format"], lines.said["format"]) == ("SHEETS", "NDJSON")
    assert sheets.said["rows"] == {**dict.fromkeys([sheet.name for sheet in SHEETS], 1), "areas": 2}
    assert lines.said["rows"] == {"Device": 1}
    assert len(lines.said["sought"]) == 64


async def test_a_purge_is_recorded_with_what_went(
    ask: Ask, databases: Databases, acme: Estate, clock: HeldClock
) -> None:
    """And with the tokens that it ended; one that found nothing, or only looked, is not."""
    node = acme.ids["Location"]
    made = await create_token(databases.app, clock, acme.tenant.id, "bound", [Scope.DEVICES_READ], node=node)
    await changed(ask, acme, "deleteLocation", id=node, cascade=True)
    before = len(await recorded(databases, acme.tenant.id))
    await purge(databases.app, clock, acme.tenant.id, timedelta(days=30))
    clock.advance(timedelta(days=30))
    await purge(databases.app, clock, acme.tenant.id, timedelta(days=30), dry_run=True)
    assert len(await recorded(databases, acme.tenant.id)) == before
    await purge(databases.app, clock, acme.tenant.id, timedelta(days=30))
    revoked, purged = (await recorded(databases, acme.tenant.id))[before:]
    assert (revoked.action, revoked.row["target_id"]) == ("token.revoked", f"tok_{made.row['id']}")
    assert (purged.action, purged.row["actor_name"]) == ("estate.purged", "tenantry purge")
    assert purged.said["rows"] == {"device": 1, "area": 2, "location": 1, "deletion": 1}
    assert purged.said["held_back"] == 0

"""Exporting one tenant's devices as lines, and its estate as sheets."""

import csv
import io
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson

from models import Device
from models.database import Database
from resolvers.bulk import passing_rows
from resolvers.exporting import Chunk, ExportFormat, export_devices, export_estate
from resolvers.importing import SHEETS
from tenantry.csv_folder import csv_folder
from tests.clock import HeldClock
from tests.estate import Estate

Node = dict[str, Any]


async def chunks(
    database: Database,
    tenant_id: uuid.UUID,
    format_: ExportFormat = ExportFormat.NDJSON,
    filter_: Any = (),
    search: str | None = None,
) -> list[Chunk]:
    """What an export gives, piece by piece."""
    return [chunk async for chunk in export_devices(database, tenant_id, filter_, search, format_)]


async def ndjson(database: Database, tenant_id: uuid.UUID, filter_: Any = (), search: str | None = None) -> list[Node]:
    """The objects of an export."""
    found = await chunks(database, tenant_id, ExportFormat.NDJSON, filter_, search)
    return [orjson.loads(line) for chunk in found for line in chunk.text.splitlines()]


async def csv_rows(database: Database, tenant_id: uuid.UUID) -> list[dict[str, str]]:
    """The same, as a reader of CSV has it."""
    text = "".join(chunk.text for chunk in await chunks(database, tenant_id, ExportFormat.CSV))
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


async def many_devices(database: Database, clock: HeldClock, estate: Estate, count: int) -> list[uuid.UUID]:
    """The ids of further devices, in their order."""
    ids = [clock.new_id() for _ in range(count)]
    columns = ["tenant_id", "id", "serial", "name", "type_id", "created_at", "updated_at"]
    now = clock.now()
    rows: Iterable[tuple[Any, ...]] = (
        (estate.tenant.id, each, f"M-{number}", f"Many {number}", estate.device_type.id, now, now)
        for number, each in enumerate(ids)
    )
    table: Any = Device.__table__
    async with (
        database.write(estate.tenant.id) as connection,
        passing_rows(connection, table, columns, rows),
    ):
        pass
    return ids


async def export_sheets(database: Database, tenant_id: uuid.UUID, folder: Path) -> dict[str, bytes]:
    """Export an estate into a folder; its files."""
    with csv_folder(folder, force=False) as target:
        await export_estate(database, tenant_id, target)
    return sheets_of(folder)


def sheets_of(folder: Path) -> dict[str, bytes]:
    """The files of a folder, by the names of the sheets."""
    return {sheet.name: (folder / sheet.file).read_bytes() for sheet in SHEETS}


def files_in(folder: Path) -> set[str]:
    """The names of what is there."""
    return {path.name for path in folder.iterdir()}

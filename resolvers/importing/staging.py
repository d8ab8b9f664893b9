"""The temporary tables in which an import is prepared; they end with its transaction.

`refused` marks a line that will not be kept, `known` one whose thing the tenant has already: then `id` is that
thing's. Texts are compared in byte order, as the columns that they are compared with.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ARRAY, Boolean, Column, Identity, Integer, MetaData, SmallInteger, Table, Text, Uuid
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.schema import CreateIndex, CreateTable, Index

from models.base import SORTED_TEXT
from resolvers.importing.finding import Finding
from resolvers.importing.sheet import AREAS, DEVICES, LOCATIONS, SHEETS, Sheet

STAGING = MetaData()


def _staged(name: str, *columns: Column[Any]) -> Table:
    return Table(name, STAGING, *columns, prefixes=["TEMPORARY"], postgresql_on_commit="DROP")


def _lines() -> list[Column[Any]]:
    return [
        Column("line", Integer, primary_key=True),
        Column("id", Uuid),
        Column("refused", Boolean),
        Column("known", Boolean, server_default="false"),
    ]


def _texts(*names: str) -> list[Column[Any]]:
    return [Column(name, SORTED_TEXT) for name in names]


locations = _staged("import_location", *_lines(), *_texts(*LOCATIONS.heading))
areas = _staged(
    "import_area",
    *_lines(),
    *_texts(*AREAS.heading, "floor"),
    Column("location_id", Uuid),
    Column("parent_id", Uuid),
)
# `tail` is the last part of the serial, by which `part_of` names a device, and `matches` how many it names.
devices = _staged(
    "import_device",
    *_lines(),
    *_texts(*DEVICES.heading, "tail"),
    Column("location_id", Uuid),
    Column("area_id", Uuid),
    Column("type_id", Uuid),
    Column("parent_id", Uuid),
    Column("matches", Integer),
)
# Who stands beneath whom once the import is done, as far as that can concern its lines.
edges = _staged("import_edge", Column("id", Uuid), Column("parent_id", Uuid))
findings = _staged(
    "import_finding",
    Column("sheet", SmallInteger),
    Column("line", Integer),
    Column("place", SmallInteger),
    Column("reason", Text),
    Column("note", Boolean),
)
# What is done to the tenant's rows, in its order, for the feed.
changes = _staged(
    "import_change",
    Column("position", Integer, Identity()),
    Column("kind", Text),
    Column("entity", Text),
    Column("entity_id", Uuid),
    Column("entity_version", Integer),
    Column("changed", ARRAY(Text)),
    Column("location_id", Uuid),
    Column("area_id", Uuid),
)

TABLES = {LOCATIONS: locations, AREAS: areas, DEVICES: devices}
INDEXES = (
    Index("import_location_code", locations.c.code),
    Index("import_area_code", areas.c.location, areas.c.code),
    Index("import_device_serial", devices.c.serial),
    Index("import_device_tail", devices.c.location, devices.c.tail),
    Index("import_finding_line", findings.c.sheet, findings.c.line),
    Index("import_edge_id", edges.c.id),
    Index("import_edge_parent", edges.c.parent_id),
)


async def create_staging(connection: AsyncConnection) -> None:
    """Make the tables and their indexes."""
    for table in STAGING.sorted_tables:
        await connection.execute(CreateTable(table))
    for index in INDEXES:
        await connection.execute(CreateIndex(index))


def as_record(finding: Finding) -> tuple[int, int, int, str, bool]:
    """A finding as a row of its table."""
    sheet = next(sheet for sheet in SHEETS if sheet.file == finding.file)
    return SHEETS.index(sheet), finding.line, sheet.heading.index(finding.column), finding.reason, finding.note


def as_finding(record: Iterable[Any]) -> Finding:
    """The other way round."""
    number, line, place, reason, note = record
    sheet: Sheet = SHEETS[number]
    return Finding(sheet.file, line, sheet.heading[place], reason, note=note)

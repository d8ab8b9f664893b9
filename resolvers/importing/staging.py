"""The temporary tables in which an import is prepared; they end with its transaction.

`refused` marks a line that will not be kept, `known` one whose thing the tenant has already: then `id` is that
thing's. Texts are compared in byte order, as the columns that they are compared with.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ARRAY, Boolean, Column, Integer, MetaData, SmallInteger, Table, Text, Uuid
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.schema import CreateIndex, CreateTable, Index

from loaders import entities
from loaders.entities import Entity
from models.base import SORTED_TEXT
from resolvers.importing.finding import Finding
from resolvers.importing.sheet import AREAS, DEVICE_TYPES, DEVICES, LOCATIONS, ORGANIZATIONS, SHEETS, Sheet

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


def _values(sheet: Sheet, entity: Entity) -> list[Column[Any]]:
    """What the sheet says: texts, but where the tenant's column of that name holds something else."""
    kept = entity.sql.c
    return [
        Column(name, SORTED_TEXT if name not in kept or isinstance(kept[name].type, Text) else kept[name].type)
        for name in sheet.heading
    ]


def _references(*names: str) -> list[Column[Any]]:
    return [Column(name, Uuid) for name in names]


def _path() -> Column[Any]:
    """The path that the line's thing will have."""
    return Column("path", ARRAY(Uuid))


organizations = _staged(
    "import_organization", *_lines(), *_values(ORGANIZATIONS, entities.ORGANIZATION), *_references("parent_id"), _path()
)
locations = _staged(
    "import_location", *_lines(), *_values(LOCATIONS, entities.LOCATION), *_references("organization_id")
)
areas = _staged(
    "import_area", *_lines(), *_values(AREAS, entities.AREA), *_references("location_id", "parent_id"), _path()
)
device_types = _staged("import_device_type", *_lines(), *_values(DEVICE_TYPES, entities.DEVICE_TYPE))
# `tail` is the last part of the serial, by which `part_of` names a device, and `matches` how many it names.
devices = _staged(
    "import_device",
    *_lines(),
    *_values(DEVICES, entities.DEVICE),
    Column("tail", SORTED_TEXT),
    *_references("location_id", "area_id", "type_id", "parent_id", "organization_id"),
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
# By the names of the sheets.
TABLES = {
    ORGANIZATIONS.name: organizations,
    LOCATIONS.name: locations,
    AREAS.name: areas,
    DEVICE_TYPES.name: device_types,
    DEVICES.name: devices,
}
INDEXES = (
    Index("import_organization_key", organizations.c.key),
    Index("import_organization_id", organizations.c.id),
    Index("import_area_id", areas.c.id),
    Index("import_location_code", locations.c.code),
    Index("import_area_code", areas.c.location, areas.c.code),
    Index("import_device_type_key", device_types.c.key),
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

"""What lines refer to: their own thing if the tenant has it, their location, area, organization, type or parent.

A reference may name a line of the sheets or what the tenant has already.
"""

import uuid

from sqlalchemy import exists, select, union, update
from sqlalchemy.ext.asyncio import AsyncConnection

from resolvers.importing.checks import lost_reference, note_findings, said
from resolvers.importing.kept import AREA, KEPT, ORGANIZATION, TYPE, of
from resolvers.importing.sheet import AREAS, DEVICE_TYPES, DEVICES, LOCATIONS, ORGANIZATIONS, Sheet
from resolvers.importing.staging import TABLES, areas, device_types, devices, organizations


async def resolve_organizations(connection: AsyncConnection, tenant_id: uuid.UUID) -> None:
    """The organizations' parents, and which organizations the tenant has already."""
    await _resolve_itself(connection, tenant_id, ORGANIZATIONS)
    # A parent may be a refused line here: tree.py names that line.
    every = organizations.alias("every_organization")
    named = union(
        select(every.c.key, every.c.id),
        select(ORGANIZATION.c.key, ORGANIZATION.c.id).where(of(ORGANIZATION, tenant_id)),
    ).subquery()
    meant = named.c.key == organizations.c.parent
    await connection.execute(update(organizations).where(meant).values(parent_id=named.c.id))
    lost = select(organizations.c.line, said("there is no organization '", organizations.c.parent, "'")).where(
        ~organizations.c.refused, organizations.c.parent.is_not(None), organizations.c.parent_id.is_(None)
    )
    await note_findings(connection, ORGANIZATIONS, "parent", lost)


async def resolve_locations(connection: AsyncConnection, tenant_id: uuid.UUID) -> None:
    """The locations' organizations, and which locations the tenant has already."""
    await _resolve_itself(connection, tenant_id, LOCATIONS)
    await _resolve_named(connection, tenant_id, LOCATIONS, "organization", ORGANIZATIONS)


async def resolve_areas(connection: AsyncConnection, tenant_id: uuid.UUID) -> None:
    """The areas' locations and parents, and which areas the tenant has already."""
    await _resolve_named(connection, tenant_id, AREAS, "location", LOCATIONS)
    there = of(AREA, tenant_id) & (AREA.c.location_id == areas.c.location_id) & (AREA.c.code == areas.c.code)
    await connection.execute(update(areas).where(there).values(id=AREA.c.id, known=True))

    # A parent may be a refused line here: tree.py names that line.
    every = areas.alias("every_area")
    named = union(
        select(every.c.location_id, every.c.code, every.c.id),
        select(AREA.c.location_id, AREA.c.code, AREA.c.id).where(of(AREA, tenant_id)),
    ).subquery()
    meant = (named.c.location_id == areas.c.location_id) & (named.c.code == areas.c.parent)
    await connection.execute(update(areas).where(meant).values(parent_id=named.c.id))
    lost = select(areas.c.line, said("location '", areas.c.location, "' has no area '", areas.c.parent, "'")).where(
        ~areas.c.refused, areas.c.parent.is_not(None), areas.c.parent_id.is_(None)
    )
    await note_findings(connection, AREAS, "parent", lost)


async def resolve_devices(connection: AsyncConnection, tenant_id: uuid.UUID) -> None:
    """The devices' locations, areas and organizations, and which devices the tenant has already."""
    await _resolve_named(connection, tenant_id, DEVICES, "location", LOCATIONS)
    await _resolve_itself(connection, tenant_id, DEVICES)
    await _resolve_named(connection, tenant_id, DEVICES, "organization", ORGANIZATIONS)
    # A type that is nowhere is made; one that is on a refused line alone is not.
    there = exists(select(TYPE.c.id).where(of(TYPE, tenant_id), TYPE.c.key == devices.c.type))
    refused_type = select(devices.c.line, lost_reference(device_types, DEVICE_TYPES.file, "")).where(
        device_types.c.key == devices.c.type, device_types.c.refused, ~devices.c.refused, ~there
    )
    await note_findings(connection, DEVICES, "type", refused_type)

    named = union(
        select(areas.c.location_id, areas.c.code, areas.c.id).where(~areas.c.refused),
        select(AREA.c.location_id, AREA.c.code, AREA.c.id).where(of(AREA, tenant_id)),
    ).subquery()
    meant = (named.c.location_id == devices.c.location_id) & (named.c.code == devices.c.area)
    await connection.execute(update(devices).where(meant).values(area_id=named.c.id))
    line = (areas.c.location == devices.c.location) & (areas.c.code == devices.c.area)
    nowhere = ("location '", devices.c.location, "' has no area '", devices.c.area, "'")
    lost = (
        select(devices.c.line, lost_reference(areas, AREAS.file, *nowhere))
        .select_from(devices.outerjoin(areas, line))
        .where(~devices.c.refused, devices.c.area.is_not(None), devices.c.area_id.is_(None))
    )
    await note_findings(connection, DEVICES, "area", lost)


async def resolve_device_types(connection: AsyncConnection, tenant_id: uuid.UUID) -> None:
    """Which device types the tenant has already."""
    await _resolve_itself(connection, tenant_id, DEVICE_TYPES)


async def _resolve_itself(connection: AsyncConnection, tenant_id: uuid.UUID, sheet: Sheet) -> None:
    """Which things of a sheet the tenant has already."""
    table, kept, (key,) = TABLES[sheet.name], KEPT[sheet.name], sheet.key
    there = of(kept, tenant_id) & (kept.c[key] == table.c[key])
    await connection.execute(update(table).where(there).values(id=kept.c.id, known=True))


async def _resolve_named(
    connection: AsyncConnection, tenant_id: uuid.UUID, sheet: Sheet, column: str, target: Sheet
) -> None:
    """What a column of a sheet names by its key: a line of the target's, or what the tenant has."""
    table, lines, kept, (key,) = TABLES[sheet.name], TABLES[target.name], KEPT[target.name], target.key
    named = union(
        select(lines.c[key], lines.c.id).where(~lines.c.refused),
        select(kept.c[key], kept.c.id).where(of(kept, tenant_id)),
    ).subquery()
    refers = table.c[f"{column}_id"]
    await connection.execute(update(table).where(named.c[key] == table.c[column]).values({refers: named.c.id}))
    nowhere = (f"there is no {column} '", table.c[column], "'")
    lost = (
        select(table.c.line, lost_reference(lines, target.file, *nowhere))
        .select_from(table.outerjoin(lines, lines.c[key] == table.c[column]))
        .where(~table.c.refused, table.c[column].is_not(None), refers.is_(None))
    )
    await note_findings(connection, sheet, column, lost)

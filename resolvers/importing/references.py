"""What lines refer to: their own thing if the tenant has it, their location, their area, an area's parent.

A reference may name a line of the sheets or what the tenant has already.
"""

import uuid

from sqlalchemy import Table, select, union, update
from sqlalchemy.ext.asyncio import AsyncConnection

from resolvers.importing.checks import lost_reference, note_findings, said
from resolvers.importing.kept import AREA, DEVICE, LOCATION, of
from resolvers.importing.sheet import AREAS, DEVICES, LOCATIONS, Sheet
from resolvers.importing.staging import TABLES, areas, devices, locations


async def resolve_locations(connection: AsyncConnection, tenant_id: uuid.UUID) -> None:
    """Which locations the tenant has already."""
    there = of(LOCATION, tenant_id) & (LOCATION.c.code == locations.c.code)
    await connection.execute(update(locations).where(there).values(id=LOCATION.c.id, known=True))


async def resolve_areas(connection: AsyncConnection, tenant_id: uuid.UUID) -> None:
    """The areas' locations and parents, and which areas the tenant has already."""
    await _resolve_location(connection, tenant_id, AREAS)
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
    """The devices' locations and areas, and which devices the tenant has already."""
    await _resolve_location(connection, tenant_id, DEVICES)
    there = of(DEVICE, tenant_id) & (DEVICE.c.serial == devices.c.serial)
    await connection.execute(update(devices).where(there).values(id=DEVICE.c.id, known=True))

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


async def _resolve_location(connection: AsyncConnection, tenant_id: uuid.UUID, sheet: Sheet) -> None:
    """The location that each line of a sheet names."""
    table: Table = TABLES[sheet]
    named = union(
        select(locations.c.code, locations.c.id).where(~locations.c.refused),
        select(LOCATION.c.code, LOCATION.c.id).where(of(LOCATION, tenant_id)),
    ).subquery()
    await connection.execute(update(table).where(named.c.code == table.c.location).values(location_id=named.c.id))
    nowhere = ("there is no location '", table.c.location, "'")
    lost = (
        select(table.c.line, lost_reference(locations, LOCATIONS.file, *nowhere))
        .select_from(table.outerjoin(locations, locations.c.code == table.c.location))
        .where(~table.c.refused, table.c.location_id.is_(None))
    )
    await note_findings(connection, sheet, "location", lost)

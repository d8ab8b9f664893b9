"""Carrying the lines over: what is new is inserted, what differs is updated and its version raised by one.

A sheet speaks for its own columns and for no others; a line that changes nothing touches nothing.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Table, and_, func, insert, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from models import AreaKind, DeviceLifecycle, DeviceStatus, DeviceType
from models.clock import Clock
from resolvers.bulk import insert_rows
from resolvers.importing.device_type import kind_of_type, name_of_type
from resolvers.importing.references import AREA, DEVICE, LOCATION
from resolvers.importing.staging import areas, devices, locations

TYPE: Any = DeviceType.__table__


@dataclass(frozen=True, slots=True)
class Count:
    """What an import does to one table."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0


@dataclass(frozen=True)
class Transfer:
    """What the lines say of each column of the tenant's table; `new` is said of inserted rows only."""

    kept: Any
    lines: Table
    says: Mapping[str, Any]
    new: Mapping[str, str] = field(default_factory=dict)


def _same_names(lines: Table, *names: str) -> dict[str, Any]:
    return {name: lines.c[name] for name in names}


LOCATION_LINES = Transfer(
    LOCATION,
    locations,
    {**_same_names(locations, "code", "name", "city", "country"), "time_zone": locations.c.timezone},
)
AREA_LINES = Transfer(AREA, areas, _same_names(areas, "location_id", "code", "name", "kind", "parent_id", "floor"))
# New devices are in their building, hence DEPLOYED, and nobody has heard of them yet.
DEVICE_LINES = Transfer(
    DEVICE,
    devices,
    _same_names(devices, "serial", "name", "type_id", "location_id", "area_id", "parent_id"),
    {"status": DeviceStatus.UNKNOWN, "lifecycle": DeviceLifecycle.DEPLOYED},
)


async def apply_locations(connection: AsyncConnection, clock: Clock, tenant_id: uuid.UUID) -> Count:
    """The locations, with their names, cities, countries and time zones."""
    return await _apply(connection, clock, tenant_id, LOCATION_LINES)


async def apply_areas(connection: AsyncConnection, clock: Clock, tenant_id: uuid.UUID) -> Count:
    """The areas, each with the label of the floor that it is on, where the lines tell."""
    await _spread_floors(connection, tenant_id)
    return await _apply(connection, clock, tenant_id, AREA_LINES)


async def apply_device_types(connection: AsyncConnection, clock: Clock, tenant_id: uuid.UUID) -> Count:
    """The types that the devices name and the tenant lacks; those that it has are left as they are."""
    there = (TYPE.c.tenant_id == tenant_id) & (TYPE.c.key == devices.c.type)
    named = (
        select(devices.c.type, func.count(TYPE.c.id))
        .select_from(devices.outerjoin(TYPE, there))
        .where(~devices.c.refused)
        .group_by(devices.c.type)
        .order_by(devices.c.type)
    )
    found = (await connection.execute(named)).all()
    missing = [key for key, known in found if not known]
    now = clock.now()
    columns = ["tenant_id", "id", "key", "name", "kind", "created_at", "updated_at"]
    rows = ((tenant_id, clock.new_id(), key, name_of_type(key), kind_of_type(key), now, now) for key in missing)
    await insert_rows(connection, DeviceType, columns, rows)
    return Count(created=len(missing), unchanged=len(found) - len(missing))


async def apply_devices(connection: AsyncConnection, clock: Clock, tenant_id: uuid.UUID) -> Count:
    """The devices, once their types are there."""
    typed = (TYPE.c.tenant_id == tenant_id) & (TYPE.c.key == devices.c.type)
    await connection.execute(update(devices).where(typed).values(type_id=TYPE.c.id))
    return await _apply(connection, clock, tenant_id, DEVICE_LINES)


async def _apply(connection: AsyncConnection, clock: Clock, tenant_id: uuid.UUID, transfer: Transfer) -> Count:
    kept, lines, says, now = transfer.kept, transfer.lines, transfer.says, clock.now()
    fixed = {"tenant_id": tenant_id, "created_at": now, "updated_at": now, **transfer.new}
    values = [lines.c.id, *says.values(), *(literal(value) for value in fixed.values())]
    fresh = select(*values).where(~lines.c.refused, ~lines.c.known).order_by(lines.c.line)
    inserting = insert(kept).from_select(["id", *says, *fixed], fresh, include_defaults=False)
    inserted = await connection.execute(inserting.execution_options(preserve_rowcount=True))

    same = and_(kept.c.tenant_id == tenant_id, kept.c.id == lines.c.id, lines.c.known, ~lines.c.refused)
    differs = or_(*(kept.c[name].is_distinct_from(value) for name, value in says.items()))
    changing = update(kept).where(same, differs).values(**says, updated_at=now, version=kept.c.version + 1)
    updated = await connection.execute(changing)

    found = await connection.execute(select(func.count()).where(lines.c.known, ~lines.c.refused))
    return Count(inserted.rowcount, updated.rowcount, found.scalar_one() - updated.rowcount)


async def _spread_floors(connection: AsyncConnection, tenant_id: uuid.UUID) -> None:
    """An area is on the floor that it stands beneath; one that the lines put beneath none keeps what it has."""
    said_here = select(areas.c.id, areas.c.floor).where(~areas.c.refused, areas.c.kind == AreaKind.FLOOR)
    line = areas.alias("line")
    kept_above = (
        select(AREA.c.id, AREA.c.floor)
        .where(AREA.c.tenant_id == tenant_id, AREA.c.floor.is_not(None))
        .where(~select(line.c.id).where(line.c.id == AREA.c.id, ~line.c.refused).exists())
    )
    floors = select(said_here.union_all(kept_above).subquery()).cte("floors", recursive=True)
    floors = floors.union_all(
        select(areas.c.id, floors.c.floor).where(
            areas.c.parent_id == floors.c.id, areas.c.kind != AreaKind.FLOOR, ~areas.c.refused
        )
    )
    await connection.execute(update(areas).where(areas.c.id == floors.c.id).values(floor=floors.c.floor))
    kept = (AREA.c.tenant_id == tenant_id) & (AREA.c.id == areas.c.id)
    await connection.execute(update(areas).where(areas.c.floor.is_(None), kept).values(floor=AREA.c.floor))

"""Carrying the lines over: what is new is inserted, what differs is updated and its version raised by one.

A sheet speaks for its own columns and for no others; a line that changes nothing touches nothing.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    ClauseElement,
    ColumnElement,
    Select,
    Table,
    Text,
    Uuid,
    and_,
    case,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.ext.asyncio import AsyncConnection

from loaders import entities
from loaders.entities import Entity
from models import AreaKind, ChangeKind, DeviceLifecycle, DeviceStatus, DeviceType
from models.clock import Clock
from resolvers.bulk import copy_rows, insert_rows
from resolvers.importing.device_type import kind_of_type, name_of_type
from resolvers.importing.kept import AREA, TYPE, of
from resolvers.importing.staging import areas, changes, devices, locations
from resolvers.importing.telling import GATHERED

NOWHERE: ColumnElement[Any] = null().cast(Uuid)


@dataclass(frozen=True, slots=True)
class Count:
    """What an import does to one table."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0


@dataclass(frozen=True)
class Transfer:
    """What the lines say of each column of the tenant's table; `new` is said of inserted rows only.

    `place` is the location and the area where a line's thing is, for the feed.
    """

    entity: Entity
    lines: Table
    says: Mapping[str, Any]
    place: tuple[ColumnElement[Any], ColumnElement[Any]]
    new: Mapping[str, str] = field(default_factory=dict)


def _same_names(lines: Table, *names: str) -> dict[str, Any]:
    return {name: lines.c[name] for name in names}


LOCATION_LINES = Transfer(
    entities.LOCATION,
    locations,
    {**_same_names(locations, "code", "name", "city", "country"), "time_zone": locations.c.timezone},
    (locations.c.id, NOWHERE),
)
AREA_LINES = Transfer(
    entities.AREA,
    areas,
    _same_names(areas, "location_id", "code", "name", "kind", "parent_id", "floor"),
    (areas.c.location_id, areas.c.id),
)
# New devices are in their building, hence DEPLOYED, and nobody has heard of them yet.
DEVICE_LINES = Transfer(
    entities.DEVICE,
    devices,
    _same_names(devices, "serial", "name", "type_id", "location_id", "area_id", "parent_id"),
    (devices.c.location_id, devices.c.area_id),
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
    there = of(TYPE, tenant_id) & (TYPE.c.key == devices.c.type)
    named = (
        select(devices.c.type, func.count(TYPE.c.id))
        .select_from(devices.outerjoin(TYPE, there))
        .where(~devices.c.refused)
        .group_by(devices.c.type)
        .order_by(devices.c.type)
    )
    found = (await connection.execute(named)).all()
    missing = {key: clock.new_id() for key, known in found if not known}
    now = clock.now()
    columns = ["tenant_id", "id", "key", "name", "kind", "created_at", "updated_at"]
    rows = ((tenant_id, made, key, name_of_type(key), kind_of_type(key), now, now) for key, made in missing.items())
    await insert_rows(connection, DeviceType, columns, rows)
    name, said = entities.DEVICE_TYPE.name, ["key", "kind", "name"]
    events = ((ChangeKind.CREATED, name, made, 1, said, None, None) for made in missing.values())
    await copy_rows(connection, changes, GATHERED, events)
    return Count(created=len(missing), unchanged=len(found) - len(missing))


async def apply_devices(connection: AsyncConnection, clock: Clock, tenant_id: uuid.UUID) -> Count:
    """The devices, once their types are there."""
    typed = of(TYPE, tenant_id) & (TYPE.c.key == devices.c.type)
    await connection.execute(update(devices).where(typed).values(type_id=TYPE.c.id))
    return await _apply(connection, clock, tenant_id, DEVICE_LINES)


async def _apply(connection: AsyncConnection, clock: Clock, tenant_id: uuid.UUID, transfer: Transfer) -> Count:
    kept, lines, says, now = transfer.entity.sql, transfer.lines, transfer.says, clock.now()
    created = await _note_created(connection, transfer)
    updated = await _note_updated(connection, tenant_id, transfer)
    fixed = {"tenant_id": tenant_id, "created_at": now, "updated_at": now, **transfer.new}
    values = [lines.c.id, *says.values(), *(literal(value) for value in fixed.values())]
    fresh = select(*values).where(~lines.c.refused, ~lines.c.known).order_by(lines.c.line)
    await connection.execute(insert(kept).from_select(["id", *says, *fixed], fresh, include_defaults=False))

    if updated:
        # The planner knows nothing of a table that was made a moment ago.
        await connection.execute(text("ANALYZE import_change"))
        differing = (changes.c.entity_id == lines.c.id) & (changes.c.kind == ChangeKind.UPDATED)
        changing = update(kept).where(kept.c.tenant_id == tenant_id, kept.c.id == lines.c.id, differing)
        await connection.execute(changing.values(**says, updated_at=now, version=changes.c.entity_version))

    found = await connection.execute(select(func.count()).where(lines.c.known, ~lines.c.refused))
    return Count(created, updated, found.scalar_one() - updated)


async def _note_created(connection: AsyncConnection, transfer: Transfer) -> int:
    """Gather the rows that are to be inserted; how many there are."""
    lines = transfer.lines
    said = array([literal(name, Text) for name in sorted(transfer.says)])
    event = (ChangeKind.CREATED, transfer.entity.name, lines.c.id, 1, said, *transfer.place)
    return await _note(connection, event, select().where(~lines.c.refused, ~lines.c.known).order_by(lines.c.line))


async def _note_updated(connection: AsyncConnection, tenant_id: uuid.UUID, transfer: Transfer) -> int:
    """Gather the rows that a line differs from, each held as it is until it is changed; how many there are."""
    kept, lines = transfer.entity.sql, transfer.lines
    differs = {name: kept.c[name].is_distinct_from(transfer.says[name]) for name in sorted(transfer.says)}
    names = array([case((differing, literal(name, Text))) for name, differing in differs.items()])
    changed = func.array_remove(names, null())
    event = (ChangeKind.UPDATED, transfer.entity.name, kept.c.id, kept.c.version + 1, changed, *transfer.place)
    # Sought by its key alone: a partial index of the living would tempt the planner, and `any_deleted` asks later.
    same = and_(kept.c.tenant_id == tenant_id, kept.c.id == lines.c.id, lines.c.known, ~lines.c.refused)
    rows = select().where(same, or_(*differs.values())).order_by(lines.c.line)
    return await _note(connection, event, rows.with_for_update(of=kept, key_share=True))


async def _note(connection: AsyncConnection, event: tuple[Any, ...], rows: Select[Any]) -> int:
    values: list[Any] = [value if isinstance(value, ClauseElement) else literal(value) for value in event]
    noting = insert(changes).from_select(GATHERED, rows.add_columns(*values), include_defaults=False)
    return (await connection.execute(noting.execution_options(preserve_rowcount=True))).rowcount


async def _spread_floors(connection: AsyncConnection, tenant_id: uuid.UUID) -> None:
    """An area is on the floor that it stands beneath; one that the lines put beneath none keeps what it has."""
    said_here = select(areas.c.id, areas.c.floor).where(~areas.c.refused, areas.c.kind == AreaKind.FLOOR)
    line = areas.alias("line")
    kept_above = (
        select(AREA.c.id, AREA.c.floor)
        .where(of(AREA, tenant_id), AREA.c.floor.is_not(None))
        .where(~select(line.c.id).where(line.c.id == AREA.c.id, ~line.c.refused).exists())
    )
    floors = select(said_here.union_all(kept_above).subquery()).cte("floors", recursive=True)
    floors = floors.union_all(
        select(areas.c.id, floors.c.floor).where(
            areas.c.parent_id == floors.c.id, areas.c.kind != AreaKind.FLOOR, ~areas.c.refused
        )
    )
    await connection.execute(update(areas).where(areas.c.id == floors.c.id).values(floor=floors.c.floor))
    kept = of(AREA, tenant_id) & (AREA.c.id == areas.c.id)
    await connection.execute(update(areas).where(areas.c.floor.is_(None), kept).values(floor=AREA.c.floor))

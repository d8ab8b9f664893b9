"""Carrying the lines over: what is new is inserted, what differs is updated and its version raised by one.

A sheet speaks for its own columns and for no others; a line that changes nothing touches nothing.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    ClauseElement,
    ColumnElement,
    Select,
    Table,
    Text,
    and_,
    case,
    exists,
    false,
    func,
    insert,
    literal,
    literal_column,
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
from models import AreaKind, ChangeKind, DeviceLifecycle, DeviceStatus
from models.clock import Clock
from resolvers.importing.column import Column
from resolvers.importing.device_type import kind_of_type, name_of_type
from resolvers.importing.kept import AREA, TYPE, of
from resolvers.importing.paths import follow
from resolvers.importing.sheet import AREAS, DEVICE_TYPES, DEVICES, LOCATIONS, ORGANIZATIONS, Sheet
from resolvers.importing.staging import areas, device_types, devices, locations, organizations
from resolvers.telling import GATHERED, NOWHERE, changes, create_rows


@dataclass(frozen=True, slots=True)
class Count:
    """What an import does to one table."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0

    def __add__(self, other: "Count") -> "Count":
        """Both together."""
        return Count(self.created + other.created, self.updated + other.updated, self.unchanged + other.unchanged)


@dataclass(frozen=True)
class Transfer:
    """How the lines of a sheet become rows: what a file's column says goes to the tenant's column of that name.

    `place` is the location and the area where a line's thing is, and `left` the columns that say where it was before it
    moved, for the feed. `always` are columns that are worked
    out where no file says them; `new` is said of inserted rows, unless the line says otherwise.
    """

    entity: Entity
    lines: Table
    place: tuple[ColumnElement[Any], ColumnElement[Any]]
    left: tuple[str, ...] = ()
    always: tuple[str, ...] = ()
    new: Mapping[str, Any] = field(default_factory=dict)

    def said(self, columns: Sequence[Column]) -> dict[str, ColumnElement[Any]]:
        """What the lines say of the tenant's columns, by the name of these; null where a line says nothing."""
        told = {column.kept: self.lines.c.get(column.kept, self.lines.c[column.name]) for column in columns}
        return told | {name: self.lines.c[name] for name in self.always}

    def start(self, name: str) -> ColumnElement[Any]:
        """What a new row has in a column of which its line says nothing."""
        column = self.entity.sql.c[name]
        if name in self.new:
            return literal(self.new[name])
        default: Any = column.server_default
        return literal_column(str(default.arg)) if default is not None else null()


# By the names of the sheets, what is referred to first.
TRANSFERS = {
    ORGANIZATIONS.name: Transfer(entities.ORGANIZATION, organizations, (NOWHERE, NOWHERE)),
    LOCATIONS.name: Transfer(entities.LOCATION, locations, (locations.c.id, NOWHERE)),
    AREAS.name: Transfer(
        entities.AREA,
        areas,
        (areas.c.location_id, areas.c.id),
        left=("location_id", "parent_id"),
        always=("floor",),
    ),
    DEVICE_TYPES.name: Transfer(entities.DEVICE_TYPE, device_types, (NOWHERE, NOWHERE)),
    # New devices are in their building, hence DEPLOYED, and nobody has heard of them yet.
    DEVICES.name: Transfer(
        entities.DEVICE,
        devices,
        (devices.c.location_id, devices.c.area_id),
        left=("location_id", "area_id"),
        new={"status": DeviceStatus.UNKNOWN, "lifecycle": DeviceLifecycle.DEPLOYED},
    ),
}


async def apply_sheet(
    connection: AsyncConnection, clock: Clock, tenant_id: uuid.UUID, sheet: Sheet, columns: Sequence[Column]
) -> Count:
    """Carry the lines of a sheet over, and with the device types those that devices name alone."""
    if sheet is AREAS and "floor" not in {column.name for column in columns}:
        await _spread_floors(connection, tenant_id)
    if sheet is DEVICES:
        typed = of(TYPE, tenant_id) & (TYPE.c.key == devices.c.type)
        await connection.execute(update(devices).where(typed).values(type_id=TYPE.c.id))
    told = await _apply(connection, clock, tenant_id, TRANSFERS[sheet.name], columns) if columns else Count()
    return told + await _make_types(connection, clock, tenant_id) if sheet is DEVICE_TYPES else told


async def _make_types(connection: AsyncConnection, clock: Clock, tenant_id: uuid.UUID) -> Count:
    """Make the types that the devices name, no line is about and the tenant lacks; its own are left as they are."""
    there = of(TYPE, tenant_id) & (TYPE.c.key == devices.c.type)
    on_a_line = exists(select(device_types.c.line).where(device_types.c.key == devices.c.type, ~device_types.c.refused))
    named = (
        select(devices.c.type, func.count(TYPE.c.id))
        .select_from(devices.outerjoin(TYPE, there))
        .where(~devices.c.refused, ~on_a_line)
        .group_by(devices.c.type)
        .order_by(devices.c.type)
    )
    found = (await connection.execute(named)).all()
    missing = [key for key, known in found if not known]
    now = clock.now()
    rows = ((tenant_id, clock.new_id(), key, name_of_type(key), kind_of_type(key), now, now) for key in missing)
    columns = ["tenant_id", "id", "key", "name", "kind", "created_at", "updated_at"]
    await create_rows(connection, entities.DEVICE_TYPE, columns, rows)
    return Count(created=len(missing), unchanged=len(found) - len(missing))


async def _apply(
    connection: AsyncConnection, clock: Clock, tenant_id: uuid.UUID, transfer: Transfer, columns: Sequence[Column]
) -> Count:
    kept, lines, said, now = transfer.entity.sql, transfer.lines, transfer.said(columns), clock.now()
    # What always has a value has its first one, or keeps what it has, where a line says nothing.
    unsaid = [each.kept for each in columns if not each.required and not kept.c[each.kept].nullable]
    fresh = said | {name: func.coalesce(said[name], transfer.start(name)) for name in unsaid}
    says = said | {name: func.coalesce(said[name], kept.c[name]) for name in unsaid}
    created = await _note_created(connection, transfer, sorted(said))
    updated = await _note_updated(connection, tenant_id, transfer, says)
    fixed = {"tenant_id": tenant_id, "created_at": now, "updated_at": now}
    fixed |= {name: value for name, value in transfer.new.items() if name not in said}
    places = {"path": lines.c.path} if "path" in lines.c else {}
    fresh |= places
    values = [lines.c.id, *fresh.values(), *(literal(value) for value in fixed.values())]
    new = select(*values).where(~lines.c.refused, ~lines.c.known).order_by(lines.c.line)
    await connection.execute(insert(kept).from_select(["id", *fresh, *fixed], new, include_defaults=False))

    if updated:
        # The planner knows nothing of a table that was made a moment ago.
        await connection.execute(text(f"ANALYZE {changes.name}"))
        differing = (changes.c.entity_id == lines.c.id) & (changes.c.kind == ChangeKind.UPDATED)
        changing = update(kept).where(kept.c.tenant_id == tenant_id, kept.c.id == lines.c.id, differing)
        # A sheet without parents leaves everything where it is.
        says |= places if "parent_id" in says else {}
        await connection.execute(changing.values(**says, updated_at=now, version=changes.c.entity_version))
        if "path" in says:
            await follow(connection, tenant_id, lines, kept, transfer.entity.name)

    found = await connection.execute(select(func.count()).where(lines.c.known, ~lines.c.refused))
    return Count(created, updated, found.scalar_one() - updated)


async def _note_created(connection: AsyncConnection, transfer: Transfer, names: Sequence[str]) -> int:
    """Gather the rows that are to be inserted; how many there are."""
    lines = transfer.lines
    said = array([literal(name, Text) for name in names])
    event = (ChangeKind.CREATED, transfer.entity.name, lines.c.id, 1, said, *transfer.place, NOWHERE, NOWHERE)
    return await _note(connection, event, select().where(~lines.c.refused, ~lines.c.known).order_by(lines.c.line))


async def _note_updated(
    connection: AsyncConnection, tenant_id: uuid.UUID, transfer: Transfer, says: Mapping[str, Any]
) -> int:
    """Gather the rows that a line differs from, each held as it is until it is changed; how many there are."""
    kept, lines = transfer.entity.sql, transfer.lines
    differs = {name: kept.c[name].is_distinct_from(says[name]) for name in sorted(says)}
    names = array([case((differing, literal(name, Text))) for name, differing in differs.items()])
    changed = func.array_remove(names, null())
    moved = or_(false(), *(differs[name] for name in transfer.left))
    left: list[Any] = [case((moved, kept.c[name])) for name in transfer.left] or [NOWHERE, NOWHERE]
    event = (ChangeKind.UPDATED, transfer.entity.name, kept.c.id, kept.c.version + 1, changed, *transfer.place, *left)
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

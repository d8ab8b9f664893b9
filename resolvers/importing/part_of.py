"""Which device a device belongs to: `part_of` is the last part of that one's serial, in the same location.

In a full sheet it may also be a whole serial: then it means that device, wherever it is.

Often the parent stands on a later line, or in another room. Where `part_of` names the row's own area it means
where the device is, not what it is part of: no parent is set, and a note says so.
"""

import uuid

from sqlalchemy import exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from resolvers.importing.checks import note_findings, said
from resolvers.importing.kept import DEVICE, of
from resolvers.importing.sheet import DEVICES
from resolvers.importing.staging import devices

unresolved = (~devices.c.refused, devices.c.part_of.is_not(None), devices.c.parent_id.is_(None))


async def resolve_parents(connection: AsyncConnection, tenant_id: uuid.UUID, *, whole: bool) -> None:
    """Find each line's parent among the lines, then among the devices that the tenant has in that location.

    `whole`: a whole serial is understood, too.
    """
    if whole:
        await _by_serial(connection, tenant_id)
    await _among_lines(connection)
    await _among_devices(connection, tenant_id)

    ambiguous = select(
        devices.c.line,
        said(devices.c.matches, " devices of location '", devices.c.location, "' end in '", devices.c.part_of, "'"),
    ).where(~devices.c.refused, devices.c.matches > 1)
    await note_findings(connection, DEVICES, "part_of", ambiguous)

    own_area = select(
        devices.c.line, said("'", devices.c.part_of, "' is the device's area and no device: no parent is set")
    ).where(*unresolved, devices.c.part_of == devices.c.area)
    await note_findings(connection, DEVICES, "part_of", own_area, note=True)

    nowhere = ("location '", devices.c.location, "' has no device whose serial ends in '", devices.c.part_of, "'")
    lost = select(devices.c.line, said(*nowhere)).where(*unresolved, devices.c.part_of.is_distinct_from(devices.c.area))
    await note_findings(connection, DEVICES, "part_of", lost)


async def _by_serial(connection: AsyncConnection, tenant_id: uuid.UUID) -> None:
    every, parent = devices.alias("every_device"), devices.alias("parent")
    meant = parent.c.serial == devices.c.part_of
    await connection.execute(update(devices).where(meant, *unresolved).values(parent_id=parent.c.id))
    on_a_line = exists(select(every.c.line).where(every.c.serial == DEVICE.c.serial))
    meant = of(DEVICE, tenant_id) & (DEVICE.c.serial == devices.c.part_of) & ~on_a_line
    await connection.execute(update(devices).where(meant, *unresolved).values(parent_id=DEVICE.c.id))


async def _among_lines(connection: AsyncConnection) -> None:
    every, parent = devices.alias("every_device"), devices.alias("parent")
    named = (
        select(every.c.location, every.c.tail, func.min(every.c.line).label("line"), func.count().label("matches"))
        .group_by(every.c.location, every.c.tail)
        .subquery()
    )
    meant = (
        (named.c.location == devices.c.location) & (named.c.tail == devices.c.part_of) & (parent.c.line == named.c.line)
    )
    found = update(devices).where(meant, devices.c.parent_id.is_(None))
    await connection.execute(found.values(parent_id=parent.c.id, matches=named.c.matches))


async def _among_devices(connection: AsyncConnection, tenant_id: uuid.UUID) -> None:
    """Devices on a line are left out: the line says where they are from now on."""
    every = devices.alias("every_device")
    searched = select(devices.c.location_id).where(*unresolved)
    on_a_line = exists(select(every.c.line).where(every.c.serial == DEVICE.c.serial))
    tail = func.regexp_replace(DEVICE.c.serial, "^.*:", "")
    named = (
        select(
            DEVICE.c.location_id,
            tail.label("tail"),
            func.array_agg(DEVICE.c.id)[1].label("id"),
            func.count().label("matches"),
        )
        .where(
            of(DEVICE, tenant_id),
            DEVICE.c.location_id.in_(searched),
            ~on_a_line,
        )
        .group_by(DEVICE.c.location_id, tail)
        .subquery()
    )
    meant = (named.c.location_id == devices.c.location_id) & (named.c.tail == devices.c.part_of)
    await connection.execute(
        update(devices).where(meant, *unresolved).values(parent_id=named.c.id, matches=named.c.matches)
    )

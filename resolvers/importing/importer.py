"""An import from its first line to its commit."""

import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from models.clock import Clock
from models.database import Database
from resolvers.bulk import take_time
from resolvers.importing.applying import Count, apply_sheet
from resolvers.importing.checks import drop_repeated
from resolvers.importing.column import Column
from resolvers.importing.finding import Finding
from resolvers.importing.kept import AREA, DEVICE, ORGANIZATION, any_deleted
from resolvers.importing.loading import Progress, Source, load
from resolvers.importing.part_of import resolve_parents
from resolvers.importing.paths import place
from resolvers.importing.references import (
    resolve_areas,
    resolve_device_types,
    resolve_devices,
    resolve_locations,
    resolve_organizations,
)
from resolvers.importing.sheet import AREAS, DEVICE_TYPES, DEVICES, ORGANIZATIONS, SHEETS, is_full
from resolvers.importing.staging import TABLES, as_finding, create_staging, findings
from resolvers.importing.tree import refuse_lost
from resolvers.problems import Conflict, Problem
from resolvers.telling import gather, record, tell

ACTOR = "tenantry import"

# By the names of the sheets; none where there is no such sheet.
Columns = Mapping[str, tuple[Column, ...]]
CHANGED_MEANWHILE = "Somebody else changed the same things meanwhile. Nothing was imported: run it again."


@dataclass(frozen=True, slots=True)
class Mode:
    """`partial` keeps good lines though others are wrong; `dry_run` does everything and takes it back."""

    partial: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """Lines read, by sheet; findings; and what was done (or would be, in a dry run) to each table.

    `changes` is None where wrong lines kept everything out.
    """

    read: dict[str, int]
    errors: int
    notes: int
    changes: dict[str, Count] | None


class _TakeBack(Exception):
    """Ends a transaction without keeping it."""


def _ignore(*_told: object) -> None:
    """For callers who want no progress or no findings."""


async def _nothing_more() -> None:
    """For callers with nothing to do before the commit."""


async def import_estate(
    app: Database,
    clock: Clock,
    tenant_id: uuid.UUID,
    source: Source,
    mode: Mode,
    *,
    progress: Progress = _ignore,
    report: Callable[[Finding], None] = _ignore,
    before_commit: Callable[[], Awaitable[None]] = _nothing_more,
) -> Outcome:
    """Import into one tenant: everything or, in a partial import, what is right.

    `report` gets every finding: errors first, by sheet and line. `before_commit` runs when nothing but the commit is
    left to do; where it raises, nothing is kept.

    Raises:
        Problem: Conflict, when another transaction made the same things meanwhile.
    """
    outcome: Outcome
    try:
        async with app.write(tenant_id) as connection:
            await _begin(connection, tenant_id)
            columns = {sheet.name: source.columns(sheet) for sheet in SHEETS}
            there = [sheet for sheet in SHEETS if columns[sheet.name]]
            read = {sheet.name: await load(connection, clock, source, sheet, progress) for sheet in there}
            progress("checking", 0)
            await _check(connection, tenant_id, columns)
            errors, notes = await _report(connection, report)
            allowed = mode.partial or not errors
            changes = await _change(connection, clock, tenant_id, columns, progress) if allowed else None
            outcome = Outcome(read, errors, notes, changes)
            if mode.dry_run or not allowed:
                raise _TakeBack
            await tell(connection, clock, tenant_id, ACTOR)
            await record(connection, clock, tenant_id, ACTOR, files=source.digests, **_said(mode, outcome))
            await before_commit()
    except _TakeBack:
        return outcome
    except IntegrityError as error:
        raise Problem(Conflict(CHANGED_MEANWHILE)) from error
    return outcome


def _said(mode: Mode, outcome: Outcome) -> dict[str, Any]:
    """What the audit is told of an import."""
    changes = {name: asdict(count) for name, count in (outcome.changes or {}).items()}
    return {"partial": mode.partial, **asdict(outcome), "changes": changes}


async def _begin(connection: AsyncConnection, tenant_id: uuid.UUID) -> None:
    """One import at a time in a tenant: the second waits, and finds what the first one made."""
    await take_time(connection)
    turn = func.pg_advisory_xact_lock(func.hashtextextended(f"import {tenant_id}", 0))
    await connection.execute(select(turn))
    await create_staging(connection)
    await gather(connection)


async def _check(connection: AsyncConnection, tenant_id: uuid.UUID, columns: Columns) -> None:
    """Refuse what is wrong; each sheet refers to those before it."""
    for sheet in SHEETS:
        await drop_repeated(connection, sheet)
    # The planner knows nothing of tables that were made a moment ago.
    await connection.execute(text(f"ANALYZE {', '.join(table.name for table in TABLES.values())}"))
    names = {name: {column.name for column in there} for name, there in columns.items()}
    await resolve_organizations(connection, tenant_id)
    await place(connection, tenant_id, ORGANIZATIONS, ORGANIZATION, parented="parent" in names[ORGANIZATIONS.name])
    await resolve_locations(connection, tenant_id)
    await resolve_areas(connection, tenant_id)
    await place(connection, tenant_id, AREAS, AREA, parented="parent" in names[AREAS.name])
    await resolve_device_types(connection, tenant_id)
    await resolve_devices(connection, tenant_id)
    await resolve_parents(connection, tenant_id, whole=is_full(DEVICES, names[DEVICES.name]))
    await refuse_lost(connection, tenant_id, DEVICES, DEVICE, "part_of")


async def _report(connection: AsyncConnection, report: Callable[[Finding], None]) -> tuple[int, int]:
    """Tell the findings, one at a time; how many errors and notes there are."""
    told = {True: 0, False: 0}
    order = (findings.c.note, findings.c.sheet, findings.c.line, findings.c.place)
    async with connection.stream(select(findings).order_by(*order)) as rows:
        async for row in rows:
            finding = as_finding(row)
            told[finding.note] += 1
            report(finding)
    return told[False], told[True]


async def _change(
    connection: AsyncConnection, clock: Clock, tenant_id: uuid.UUID, columns: Columns, progress: Progress
) -> dict[str, Count]:
    """Carry the good lines over, what is referred to first."""
    changes: dict[str, Count] = {}
    for sheet in SHEETS:
        # Devices name types that are on no sheet, so these are looked at in any case.
        if columns[sheet.name] or sheet is DEVICE_TYPES:
            name = sheet.name.replace("_", " ")
            progress(f"writing {name}", 0)
            changes[name] = await apply_sheet(connection, clock, tenant_id, sheet, columns[sheet.name])
    if await any_deleted(connection, tenant_id):
        raise Problem(Conflict(CHANGED_MEANWHILE))
    return changes

"""Who stands beneath whom once the lines are kept: no circles, and nothing beneath a line that is refused.

Whatever cannot be reached from a root, going down, is in a circle or beneath a refused line. The few that are not
reached are told apart here; the many that are never leave the database.
"""

import sys
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, exists, func, insert, null, select, text, update
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.ext.asyncio import AsyncConnection

from resolvers.importing.checks import refuse
from resolvers.importing.column import shown
from resolvers.importing.finding import Finding
from resolvers.importing.kept import of
from resolvers.importing.loading import add_findings
from resolvers.importing.sheet import Sheet
from resolvers.importing.staging import TABLES, edges

LONGEST_CIRCLE = 6
# Lines may hang on each other without end; what is refused for that need not be spelled out first.
LONGEST_PATH = 64


@dataclass(frozen=True, slots=True)
class Lost:
    """A thing that no root leads to; `line` is None where only the tenant's data has it."""

    name: str
    parent_id: uuid.UUID
    line: int | None
    parent_line: int | None


async def refuse_lost(connection: AsyncConnection, tenant_id: uuid.UUID, sheet: Sheet, kept: Any, column: str) -> None:
    """Refuse lines in a circle or beneath a refused line; `column` names the parent, `kept` is the tenant's table."""
    await _gather_lines(connection, sheet)
    await _gather_what_is_above(connection, tenant_id, kept)
    lost = await _not_reached(connection, tenant_id, sheet, kept)
    found = (Finding(sheet.file, line, column, reason) for line, reason in _reasons(sheet, lost))
    await add_findings(connection, found)
    await refuse(connection, sheet)
    if "path" in TABLES[sheet.name].c:
        await _spell_paths(connection, TABLES[sheet.name])
    await connection.execute(edges.delete())


async def _gather_lines(connection: AsyncConnection, sheet: Sheet) -> None:
    table = TABLES[sheet.name]
    lines = select(table.c.id, table.c.parent_id).where(~table.c.refused)
    await connection.execute(insert(edges).from_select(["id", "parent_id"], lines))
    await connection.execute(text("ANALYZE import_edge"))


async def _gather_what_is_above(connection: AsyncConnection, tenant_id: uuid.UUID, kept: Any) -> None:
    """The tenant's rows above the lines, as far as no line changes them."""

    def unchanged(thing: ColumnElement[uuid.UUID]) -> ColumnElement[bool]:
        line = edges.alias("line")
        return ~exists(select(line.c.id).where(line.c.id == thing))

    above = (
        select(edges.c.parent_id.label("id"))
        .where(edges.c.parent_id.is_not(None), unchanged(edges.c.parent_id))
        .cte("above", recursive=True)
    )
    above = above.union(
        select(kept.c.parent_id).where(
            of(kept, tenant_id),
            kept.c.id == above.c.id,
            kept.c.parent_id.is_not(None),
            unchanged(kept.c.parent_id),
        )
    )
    rows = select(kept.c.id, kept.c.parent_id).where(of(kept, tenant_id), kept.c.id == above.c.id)
    await connection.execute(insert(edges).from_select(["id", "parent_id"], rows))


async def _not_reached(
    connection: AsyncConnection, tenant_id: uuid.UUID, sheet: Sheet, kept: Any
) -> Mapping[uuid.UUID, Lost]:
    roots = select(edges.c.id).where(edges.c.parent_id.is_(None))
    reached = roots.cte("reached", recursive=True)
    reached = reached.union_all(select(edges.c.id).where(edges.c.parent_id == reached.c.id))
    line, parent = TABLES[sheet.name].alias("line"), TABLES[sheet.name].alias("parent")
    name = sheet.key[-1]
    lost = (
        select(edges.c.id, func.coalesce(line.c[name], kept.c[name]), edges.c.parent_id, line.c.line, parent.c.line)
        .select_from(edges)
        .outerjoin(reached, reached.c.id == edges.c.id)
        .outerjoin(line, (line.c.id == edges.c.id) & ~line.c.refused)
        .outerjoin(kept, of(kept, tenant_id) & (kept.c.id == edges.c.id))
        .outerjoin(parent, parent.c.id == edges.c.parent_id)
        .where(reached.c.id.is_(None))
    )
    rows = await connection.execute(lost)
    return {row[0]: Lost(*row[1:]) for row in rows}


async def _spell_paths(connection: AsyncConnection, lines: Any) -> None:
    """Give each line that a root leads to its path; none to one so deep that no path could hold it."""
    root = select(edges.c.id, array([edges.c.id]).label("path")).where(edges.c.parent_id.is_(None))
    reached = root.cte("reached", recursive=True)
    below = select(edges.c.id, func.array_append(reached.c.path, edges.c.id))
    below = below.where(edges.c.parent_id == reached.c.id, func.cardinality(reached.c.path) < LONGEST_PATH)
    reached = reached.union_all(below)
    await connection.execute(update(lines).values(path=null()))
    await connection.execute(update(lines).where(lines.c.id == reached.c.id).values(path=reached.c.path))


def _reasons(sheet: Sheet, lost: Mapping[uuid.UUID, Lost]) -> Iterator[tuple[int, str]]:
    """Why each line is lost."""
    circles: dict[uuid.UUID, str] = {}
    for circle in _circles(lost):
        names = [lost[member].name for member in circle]
        circles |= dict.fromkeys(circle, _in_words(names))
    for member, thing in lost.items():
        if thing.line is None:
            continue
        if member in circles:
            yield thing.line, circles[member]
        elif thing.parent_line is not None:
            yield thing.line, f"line {thing.parent_line} of {sheet.file}, which this refers to, is refused"
        else:
            yield thing.line, f"{shown(lost[thing.parent_id].name)} is beneath a line that is refused"


def _circles(lost: Mapping[uuid.UUID, Lost]) -> Iterator[list[uuid.UUID]]:
    """The circles, each once and from its first line on; every thing is walked over once."""
    seen: set[uuid.UUID] = set()
    for start in lost:
        walked: dict[uuid.UUID, int] = {}
        at = start
        while at in lost and at not in seen:
            seen.add(at)
            walked[at] = len(walked)
            at = lost[at].parent_id
        if at in walked:
            circle = list(walked)[walked[at] :]
            first = min(range(len(circle)), key=lambda place: lost[circle[place]].line or sys.maxsize)
            yield circle[first:] + circle[:first]


def _in_words(names: list[str]) -> str:
    if len(names) == 1:
        return "it would be part of itself"
    told = names if len(names) <= LONGEST_CIRCLE else [*names[: LONGEST_CIRCLE - 1], "…"]
    return f"a circle: {' → '.join([*told, names[0]])}"

"""Where the lines put organizations and areas: their paths, no sixth level, and what lies beneath a line that moves.

What the lines hang on is held from the first look at it: whoever would move it writes its path, and waits.
"""

import uuid
from typing import Any

from sqlalchemy import ARRAY, Integer, Subquery, Table, Uuid, any_, column, exists, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import array, distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from models import ChangeKind
from resolvers.importing.checks import note_findings, said
from resolvers.importing.kept import of
from resolvers.importing.sheet import Sheet
from resolvers.importing.staging import TABLES
from resolvers.importing.tree import refuse_lost
from resolvers.telling import changes
from resolvers.writing.nouns import DEEPEST
from resolvers.writing.paths import after


async def place(connection: AsyncConnection, tenant_id: uuid.UUID, sheet: Sheet, kept: Any, *, parented: bool) -> None:
    """Find each line's path; refuse circles, what is beneath a refused line, and a sixth level.

    `parented`: the file has a column of parents. Without one what is new is a root, and the rest stays where it is.
    """
    lines = TABLES[sheet.name]
    if not parented:
        await connection.execute(update(lines).values(path=array([lines.c.id])))
        return
    await _hold_parents(connection, tenant_id, lines, kept)
    refused = True
    while refused:
        # A known thing whose line is refused stays where it is, and so what the other lines hang on it.
        await refuse_lost(connection, tenant_id, sheet, kept, "parent")
        refused = await _refuse_deep(connection, tenant_id, sheet, kept)


async def follow(connection: AsyncConnection, tenant_id: uuid.UUID, lines: Table, kept: Any, entity: str) -> None:
    """Once the lines are carried over: what lies beneath a thing that moved, deleted or not, gets its new path."""
    moved = (
        select(lines.c.id, lines.c.path)
        .join(changes, changes.c.entity_id == lines.c.id)
        .where(changes.c.entity == entity, changes.c.kind == ChangeKind.UPDATED)
        .where(literal("parent_id") == any_(changes.c.changed))
        .subquery("moved")
    )
    nearest = _beneath(tenant_id, kept, moved)
    held = select(kept.c.id).where(kept.c.tenant_id == tenant_id, kept.c.id.in_(select(nearest.c.id)))
    if await _count(connection, held.order_by(kept.c.id).with_for_update(of=kept)):
        following = update(kept).where(kept.c.tenant_id == tenant_id, kept.c.id == nearest.c.id)
        await connection.execute(following.values(path=nearest.c.path))


async def _hold_parents(connection: AsyncConnection, tenant_id: uuid.UUID, lines: Table, kept: Any) -> None:
    parents = select(lines.c.parent_id).where(~lines.c.refused, lines.c.parent_id.is_not(None))
    held = select(kept.c.id).where(of(kept, tenant_id), kept.c.id.in_(parents))
    await _count(connection, held.order_by(kept.c.id).with_for_update(of=kept, read=True))


async def _refuse_deep(connection: AsyncConnection, tenant_id: uuid.UUID, sheet: Sheet, kept: Any) -> bool:
    """Refuse what would lie deeper than it may and deeper than it does; whether there was any."""
    lines = TABLES[sheet.name]
    there = of(kept, tenant_id) & (kept.c.id == lines.c.id)
    depth = func.cardinality(lines.c.path)
    itself = (
        select(lines.c.line, said(f"it would lie deeper than {DEEPEST} levels").label("reason"))
        .select_from(lines.outerjoin(kept, there))
        .where(~lines.c.refused)
        .where(or_(lines.c.path.is_(None), depth > func.greatest(DEEPEST, func.cardinality(kept.c.path))))
    )
    moved = (
        select(lines.c.id, lines.c.path, lines.c.line)
        .join(kept, there)
        .where(~lines.c.refused, lines.c.path.is_not(None), kept.c.parent_id.is_distinct_from(lines.c.parent_id))
        .subquery("moved")
    )
    below = _beneath(tenant_id, kept, moved, of(kept, tenant_id))
    beneath = (
        select(moved.c.line, said(f"what lies beneath it would lie deeper than {DEEPEST} levels").label("reason"))
        .join(below, below.c.root == moved.c.id)
        .where(func.cardinality(below.c.path) > func.greatest(DEEPEST, func.cardinality(below.c.before)))
    )
    # Told once of each line: of itself rather than of what is beneath it.
    deep = itself.union_all(beneath.distinct().where(moved.c.line.not_in(select(itself.subquery().c.line))))
    if not await _count(connection, deep):
        return False
    found = deep.subquery()
    await note_findings(connection, sheet, "parent", select(found.c.line, found.c.reason))
    return True


def _beneath(tenant_id: uuid.UUID, kept: Any, moved: Subquery, *among: Any) -> Subquery:
    """The rows beneath moved ones, each with the nearest of these, its path before and its path from now on."""
    step = func.unnest(kept.c.path).table_valued(column("id", Uuid), with_ordinality="at", name="step").render_derived()
    place_of_root = step.c.at.cast(Integer)
    path = moved.c.path.concat(after(kept.c.path, place_of_root)).cast(ARRAY(Uuid))
    others = moved.alias("other")
    return (
        select(kept.c.id, moved.c.id.label("root"), kept.c.path.label("before"), path.label("path"))
        .ext(distinct_on(kept.c.id))
        .select_from(kept)
        .join(step, literal(True))
        .join(moved, moved.c.id == step.c.id)
        .where(kept.c.tenant_id == tenant_id, *among, ~exists(select(others.c.id).where(others.c.id == kept.c.id)))
        .order_by(kept.c.id, step.c.at.desc())
        .subquery("nearest")
    )


async def _count(connection: AsyncConnection, rows: Any) -> int:
    counted: int = (await connection.execute(select(func.count()).select_from(rows.subquery()))).scalar_one()
    return counted

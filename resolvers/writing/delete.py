"""Deleting and restoring: softly, in sets. What goes together comes back together."""

import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import ARRAY, Uuid, bindparam, func, insert, select, update
from sqlalchemy import delete as sql_delete

from auth.requirement import AUTHENTICATED
from loaders.entities import Entity
from loaders.reach import condition
from loaders.window import Row
from models import Deletion, ids
from models.event import ChangeKind
from models.ids import Prefix
from resolvers.context import Context
from resolvers.problems import Conflict, Forbidden, NotEmpty, NotFound, Problem
from resolvers.writing.change import Change
from resolvers.writing.nouns import BY_ENTITY, NOUNS, Noun
from resolvers.writing.reach import check_all, seen, shown, writable
from resolvers.writing.tree import tree_around
from resolvers.writing.update import held

Found = dict[str, list[uuid.UUID]]
Find = Callable[[Entity, Any, Sequence[uuid.UUID]], Awaitable[list[uuid.UUID]]]


async def delete(change: Change, noun: Noun, given: Mapping[str, Any]) -> Row:
    """What was deleted: the thing, and with `cascade` everything that hangs on it; `counts` by the types' names.

    Raises:
        Problem: NotFound, Conflict (a stale `ifVersion`), NotEmpty, or Forbidden (a part of it needs another scope, or
            lies beyond the token's reach).
    """
    row = await held(change, noun, given)
    found = await hanging(change.dependents, noun, row["id"])
    if _counts(found) and not given.get("cascade"):
        counts = _counts(await seen(change.connection, change.context, noun, found))
        listed = [f"{count} {name}" for name, count in counts]
        listed += [] if counts == _counts(found) else ["more beyond the token's reach"]
        told = f"The {noun.named} is not empty ({' and '.join(listed)}): empty it, or say cascade."
        raise Problem(NotEmpty(told, counts))
    found.setdefault(noun.entity.name, []).insert(0, row["id"])
    _demand_scopes(change, found)
    await check_all(change.connection, change.context, found)
    deletion_id = change.context.clock.new_id()
    now = change.context.clock.now()
    await change.connection.execute(
        insert(Deletion).values(
            tenant_id=change.tenant_id, id=deletion_id, entity=noun.entity.name, entity_id=row["id"], at=now
        )
    )
    for name, gone in found.items():
        table = BY_ENTITY[name].entity.sql
        statement = update(table).where(table.c.tenant_id == change.tenant_id, _among(table.c.id, gone))
        statement = statement.values(
            deleted_at=now, deletion_id=deletion_id, updated_at=now, version=table.c.version + 1
        )
        for each in await change.rows(statement.returning(table)):
            change.tell(ChangeKind.DELETED, BY_ENTITY[name].entity, each, [])
    return {
        "__typename": "Deletion",
        "id": ids.encode(noun.entity.prefix, row["id"]),
        "counts": shown_counts(_counts(found)),
    }


def _demand_scopes(change: Change, found: Found) -> None:
    """Who deletes a building deletes what is in it, and needs the right to each.

    Raises:
        Problem: Forbidden.
    """
    held = change.context.caller.scopes
    missing = sorted({BY_ENTITY[name].scope for name, rows in found.items() if rows} - held)
    if missing:
        listed = ", ".join(missing)
        raise Problem(Forbidden(f"What hangs on it needs {listed} too, which the token lacks.", tuple(missing)))


def shown_counts(counts: tuple[tuple[str, int], ...]) -> list[dict[str, Any]]:
    """Counts as the graph shows them."""
    return [{"type": name, "count": count} for name, count in counts]


async def impact(context: Context, named: tuple[Prefix, uuid.UUID] | None) -> dict[str, Any] | None:
    """What a deletion with `cascade` would take along; None for what is out of reach or cannot be deleted."""
    noun = next((each for each in NOUNS if named is not None and each.entity.prefix is named[0]), None)
    if noun is None or named is None:
        return None
    tenant_id, row_id = context.tenant_id, named[1]
    if await context.loaders.row(noun.entity, tenant_id, row_id) is None:
        return None

    async def find(entity: Entity, column: Any, parents: Sequence[uuid.UUID]) -> list[uuid.UUID]:
        # Counted wherever the caller may do anything at all: a deletion takes them along, whatever it may read.
        reach = context.caller.reach(AUTHENTICATED)
        return await context.loaders.dependents(entity, tenant_id, reach, column, parents)

    found = await hanging(find, noun, row_id)
    found.setdefault(noun.entity.name, []).append(row_id)
    return {"counts": shown_counts(_counts(found))}


async def hanging(find: Find, noun: Noun, root: uuid.UUID) -> Found:
    """All living rows that hang on a row, at any depth; without the row itself. `find` looks one level down."""
    found: Found = {}
    seen = {root}
    level: Found = {noun.entity.name: [root]}
    while level:
        below: Found = {}
        for name, parents in level.items():
            for dependent in BY_ENTITY[name].dependents:
                rows = await find(dependent.entity, dependent.column, parents)
                new = [each for each in rows if each not in seen]
                seen.update(new)
                if new:
                    below.setdefault(dependent.entity.name, []).extend(new)
        for name, rows in below.items():
            found.setdefault(name, []).extend(rows)
        level = below
    return found


async def restore(change: Change, noun: Noun, given: Mapping[str, Any]) -> Row:
    """The thing, back with everything that went with it.

    Raises:
        Problem: NotFound (also once it is purged), or Conflict: it lives, went with something else, hangs on something
            that is deleted, or its key was taken meanwhile; Forbidden, where a part of it lies beyond the token's
            reach.
    """
    row = await _deleted(change, noun, given)
    table = Deletion.__table__
    [deletion] = await change.rows(
        select(table).where(table.c.tenant_id == change.tenant_id, table.c.id == row["deletion_id"])
    )
    if deletion["entity_id"] != row["id"]:
        target = BY_ENTITY[deletion["entity"]].entity
        root = await shown(change.connection, change.context, noun, target, deletion["entity_id"])
        raise Problem(Conflict(f"The {noun.named} was deleted with {root or 'what it hung on'}: restore that."))
    restored = row
    returned = [(each, await _bring_back(change, each, row["deletion_id"])) for each in NOUNS]
    found = {each.entity.name: [back["id"] for back in rows] for each, rows in returned}
    _demand_scopes(change, found)
    await check_all(change.connection, change.context, found)
    for each, rows in returned:
        await _check_above(change, each, rows)
        for back in rows:
            change.tell(ChangeKind.RESTORED, each.entity, back, [])
            restored = back if back["id"] == row["id"] else restored
    await change.connection.execute(
        sql_delete(Deletion).where(Deletion.tenant_id == change.tenant_id, Deletion.id == row["deletion_id"])
    )
    return restored


async def _deleted(change: Change, noun: Noun, given: Mapping[str, Any]) -> Row:
    named = ids.decode(given["id"])
    table = noun.entity.sql
    row_id = named[1] if named is not None and named[0] is noun.entity.prefix else uuid.UUID(int=0)
    statement = select(table).where(table.c.tenant_id == change.tenant_id, table.c.id == row_id).with_for_update()
    reach = writable(change.context, noun)
    if reach is not None:
        statement = statement.where(condition(noun.entity, change.tenant_id, reach))
    rows = await change.rows(statement)
    if not rows:
        raise Problem(NotFound(f"There is no such {noun.named} in reach."))
    if rows[0]["deleted_at"] is None:
        raise Problem(Conflict(f"The {noun.named} is not deleted."))
    return rows[0]


async def _check_above(change: Change, noun: Noun, rows: list[Row]) -> None:
    """What restored things hang on must live (or be back), and their trees must still fit beneath it."""
    back = {row["id"] for row in rows}
    for reference in noun.references:
        above = {row[reference.name] for row in rows} - {None}
        gone = above - (await change.lock(reference.target, list(above), share=True)).keys() if above else above
        if gone:
            at = await shown(change.connection, change.context, noun, reference.target, min(gone))
            told = f"A {noun.named} of it hangs on {at or 'something'}, which is deleted: restore that first."
            raise Problem(Conflict(told))
    if noun.tree is None:
        return
    outside = {row["id"]: row[noun.tree] for row in rows if row[noun.tree] not in back | {None}}
    tree = await tree_around(change, noun, set(outside.values()), outside)
    for row_id, parent_id in outside.items():
        tree.check(parent_id, row_id)


async def _bring_back(change: Change, noun: Noun, deletion_id: uuid.UUID) -> list[Row]:
    table = noun.entity.sql
    statement = update(table).where(table.c.tenant_id == change.tenant_id, table.c.deletion_id == deletion_id)
    values = {"deleted_at": None, "deletion_id": None, "updated_at": change.context.clock.now()}
    return await change.rows(statement.values(**values, version=table.c.version + 1).returning(table))


def _counts(found: Found) -> tuple[tuple[str, int], ...]:
    return tuple(sorted((name, len(rows)) for name, rows in found.items() if rows))


def _among(column: Any, row_ids: list[uuid.UUID]) -> Any:
    return column == func.any(bindparam(f"{column.table.name}_ids", row_ids, type_=ARRAY(Uuid)))

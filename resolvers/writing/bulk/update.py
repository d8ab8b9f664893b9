"""Changing many things of one noun.

The items are gone through in their order over what was read and locked for all of them, so that each meets what those
before it have done; what comes of it is written at once.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ARRAY, Text, Uuid, any_, bindparam, case, func, literal, select
from sqlalchemy import update as sql_update

from loaders.window import Row
from models import ids
from models.event import ChangeKind
from resolvers.problems import Invalid, Problem
from resolvers.recordset import recordset
from resolvers.writing.bulk.outcome import Item, Outcome
from resolvers.writing.change import Change, taken
from resolvers.writing.nouns import Noun
from resolvers.writing.paths import Path, follow, is_pathed
from resolvers.writing.reach import beyond, out_of_reach, writable
from resolvers.writing.references import columns_of, held_for
from resolvers.writing.tree import Tree, tree_around
from resolvers.writing.update import changes, checked_row, displaces
from resolvers.writing.values import checked

# What an item changes of its row; nothing, where the row is so already.
Changed = dict[int, dict[str, Any]]


@dataclass
class Keys:
    """Who has which unique key while the items are gone through; `passed_on`: rows whose own key another one gets."""

    holders: dict[str, uuid.UUID]
    given_up: dict[str, uuid.UUID] = field(default_factory=dict)
    passed_on: list[uuid.UUID] = field(default_factory=list)

    def hand_over(self, row_id: uuid.UUID, old: str, new: str) -> None:
        """The row has the new key, which is free, and the old one is free."""
        if new in self.given_up:
            self.passed_on.append(self.given_up.pop(new))
        self.holders.pop(old, None)
        self.given_up[old] = row_id
        self.holders[new] = row_id


async def update(change: Change, noun: Noun, items: Sequence[Item], *, atomic: bool) -> Outcome:
    """The rows with what the items name changed, each as if it were changed alone, after those before it.

    `atomic`: all of them, or none; whoever calls rolls back where nothing was written. Each row is named once.
    """
    outcome = Outcome(items)
    before = await _held(change, noun, outcome)
    changed = await _changed(change, noun, outcome, before)
    tree = await _tree(change, noun, before, changed)
    keys = await _keys(change, noun, changed)
    for at, _ in outcome.good():
        with outcome.of(at):
            _go_on(noun, before[at], changed[at], tree, keys)
    if atomic and outcome.problems:
        outcome.refuse_all()
        return outcome
    writing = {before[at]["id"]: changed[at] for at, _ in outcome.good() if changed[at]}
    table = noun.entity.sql
    placed = [row_id for row_id, columns in writing.items() if noun.tree in columns and is_pathed(table)]
    paths = {row_id: tree.path(row_id) for row_id in placed}
    written = await _write(change, noun, writing, paths, keys.passed_on)
    await follow(change, table, {row_id: written[row_id] for row_id in paths})
    for at, _ in outcome.good():
        row = written.get(before[at]["id"])
        if row is not None:
            change.tell(ChangeKind.UPDATED, noun.entity, row, list(changed[at]), before=before[at])
        outcome.rows[at] = row or before[at]
    return outcome


async def _held(change: Change, noun: Noun, outcome: Outcome) -> dict[int, Row]:
    """The rows that the items name, locked, at the versions that they expect."""
    named: dict[int, uuid.UUID] = {}
    seen: set[str] = set()
    for at, item in outcome.good():
        with outcome.of(at):
            if item["id"] in seen:
                raise Problem(Invalid("id", f"An item before this one names that {noun.named}: name each once."))
            seen.add(item["id"])
            decoded = ids.decode(item["id"])
            if decoded is not None and decoded[0] is noun.entity.prefix:
                named[at] = decoded[1]
    rows = await change.lock(noun.entity, sorted(named.values()), reach=writable(change.context, noun))
    held: dict[int, Row] = {}
    for at, item in outcome.good():
        with outcome.of(at):
            held[at] = checked_row(noun, rows.get(named[at]) if at in named else None, item)
    return held


async def _changed(change: Change, noun: Noun, outcome: Outcome, before: Mapping[int, Row]) -> Changed:
    columns: Changed = {}
    for at, item in outcome.good():
        with outcome.of(at):
            columns[at] = checked(noun, item, creating=False)
    held = await held_for(change, noun, [item for _, item in outcome.good()])
    for at, item in outcome.good():
        with outcome.of(at):
            columns[at] |= columns_of(noun, item, held)
    changed = {at: {name: columns[at][name] for name in changes(before[at], columns[at])} for at, _ in outcome.good()}
    displaced = [{**before[at], **each} for at, each in changed.items() if displaces(noun, each)]
    outside = await beyond(change.connection, change.context, noun, displaced)
    for at, row in before.items():
        with outcome.of(at):
            if row["id"] in outside:
                raise out_of_reach(noun)
    return changed


async def _tree(change: Change, noun: Noun, before: Mapping[int, Row], changed: Changed) -> Tree:
    """The tree around all that is moved within it."""
    if noun.tree is None:
        return Tree(noun, {})
    moves = {before[at]["id"]: columns[noun.tree] for at, columns in changed.items() if columns.get(noun.tree)}
    return await tree_around(change, noun, moves.values(), moves)


async def _keys(change: Change, noun: Noun, changed: Changed) -> Keys:
    """The living rows that have the keys which items ask for."""
    table = noun.entity.sql
    unique = table.c[noun.entity.called.key]
    wanted = [columns[unique.key] for columns in changed.values() if unique.key in columns]
    if not wanted:
        return Keys({})
    statement = select(unique, table.c.id).where(
        table.c.tenant_id == change.tenant_id,
        unique == func.any(bindparam("keys", wanted, type_=ARRAY(Text))),
        table.c.deleted_at.is_(None),
    )
    return Keys({row[unique.key]: row["id"] for row in await change.rows(statement)})


def _go_on(noun: Noun, row: Row, columns: Mapping[str, Any], tree: Tree, keys: Keys) -> None:
    """Let the items after this one see what it does. Raises Problem (Conflict), and then it does nothing."""
    unique = noun.entity.called.key
    parent = noun.tree if noun.tree in columns else None
    if parent is not None:
        tree.check(columns[parent], row["id"])
    if unique in columns:
        if columns[unique] in keys.holders:
            raise Problem(taken(unique, noun.entity.sql.name))
        keys.hand_over(row["id"], row[unique], columns[unique])
    if parent is not None:
        tree.move(row["id"], columns[parent])


async def _write(
    change: Change,
    noun: Noun,
    writing: Mapping[uuid.UUID, Mapping[str, Any]],
    paths: Mapping[uuid.UUID, Path],
    parked: list[uuid.UUID],
) -> dict[uuid.UUID, Row]:
    """The rows as they are written, by their ids.

    PostgreSQL holds a unique key against each row as it is written, in no order of ours. A row whose key another one
    gets steps out of the living for the moment in between, which nobody but this transaction can see.
    """
    if not writing:
        return {}
    table = noun.entity.sql
    now = change.context.clock.now()
    if parked:
        aside = bindparam("parked", parked, type_=ARRAY(Uuid))
        await change.connection.execute(
            sql_update(table)
            .where(table.c.tenant_id == change.tenant_id, table.c.id == func.any(aside))
            .values(deleted_at=now)
        )
    derived = {row_id: {"path": path} for row_id, path in paths.items()}
    whole = {row_id: {**columns, **derived.get(row_id, {})} for row_id, columns in writing.items()}
    names = sorted({name for columns in whole.values() for name in columns})
    rows = [{"id": row_id, **columns, "changed": list(columns)} for row_id, columns in whole.items()]
    source = recordset(table, ["id", *names], rows, changed=ARRAY(Text))
    values = {
        name: case((literal(name, Text) == any_(source.c.changed), source.c[name]), else_=table.c[name])
        for name in names
    }
    statement = (
        sql_update(table)
        .where(table.c.tenant_id == change.tenant_id, table.c.id == source.c.id)
        .values(**values, version=table.c.version + 1, updated_at=now, **({"deleted_at": None} if parked else {}))
        .returning(table)
    )
    return {row["id"]: row for row in await change.rows(statement)}

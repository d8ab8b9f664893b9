"""A tree, as far as a change can touch it: read, held, and refused where it would be none any more.

Where rows carry their paths, all levels are read at once; else each level is.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from sqlalchemy import select

from loaders.window import Row
from resolvers.problems import Conflict, Problem
from resolvers.writing.change import Change
from resolvers.writing.nouns import DEEPEST, Noun
from resolvers.writing.paths import Path, beneath, is_pathed

Parents = dict[uuid.UUID, uuid.UUID | None]
Held = Mapping[uuid.UUID, Row]


class Tree:
    """What lies above the parents that a change names, and beneath what it moves."""

    def __init__(self, noun: Noun, parents: Parents) -> None:
        """`parents` of all rows that matter, by their ids."""
        self._noun = noun
        self._parents = parents
        self._children: dict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
        for row_id, parent_id in parents.items():
            if parent_id is not None:
                self._children[parent_id].add(row_id)

    def check(self, parent_id: uuid.UUID | None, moved: uuid.UUID | None) -> None:
        """Refuse a circle and a sixth level; `moved` is None for a new row.

        Raises:
            Problem: Conflict.
        """
        named = self._noun.named
        above = 0
        at = parent_id
        while at is not None:
            if at == moved:
                raise Problem(Conflict(f"The {named} would lie within itself."))
            above += 1
            if above >= DEEPEST:
                raise Problem(Conflict(f"The {named} would lie deeper than {DEEPEST} levels."))
            at = self._parents.get(at)
        if moved is not None and parent_id is not None and above + self._height(moved) > DEEPEST:
            raise Problem(Conflict(f"What lies beneath the {named} would lie deeper than {DEEPEST} levels."))

    def move(self, moved: uuid.UUID, parent_id: uuid.UUID | None) -> None:
        """Hang a row somewhere else: what is checked after it sees it there."""
        before = self._parents.get(moved)
        if before is not None:
            self._children[before].discard(moved)
        self._parents[moved] = parent_id
        if parent_id is not None:
            self._children[parent_id].add(moved)

    def path(self, row_id: uuid.UUID | None) -> Path:
        """The ids from the root down to a row that was checked; none for no row."""
        path: Path = []
        at = row_id
        while at is not None:
            path.insert(0, at)
            at = self._parents[at]
        return path

    def _height(self, root: uuid.UUID) -> int:
        """The levels of a subtree, its root counted, as far as it matters."""
        levels = 0
        level = {root}
        while level and levels <= DEEPEST:
            levels += 1
            level = {child for parent in level for child in self._children[parent]}
        return levels


async def tree_around(
    change: Change,
    noun: Noun,
    parents: Iterable[uuid.UUID],
    moved: Iterable[uuid.UUID] = (),
    held: Held = MappingProxyType({}),
) -> Tree:
    """The tree above these parents and beneath what is moved, by so many statements however many rows it has.

    `held` are rows that are locked already, the parents among them. What moves stays within its parent's location.
    The way up is locked, so that two moves cannot close a circle together.
    """
    assert noun.tree is not None, f"{noun.named} is no tree"
    if is_pathed(noun.entity.sql):
        above = await _above_by_path(change, noun, parents, held)
        locations = {row["location_id"] for row in above.values() if "location_id" in row}
        return Tree(noun, parents_of(above) | await _beneath_by_path(change, noun, moved, locations))
    known: Parents = {}
    level = set(parents)
    seen = set(level)
    for _ in range(DEEPEST):
        if not level:
            break
        rows = await change.lock(noun.entity, sorted(level), share=True)
        known |= {row_id: row[noun.tree] for row_id, row in rows.items()}
        level = {row[noun.tree] for row in rows.values()} - seen - {None}
        seen |= level
    level = set(moved)
    seen = set(level)
    for _ in range(DEEPEST):
        if not level:
            break
        beneath = await _beneath(change, noun, sorted(level))
        known |= beneath
        level = beneath.keys() - seen
        seen |= level
    return Tree(noun, known)


def parents_of(rows: Held) -> Parents:
    """Each row's parent."""
    return {row_id: row["parent_id"] for row_id, row in rows.items()}


async def _beneath(change: Change, noun: Noun, parents: list[uuid.UUID]) -> Parents:
    """The living rows of the same kind directly beneath these, each with its parent."""
    found: Parents = {}
    for dependent in noun.dependents:
        if dependent.entity is noun.entity:
            found |= await change.hanging(dependent.entity, dependent.column, parents)
    return found


async def _above_by_path(change: Change, noun: Noun, parents: Iterable[uuid.UUID], held: Held) -> Held:
    """These living rows and all above them, held. A held row's path cannot change: whoever moves it writes it."""
    wanted = set(parents)
    known = {each: held[each] for each in wanted & held.keys()}
    if wanted - known.keys():
        known |= await change.lock(noun.entity, sorted(wanted - known.keys()), share=True)
    above = {each for row in known.values() for each in row["path"]} - known.keys()
    if above:
        known |= await change.lock(noun.entity, sorted(above), share=True)
    return known


async def _beneath_by_path(
    change: Change, noun: Noun, moved: Iterable[uuid.UUID], locations: Iterable[uuid.UUID]
) -> Parents:
    """The living rows beneath these at any depth, and these, each with its parent; held."""
    roots = sorted(set(moved))
    if not roots:
        return {}
    table = noun.entity.sql
    statement = (
        select(table.c.id, table.c.parent_id)
        .where(beneath(table, change.tenant_id, roots, locations), table.c.deleted_at.is_(None))
        .order_by(table.c.id)
        .with_for_update()
    )
    return parents_of({row["id"]: row for row in await change.rows(statement)})

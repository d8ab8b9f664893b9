"""A tree, as far as a change can touch it: read level by level, held, and refused where it would be none any more."""

import uuid
from collections import defaultdict
from collections.abc import Iterable

from resolvers.problems import Conflict, Problem
from resolvers.writing.change import Change
from resolvers.writing.nouns import DEEPEST, Noun

Parents = dict[uuid.UUID, uuid.UUID | None]


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

    def _height(self, root: uuid.UUID) -> int:
        """The levels of a subtree, its root counted, as far as it matters."""
        levels = 0
        level = {root}
        while level and levels <= DEEPEST:
            levels += 1
            level = {child for parent in level for child in self._children[parent]}
        return levels


async def tree_around(
    change: Change, noun: Noun, parents: Iterable[uuid.UUID], moved: Iterable[uuid.UUID] = ()
) -> Tree:
    """The tree above these parents and beneath what is moved: a statement for each level, however many rows it has.

    The way up is locked, so that two moves cannot close a circle together.
    """
    assert noun.tree is not None, f"{noun.named} is no tree"
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


async def _beneath(change: Change, noun: Noun, parents: list[uuid.UUID]) -> Parents:
    """The living rows of the same kind directly beneath these, each with its parent."""
    found: Parents = {}
    for dependent in noun.dependents:
        if dependent.entity is noun.entity:
            found |= await change.hanging(dependent.entity, dependent.column, parents)
    return found

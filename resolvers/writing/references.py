"""What a row refers to: found within reach, and held while the change lasts.

A parent that is being deleted and a child that is being made wait for each other: references are locked, so that
nothing is hung on a thing that is gone.
"""

import uuid
from collections.abc import Mapping
from typing import Any

from loaders.columns import snake_case
from loaders.window import Row
from models import ids
from resolvers.problems import Conflict, NotFound, Problem
from resolvers.writing.change import Change
from resolvers.writing.nouns import AREA_NOUN, DEEPEST, DEVICE_NOUN, Noun, Reference


async def referred(change: Change, noun: Noun, given: Mapping[str, Any]) -> dict[str, uuid.UUID | None]:
    """The columns of the references that an input (by names in the graph) gives, each row locked against deletion.

    Raises:
        Problem: NotFound for a row out of reach.
    """
    named = {snake_case(name): value for name, value in given.items()}
    columns: dict[str, uuid.UUID | None] = {}
    rows: dict[str, Row] = {}
    for reference in noun.references:
        if reference.name not in named:
            continue
        value = named[reference.name]
        if value is None:
            columns[reference.name] = None
            continue
        rows[reference.name] = row = await _found(change, reference, value)
        columns[reference.name] = row["id"]
    if noun is AREA_NOUN:
        _follow(columns, rows, "parent_id", "location_id")
    if noun is DEVICE_NOUN:
        _follow(columns, rows, "area_id", "location_id")
    return columns


async def _found(change: Change, reference: Reference, value: str) -> Row:
    named = ids.decode(value)
    found: dict[uuid.UUID, Row] = {}
    if named is not None and named[0] is reference.target.prefix:
        found = await change.lock(reference.target, [named[1]], share=True)
    if not found:
        raise Problem(NotFound(f"There is no such {reference.target.table.__tablename__.replace('_', ' ')} in reach."))
    return next(iter(found.values()))


def _follow(columns: dict[str, uuid.UUID | None], rows: dict[str, Row], inner: str, outer: str) -> None:
    """What lies in something lies where that lies: the outer column follows from the inner one."""
    if inner in rows:
        columns[outer] = rows[inner][outer]


async def check_tree(change: Change, noun: Noun, parent_id: uuid.UUID | None, moved: uuid.UUID | None) -> None:
    """Refuse a circle and a sixth level; the way up is locked, so that two moves cannot close a circle together.

    Raises:
        Problem: Conflict.
    """
    assert noun.tree is not None, f"{noun.named} is no tree"
    above = 0
    at = parent_id
    while at is not None:
        if at == moved:
            raise Problem(Conflict(f"The {noun.named} would lie within itself."))
        above += 1
        if above >= DEEPEST:
            raise Problem(Conflict(f"The {noun.named} would lie deeper than {DEEPEST} levels."))
        row = (await change.lock(noun.entity, [at], share=True)).get(at)
        at = row[noun.tree] if row else None
    if moved is not None and parent_id is not None and above + await _height(change, noun, moved) > DEEPEST:
        raise Problem(Conflict(f"What lies beneath the {noun.named} would lie deeper than {DEEPEST} levels."))


async def _height(change: Change, noun: Noun, root: uuid.UUID) -> int:
    """The levels of a subtree, its root counted, as far as it matters."""
    levels = 0
    level = [root]
    while level and levels <= DEEPEST:
        levels += 1
        level = await beneath(change, noun, level)
    return levels


async def beneath(change: Change, noun: Noun, parents: list[uuid.UUID]) -> list[uuid.UUID]:
    """The living rows of the same kind directly beneath these."""
    dependents = [each for each in noun.dependents if each.entity is noun.entity]
    found: list[uuid.UUID] = []
    for dependent in dependents:
        found += await change.dependents(dependent.entity, dependent.column, parents)
    return found

"""What a row refers to: found within reach, and held while the change lasts.

A parent that is being deleted and a child that is being made wait for each other: references are locked, so that
nothing is hung on a thing that is gone.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from loaders.columns import camel_case, snake_case
from loaders.entities import BY_NAME
from loaders.window import Row
from models import ids
from resolvers.problems import Invalid, NotFound, Problem
from resolvers.writing.change import Change
from resolvers.writing.nouns import AREA_NOUN, DEVICE_NOUN, Noun, Reference
from resolvers.writing.paths import Path
from resolvers.writing.reach import referable
from resolvers.writing.tree import tree_around

Columns = dict[str, uuid.UUID | None]
# The rows that inputs refer to, by the names of their types and their ids.
Referred = dict[str, dict[uuid.UUID, Row]]


async def referred(change: Change, noun: Noun, given: Mapping[str, Any]) -> tuple[Columns, Referred]:
    """The columns of the references that an input (by names in the graph) gives, and the rows, locked against deletion.

    Raises:
        Problem: NotFound for a row out of reach.
    """
    held = await held_for(change, noun, [given])
    return columns_of(noun, given, held), held


async def held_for(change: Change, noun: Noun, inputs: Iterable[Mapping[str, Any]]) -> Referred:
    """The rows that these inputs refer to, as far as they are within reach, locked: one statement for each table."""
    wanted: dict[str, set[uuid.UUID]] = defaultdict(set)
    for given in inputs:
        for reference, value in _given(noun, given):
            named = _named(reference, value)
            if named is not None:
                wanted[reference.target.name].add(named)
    # In one order, whatever the inputs name first: who takes locks in two orders waits for himself.
    held: Referred = {}
    for name in sorted(wanted):
        reach = referable(change.context, noun.scope, BY_NAME[name])
        held[name] = await change.lock(BY_NAME[name], sorted(wanted[name]), share=True, reach=reach)
    return held


def columns_of(noun: Noun, given: Mapping[str, Any], held: Referred) -> Columns:
    """The columns of the references that an input gives; `held` are the rows that there are.

    Raises:
        Problem: NotFound for a row out of reach.
    """
    columns: Columns = {}
    rows: dict[str, Row] = {}
    for reference, value in _given(noun, given):
        if value is None:
            columns[reference.name] = None
            continue
        named = _named(reference, value)
        row = None if named is None else held[reference.target.name].get(named)
        if row is None:
            raise Problem(NotFound(f"There is no such {reference.target.sql.name.replace('_', ' ')} in reach."))
        rows[reference.name] = row
        columns[reference.name] = row["id"]
    if noun is AREA_NOUN:
        _follow(columns, rows, "parent_id", "location_id")
    if noun is DEVICE_NOUN:
        _follow(columns, rows, "area_id", "location_id")
    return columns


def check_required(noun: Noun, columns: Columns) -> None:
    """Refuse a new row that lacks a reference which it needs. Raises Problem (Invalid)."""
    for reference in noun.references:
        if reference.required and columns.get(reference.name) is None:
            raise Problem(Invalid(reference.name, f"{camel_case(reference.name)} is missing."))


def _given(noun: Noun, given: Mapping[str, Any]) -> Iterator[tuple[Reference, str | None]]:
    """The references that an input names, with the ids that it gives them."""
    named = {snake_case(name): value for name, value in given.items()}
    return ((each, named[each.name]) for each in noun.references if each.name in named)


def _named(reference: Reference, value: str | None) -> uuid.UUID | None:
    """The row that an id names; None for another thing's id, and for none."""
    named = None if value is None else ids.decode(value)
    return named[1] if named is not None and named[0] is reference.target.prefix else None


def _follow(columns: Columns, rows: dict[str, Row], inner: str, outer: str) -> None:
    """What lies in something lies where that lies: the outer column follows from the inner one."""
    if inner in rows:
        columns[outer] = rows[inner][outer]


async def check_tree(
    change: Change, noun: Noun, parent_id: uuid.UUID | None, moved: uuid.UUID | None, held: Referred
) -> Path:
    """The parent's path, which is held, as all that the input refers to. Refuses a circle and a sixth level.

    Raises:
        Problem: Conflict.
    """
    if parent_id is None:
        return []
    tree = await tree_around(change, noun, [parent_id], [] if moved is None else [moved], held[noun.entity.name])
    tree.check(parent_id, moved)
    return tree.path(parent_id)

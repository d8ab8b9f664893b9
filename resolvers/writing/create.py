"""Creating a thing."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import Table, bindparam, insert, select

from loaders.window import Row
from models.event import ChangeKind
from models.statement import Statement
from resolvers.writing.change import Change
from resolvers.writing.nouns import Noun
from resolvers.writing.paths import is_pathed
from resolvers.writing.reach import beyond, out_of_reach
from resolvers.writing.references import Columns, check_required, check_tree, referred
from resolvers.writing.values import checked


async def create(change: Change, noun: Noun, given: Mapping[str, Any]) -> Row:
    """The new row. A place, where one of several is given, lies in `place`.

    Raises:
        Problem: Invalid, NotFound, Conflict, or Forbidden beyond the token's reach; nothing was created.
    """
    placed = flat(given)
    values = checked(noun, placed, creating=True)
    columns, held = await referred(change, noun, placed)
    check_required(noun, columns)
    table = noun.entity.sql
    row = begun(change, values, columns)
    if await beyond(change.connection, change.context, noun, [row]):
        raise out_of_reach(noun)
    if noun.tree is not None:
        above = await check_tree(change, noun, columns.get(noun.tree), None, held)
        if is_pathed(table):
            row["path"] = [*above, row["id"]]
    made = await inserted(change, table, row)
    change.tell(ChangeKind.CREATED, noun.entity, made, [*values, *columns])
    return made


async def inserted(change: Change, table: Table, row: Row) -> Row:
    """The row as it is written: what it does not name has what the database gives it."""
    [made] = await change.run(inserting(table, tuple(sorted(row))), **{f"new_{name}": row[name] for name in row})
    return made


@lru_cache(maxsize=256)
def inserting(table: Table, names: tuple[str, ...]) -> Statement:
    """Makes a row with these columns, each from what is called new."""
    new = (bindparam(f"new_{name}", type_=table.c[name].type) for name in names)
    return Statement(insert(table).from_select(names, select(*new), include_defaults=False).returning(table))


def flat(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """An input with its place, one of several, among the other names."""
    return {**given, **(given.get("place") or {})}


def begun(change: Change, values: Mapping[str, Any], columns: Columns) -> Row:
    """A new row: what is written of it, in the change's tenant."""
    now = change.context.clock.now()
    return {
        "tenant_id": change.tenant_id,
        "id": change.context.clock.new_id(),
        "created_at": now,
        "updated_at": now,
        **values,
        **columns,
    }

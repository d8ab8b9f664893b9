"""Creating a thing."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert

from loaders.window import Row
from models.event import ChangeKind
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
    [made] = await change.rows(insert(table).values(row).returning(table))
    change.tell(ChangeKind.CREATED, noun.entity, made, [*values, *columns])
    return made


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

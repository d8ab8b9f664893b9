"""Creating a thing."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert

from loaders.window import Row
from models.event import ChangeKind
from resolvers.writing.change import Change
from resolvers.writing.nouns import Noun
from resolvers.writing.references import Columns, check_required, check_tree, referred
from resolvers.writing.values import checked


async def create(change: Change, noun: Noun, given: Mapping[str, Any]) -> Row:
    """The new row. A place, where one of several is given, lies in `place`.

    Raises:
        Problem: Invalid, NotFound or Conflict; nothing was created.
    """
    placed = flat(given)
    values = checked(noun, placed, creating=True)
    columns = await referred(change, noun, placed)
    check_required(noun, columns)
    if noun.tree is not None:
        await check_tree(change, noun, columns.get(noun.tree), None)
    table = noun.entity.sql
    [made] = await change.rows(insert(table).values(begun(change, values, columns)).returning(table))
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

"""Creating a thing."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert

from loaders.columns import camel_case
from loaders.window import Row
from models.event import ChangeKind
from resolvers.problems import Invalid, Problem
from resolvers.writing.change import Change
from resolvers.writing.nouns import Noun
from resolvers.writing.references import check_tree, referred
from resolvers.writing.values import checked


async def create(change: Change, noun: Noun, given: Mapping[str, Any]) -> Row:
    """The new row. A place, where one of several is given, lies in `place`.

    Raises:
        Problem: Invalid, NotFound or Conflict; nothing was created.
    """
    flat = {**given, **(given.get("place") or {})}
    values = checked(noun, flat, creating=True)
    columns = await referred(change, noun, flat)
    for reference in noun.references:
        if reference.required and columns.get(reference.name) is None:
            raise Problem(Invalid(reference.name, f"{camel_case(reference.name)} is missing."))
    if noun.tree is not None and columns.get(noun.tree) is not None:
        await check_tree(change, noun, columns[noun.tree], None)
    table = noun.entity.sql
    now = change.context.clock.now()
    row = {
        "tenant_id": change.tenant_id,
        "id": change.context.clock.new_id(),
        "created_at": now,
        "updated_at": now,
        **values,
        **columns,
    }
    [made] = await change.rows(insert(table).values(row).returning(table))
    change.tell(ChangeKind.CREATED, noun.entity, made, [*values, *columns])
    return made

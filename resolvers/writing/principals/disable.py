"""Disabling a person or a service account, and enabling it again: within five seconds, whatever it shows."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from auth.bindings import bindings_of, grants_of
from auth.grants import scopes_of
from loaders.window import Row
from resolvers.recording import action_of
from resolvers.writing.change import Change
from resolvers.writing.grant import demand_everywhere
from resolvers.writing.nouns import Noun
from resolvers.writing.principals.account import Account
from resolvers.writing.principals.update import written
from resolvers.writing.update import held


async def disable(change: Change, noun: Noun, given: Mapping[str, Any]) -> Row:
    """The row, which may do nothing from now on; its roles and tokens stay. Raises Problem (NotFound or Conflict)."""
    row = await held(change, noun, given)
    if row["disabled_at"] is not None:
        return row
    columns = {"disabled_at": change.context.clock.now()}
    return await written(change, action_of("disabled", noun.entity), noun.entity, row, columns)


async def enable(change: Change, noun: Noun, given: Mapping[str, Any]) -> Row:
    """The row, which may again do what its roles allow: for who holds all of that.

    Raises:
        Problem: NotFound, Conflict or Forbidden.
    """
    row = await held(change, noun, given)
    if row["disabled_at"] is None:
        return row
    bindings = bindings_of(change.tenant_id, **Account(noun.entity, row["id"]).columns)
    [found] = await change.rows(select(bindings.label("bindings")))
    demand_everywhere(change, scopes_of(grants_of(change.tenant_id, found["bindings"])))
    return await written(change, action_of("enabled", noun.entity), noun.entity, row, {"disabled_at": None})

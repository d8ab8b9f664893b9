"""Making a person, a service account, or a role."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select

from loaders.entities import ROLE
from loaders.window import Row
from resolvers.problems import Conflict, Invalid, Problem
from resolvers.recording import action_of
from resolvers.writing.change import Change
from resolvers.writing.create import begun, inserted
from resolvers.writing.nouns import Noun
from resolvers.writing.principals.nouns import MOST_ROLES, both_or_neither, creatable
from resolvers.writing.principals.role_scopes import granted
from resolvers.writing.values import checked


async def create(change: Change, noun: Noun, given: Mapping[str, Any]) -> Row:
    """The new row. It may do nothing until a role is bound to it; a role holds no scope that its maker does not.

    Raises:
        Problem: Invalid, Conflict (a name or an identity that is taken) or Forbidden.
    """
    values = checked(creatable(noun), given, creating=True)
    if not both_or_neither(values):
        raise Problem(Invalid("subject", "issuer and subject go together: give both or neither."))
    if noun.entity is ROLE:
        values["scopes"] = granted(change, values["scopes"])
        await _refuse_more(change)
    made = await inserted(change, noun.entity.sql, begun(change, values, {}))
    change.record(action_of("created", noun.entity), noun.entity, made, list(values))
    return made


async def _refuse_more(change: Change) -> None:
    """A tenant's roles are listed whole where somebody chooses one."""
    table = ROLE.sql
    [found] = await change.rows(
        select(func.count().label("roles")).where(table.c.tenant_id == change.tenant_id, table.c.deleted_at.is_(None))
    )
    if found["roles"] >= MOST_ROLES:
        raise Problem(Conflict(f"The tenant has {MOST_ROLES} roles already: delete one that is bound to nobody."))

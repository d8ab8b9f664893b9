"""Deleting a person, a service account or a role, for good: its roles go, its tokens are revoked.

Of a person nothing is left but the id that the audit names.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete as sql_delete
from sqlalchemy import func, select
from sqlalchemy import update as sql_update

from loaders.entities import ROLE, ROLE_BINDING, TOKEN, USER
from loaders.window import Row
from models import AuditAction, ids
from resolvers.auditing.erasing import erase_target
from resolvers.auditing.record import Target
from resolvers.problems import NotEmpty, Problem
from resolvers.recording import action_of, actor_of
from resolvers.writing.change import Change
from resolvers.writing.nouns import Noun
from resolvers.writing.principals.account import COLUMNS
from resolvers.writing.principals.update import written
from resolvers.writing.replay import overwrite_answers
from resolvers.writing.update import held

NAMELESS = {"name": "", "email": None, "issuer": None, "subject": None, "last_signed_in_at": None}


async def delete(change: Change, noun: Noun, given: Mapping[str, Any]) -> Row:
    """What was deleted, by its id.

    Raises:
        Problem: NotFound, Conflict, or NotEmpty for a role that somebody has.
    """
    row = await held(change, noun, given)
    if noun.entity is ROLE:
        await _refuse_bound(change, row)
    else:
        await _unbind(change, noun, row)
    now = change.context.clock.now()
    ended = {"deleted_at": now}
    action = action_of("deleted", noun.entity)
    if noun.entity is USER:
        # Its name must not enter the audit once more while it goes.
        await written(change, action, noun.entity, {**row, **NAMELESS}, {**NAMELESS, **ended})
        target = Target(USER.name, ids.encode(USER.prefix, row["id"]))
        actor = actor_of(change.context.caller)
        await overwrite_answers(change.connection, change.tenant_id, USER, row["id"], NAMELESS)
        await erase_target(change.connection, change.tenant_id, now, actor, target)
    else:
        await written(change, action, noun.entity, row, ended)
    return {"__typename": "Removal", "id": ids.encode(noun.entity.prefix, row["id"])}


async def _refuse_bound(change: Change, role: Row) -> None:
    table = ROLE_BINDING.sql
    bound = select(func.count().label("bindings")).where(
        table.c.tenant_id == change.tenant_id, table.c.role_id == role["id"]
    )
    [found] = await change.rows(bound)
    if found["bindings"]:
        message = f"The role is bound {found['bindings']} times: delete those bindings first."
        raise Problem(NotEmpty(message, ((ROLE_BINDING.name, found["bindings"]),)))


async def _unbind(change: Change, noun: Noun, row: Row) -> None:
    owned, now = COLUMNS[noun.entity.prefix], change.context.clock.now()
    bindings, tokens = ROLE_BINDING.sql, TOKEN.sql
    unbound = sql_delete(bindings).where(bindings.c.tenant_id == change.tenant_id, bindings.c[owned] == row["id"])
    for each in await change.rows(unbound.returning(bindings)):
        change.record(AuditAction.ROLE_BINDING_DELETED, ROLE_BINDING, each)
    revoked = (
        sql_update(tokens)
        .where(tokens.c.tenant_id == change.tenant_id, tokens.c[owned] == row["id"], tokens.c.revoked_at.is_(None))
        .values(revoked_at=now, updated_at=now, version=tokens.c.version + 1)
    )
    for each in await change.rows(revoked.returning(tokens)):
        change.record(AuditAction.TOKEN_REVOKED, TOKEN, each, ["revoked_at"], before={**each, "revoked_at": None})

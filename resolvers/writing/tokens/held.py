"""The token that a change is about: within the caller's reach, or the caller's own; locked."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select, update

from auth.requirement import all_of
from auth.scopes import Scope
from loaders.entities import TOKEN
from loaders.reach import condition
from loaders.window import Row
from models import AuditAction, ids
from resolvers.problems import Conflict, Forbidden, NotFound, Problem
from resolvers.writing.change import Change

MISSING = NotFound("There is no such token in reach.")


async def held(change: Change, given: Mapping[str, Any]) -> Row:
    """The token that an input's `id` names, at the version that it expects; revoked ones too.

    Raises:
        Problem: NotFound or Conflict.
    """
    named = ids.decode(given["id"])
    if named is None or named[0] is not TOKEN.prefix:
        raise Problem(MISSING)
    reach = change.context.caller.reach(all_of(Scope.TOKENS_WRITE))
    row = await _locked(change, _sought(change, named[1]).where(condition(TOKEN, change.tenant_id, reach)))
    expected = given.get("ifVersion")
    if expected is not None and row["version"] != expected:
        message = f"The token is at version {row['version']}, not {expected}: read it again."
        raise Problem(Conflict(message, row["version"]))
    return row


async def own(change: Change) -> Row:
    """The token that the caller showed, wherever it is bound to.

    Raises:
        Problem: Forbidden where the request acts in another tenant than the token's own.
    """
    principal = change.context.caller.principal
    if principal.home.id != change.tenant_id:
        raise Problem(Forbidden("The token belongs to another tenant than this one: leave X-Tenant-ID out.", ()))
    return await _locked(change, _sought(change, principal.token_id))


def refuse_ended(token: Row, now: datetime) -> None:
    """Refuse to go on with a token that is over. Raises Problem (Conflict)."""
    if token["revoked_at"] is not None:
        raise Problem(Conflict("The token was revoked, which is for good: make another one."))
    if token["expires_at"] <= now:
        raise Problem(Conflict("The token has expired: make another one."))


async def written(change: Change, action: AuditAction, token: Row, columns: Mapping[str, Any]) -> Row:
    """The token with these columns, one version on; recorded."""
    table = TOKEN.sql
    statement = (
        update(table)
        .where(table.c.tenant_id == change.tenant_id, table.c.id == token["id"])
        .values({**columns, "version": table.c.version + 1, "updated_at": change.context.clock.now()})
        .returning(table)
    )
    [row] = await change.rows(statement)
    change.record(action, TOKEN, row, list(columns), before=token)
    return row


def _sought(change: Change, token_id: uuid.UUID) -> Select[Any]:
    table = TOKEN.sql
    return select(table).where(table.c.tenant_id == change.tenant_id, table.c.id == token_id).with_for_update(of=table)


async def _locked(change: Change, statement: Select[Any]) -> Row:
    rows = await change.rows(statement)
    if not rows:
        raise Problem(MISSING)
    return rows[0]

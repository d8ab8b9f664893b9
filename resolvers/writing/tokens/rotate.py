"""Rotating a token: a new secret, and an end for the one before it. What the token may do, and its end, stay."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from auth.token import Secret
from loaders.entities import TOKEN
from loaders.window import Row
from models import AuditAction
from models.clock import Clock
from resolvers.problems import Forbidden, Problem
from resolvers.writing.change import Change
from resolvers.writing.grant import demand_all_of
from resolvers.writing.tokens.create import add_secret
from resolvers.writing.tokens.fields import overlap_of
from resolvers.writing.tokens.held import held, own, refuse_ended
from resolvers.writing.tokens.owner import own_column

# The columns that a rotation writes.
RENEWED = ("generation", "overlap_ends_at")


async def rotate(change: Change, given: Mapping[str, Any]) -> tuple[Row, Secret]:
    """The token that an input names, and its new secret; for a caller who holds all that the token may do.

    Who held the secret of another person's token would act in that person's name.

    Raises:
        Problem: NotFound, Conflict, Invalid or Forbidden.
    """
    token = await held(change, given)
    if token["user_id"] is not None and {"user_id": token["user_id"]} != own_column(change):
        raise Problem(Forbidden("A person's token is rotated by that person alone: revoke it, if it must end.", ()))
    await demand_all_of(change, token)
    return await _rotated(change, token, given)


async def rotate_own(change: Change, given: Mapping[str, Any]) -> tuple[Row, Secret]:
    """The caller's own token, and its new secret. Raises Problem (Conflict, Invalid or Forbidden)."""
    return await _rotated(change, await own(change), given)


async def renew(connection: AsyncConnection, clock: Clock, token: Row, overlap: int | None) -> tuple[Row, Secret]:
    """A locked token with a new secret; the one before stays good for `overlap` seconds, none before that does.

    Raises:
        Problem: Invalid, or Conflict for a token that is over.
    """
    now = clock.now()
    ends = now + overlap_of(overlap)
    refuse_ended(token, now)
    table = TOKEN.sql
    statement = (
        update(table)
        .where(table.c.tenant_id == token["tenant_id"], table.c.id == token["id"])
        .values(
            generation=table.c.generation + 1,
            overlap_ends_at=min(ends, token["expires_at"]),
            version=table.c.version + 1,
            updated_at=now,
        )
        .returning(table)
    )
    row = dict((await connection.execute(statement)).mappings().one())
    return row, await add_secret(connection, row)


async def _rotated(change: Change, token: Row, given: Mapping[str, Any]) -> tuple[Row, Secret]:
    row, secret = await renew(change.connection, change.context.clock, token, given.get("overlap"))
    change.record(AuditAction.TOKEN_ROTATED, TOKEN, row, RENEWED, before=token)
    return row, secret

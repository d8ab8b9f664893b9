"""Making a token: its row, and the hash that finds it, in one transaction; its secret exists nowhere else."""

import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import insert
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from auth.token import Secret, digest, mint
from loaders.entities import TOKEN
from loaders.window import Row
from models import AuditAction, Credential, Token
from models.clock import Clock
from resolvers.problems import Conflict, Problem
from resolvers.writing.change import Change
from resolvers.writing.tokens import fields
from resolvers.writing.tokens.grant import granted_node
from resolvers.writing.tokens.node import columns_of


async def create(change: Change, given: Mapping[str, Any]) -> tuple[Row, Secret]:
    """The new token and its secret; its scopes and its node are within the caller's own.

    Raises:
        Problem: Invalid, Conflict (the name is taken), NotFound (the node) or Forbidden.
    """
    now = change.context.clock.now()
    lives = given.get("expiresIn")
    checks: fields.Checks = {
        "name": lambda: fields.name_of(given["name"]),
        "scopes": lambda: fields.scopes_of(change.tenant_id, given["scopes"]),
        "expires_at": lambda: fields.end_of(
            now, None if lives is None else timedelta(seconds=lives), given.get("expiresAt")
        ),
        "networks": lambda: fields.networks_of(given.get("networks")),
    }
    values = fields.all_checked(checks)
    node = await granted_node(change, values["scopes"], given.get("node"))
    columns = {**values, **columns_of(node)}
    row, secret = await issue(change.connection, change.context.clock, change.tenant_id, columns)
    change.record(AuditAction.TOKEN_CREATED, TOKEN, row, list(columns))
    return row, secret


async def issue(
    connection: AsyncConnection, clock: Clock, tenant_id: uuid.UUID, values: Mapping[str, Any]
) -> tuple[Row, Secret]:
    """Write a token of a tenant, whose values are checked; the name is unique among those that are not revoked.

    Raises:
        Problem: Conflict (the name is taken).
    """
    now = clock.now()
    row = {"tenant_id": tenant_id, "id": clock.new_id(), "created_at": now, "updated_at": now, **values}
    unless_taken = (
        postgresql.insert(Token)
        .values(row)
        .on_conflict_do_nothing(index_elements=[Token.tenant_id, Token.name], index_where=Token.revoked_at.is_(None))
        .returning(TOKEN.sql)
    )
    made = (await connection.execute(unless_taken)).mappings().one_or_none()
    if made is None:
        name = values["name"]
        raise Problem(Conflict(f"There is a token named {name!r} already: revoke it first, or take another name."))
    return dict(made), await add_secret(connection, dict(made))


async def add_secret(connection: AsyncConnection, token: Row) -> Secret:
    """A new secret of the token's generation."""
    secret = mint()
    look_up = {
        "hash": digest(secret.reveal()),
        "tenant_id": token["tenant_id"],
        "token_id": token["id"],
        "generation": token["generation"],
    }
    await connection.execute(insert(Credential).values(look_up))
    return secret

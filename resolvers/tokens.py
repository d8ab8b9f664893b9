"""Tokens: made once, shown once, listed without their secret, revoked for good.

A token and the hash that finds it are written in one transaction of the tenant's; only the hash is stored.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping, Update, select, update

from auth.bindings import node_of
from auth.scopes import Scope
from auth.token import Secret, is_well_formed
from auth.verifying import Credentials, TokenState, judged
from models import Tenant, TenantStatus, Token
from models.clock import Clock
from models.database import Database
from models.ids import encode
from resolvers.me import PREFIXES
from resolvers.problems import Invalid, NotFound, Problem
from resolvers.writing.node import columns_of, found
from resolvers.writing.tokens import fields
from resolvers.writing.tokens.create import issue
from resolvers.writing.tokens.owner import owned_by
from resolvers.writing.tokens.rotate import renew

# What every token gets unless its maker leaves it out: to read the schema that it is to be used with.
GIVEN_BY_DEFAULT = frozenset({Scope.SCHEMA_READ})


@dataclass(frozen=True, slots=True)
class Created:
    """A new token: its secret, which exists nowhere else, and its row."""

    secret: Secret
    row: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Verified:
    """Whether a text is good and until when; of one that somebody was given also what is known of its token.

    `tenant` is a slug; `node` the id of what the token is bound to, if that is less than its tenant.
    """

    state: TokenState
    until: datetime | None = None
    token: Mapping[str, Any] | None = None
    tenant: str | None = None
    node: str | None = None


async def create_token(
    app: Database,
    clock: Clock,
    tenant_id: uuid.UUID,
    name: str,
    scopes: Iterable[Scope],
    *,
    expires_in: timedelta = fields.DEFAULT,
    node: str | None = None,
    networks: Iterable[str] = (),
    owner: str | None = None,
) -> Created:
    """Make a token in a tenant, bound to a node of it (by its id) and to networks, where those are given.

    `owner` is the id of a user or service account, beyond whose rights it does not go.

    Raises:
        Problem: Invalid, Conflict (the name is taken), NotFound (the tenant, the node or the owner).
    """
    checks: fields.Checks = {
        "name": lambda: fields.name_of(name),
        "scopes": lambda: fields.scopes_of(tenant_id, scopes),
        "expires_at": lambda: fields.end_of(clock.now(), expires_in),
        "networks": lambda: fields.networks_of(networks),
    }
    values = fields.all_checked(checks)
    async with app.write(tenant_id) as connection:
        exists = select(Tenant.id).where(Tenant.id == tenant_id, Tenant.status != TenantStatus.DELETED)
        if (await connection.execute(exists)).one_or_none() is None:
            raise Problem(NotFound("There is no such tenant."))
        bound = None if node is None else (await found(connection, tenant_id, node, [None])).node
        owning = {} if owner is None else await owned_by(connection, tenant_id, owner, values["scopes"])
        row, secret = await issue(connection, clock, tenant_id, {**values, **columns_of(bound), **owning})
    return Created(secret, row)


async def rotate_token(app: Database, clock: Clock, tenant_id: uuid.UUID, name: str, overlap: timedelta) -> Created:
    """Give the tenant's token of that name a new secret; the one before stays good for `overlap`.

    Raises:
        Problem: NotFound, Invalid (the overlap), or Conflict (the token has expired).
    """
    chosen = select(Token.__table__).where(Token.tenant_id == tenant_id, Token.name == name, Token.revoked_at.is_(None))
    async with app.write(tenant_id) as connection:
        token = (await connection.execute(chosen.with_for_update())).mappings().one_or_none()
        if token is None:
            raise Problem(NotFound(f"There is no token named {name!r} that is not revoked already."))
        row, secret = await renew(connection, clock, dict(token), int(overlap.total_seconds()))
    return Created(secret, row)


async def verify_token(app: Database, platform: Database, clock: Clock, text: str) -> Verified:
    """What a token's text comes to, wherever it belongs: for whoever is at the machine."""
    named = await Credentials(platform).find(text)
    if named is None:
        return Verified(TokenState.UNKNOWN)
    sought = (
        select(Token.__table__, Tenant.slug, Tenant.status)
        .join(Tenant, Tenant.id == Token.tenant_id)
        .where(Token.tenant_id == named.tenant_id, Token.id == named.token_id)
    )
    async with app.read(named.tenant_id) as connection:
        token = dict((await connection.execute(sought)).mappings().one())
    state, until = judged(token, named.generation, clock.now(), owner_is_disabled=named.owner_is_disabled)
    if token["status"] != TenantStatus.ACTIVE:
        state, until = TokenState.SUSPENDED, None
    node = node_of(token)
    bound = None if node is None else encode(PREFIXES[node.kind], node.id)
    return Verified(state, until, token, token["slug"], bound)


async def list_tokens(app: Database, tenant_id: uuid.UUID) -> Sequence[RowMapping]:
    """The tenant's tokens that are not revoked, expired ones included, by name."""
    live = select(Token.__table__).where(Token.tenant_id == tenant_id, Token.revoked_at.is_(None)).order_by(Token.name)
    async with app.read(tenant_id) as connection:
        return (await connection.execute(live)).mappings().all()


async def revoke_token(app: Database, clock: Clock, tenant_id: uuid.UUID, name: str) -> RowMapping:
    """Revoke the tenant's token of that name. Raises Problem (NotFound)."""
    chosen = _revocation(clock, tenant_id).where(Token.name == name)
    async with app.write(tenant_id) as connection:
        revoked = (await connection.execute(chosen)).mappings().one_or_none()
    if revoked is None:
        raise Problem(NotFound(f"There is no token named {name!r} that is not revoked already."))
    return revoked


async def revoke_presented(app: Database, platform: Database, clock: Clock, text: str) -> RowMapping:
    """Revoke a token by its text, wherever it belongs: whoever holds a leaked one may end it.

    Raises:
        Problem: Invalid (it is no token), NotFound (unknown, or revoked already).
    """
    if not is_well_formed(text):
        raise Problem(Invalid("token", "This is no token: its form or its checksum is wrong."))
    named = await Credentials(platform).find(text)
    if named is not None:
        chosen = _revocation(clock, named.tenant_id).where(
            # A secret that was rotated away is dead, and ends nothing that lives.
            Token.id == named.token_id,
            Token.generation <= named.generation + 1,
        )
        async with app.write(named.tenant_id) as connection:
            revoked = (await connection.execute(chosen)).mappings().one_or_none()
        if revoked is not None:
            return revoked
    raise Problem(NotFound("This token is unknown, or revoked already."))


def _revocation(clock: Clock, tenant_id: uuid.UUID) -> Update:
    now = clock.now()
    return (
        update(Token)
        .where(Token.tenant_id == tenant_id, Token.revoked_at.is_(None))
        .values(revoked_at=now, updated_at=now, version=Token.version + 1)
        .returning(Token.__table__)
    )

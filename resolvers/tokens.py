"""Tokens: made once, shown once, listed without their secret, revoked for good.

A token and the hash that finds it are written in one transaction of the tenant's; only the hash is stored. What is done
is recorded in that transaction, as done by a `command`.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, and_, select, update

from auth.bindings import node_of
from auth.scopes import Scope
from auth.token import Secret, is_well_formed
from auth.verifying import Credentials, Named, TokenState, judged
from loaders.entities import TOKEN
from models import PLATFORM_ID, AuditAction, Tenant, TenantStatus, Token
from models.clock import Clock
from models.database import Database
from models.ids import encode
from resolvers.auditing import Changed, Record, append, append_apart, changed_fields, command_record, told
from resolvers.me import PREFIXES
from resolvers.problems import Invalid, NotFound, Problem
from resolvers.recording import target_of
from resolvers.writing.node import columns_of, found
from resolvers.writing.tokens import fields
from resolvers.writing.tokens.create import issue
from resolvers.writing.tokens.owner import owned_by
from resolvers.writing.tokens.rotate import RENEWED, renew

# What every token gets unless its maker leaves it out: to read the schema that it is to be used with.
GIVEN_BY_DEFAULT = frozenset({Scope.SCHEMA_READ})
REVOKE = "tenantry token revoke"


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
    command: str = "tenantry token create",
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
        columns = {**values, **columns_of(bound), **owning}
        row, secret = await issue(connection, clock, tenant_id, columns)
        record = _record(command, AuditAction.TOKEN_CREATED, row, changed_fields(None, row, columns))
        await append(connection, tenant_id, clock.now(), [record])
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
        before = dict(token)
        row, secret = await renew(connection, clock, before, int(overlap.total_seconds()))
        changed = changed_fields(before, row, RENEWED)
        record = _record("tenantry token rotate", AuditAction.TOKEN_ROTATED, row, changed)
        await append(connection, tenant_id, clock.now(), [record])
    return Created(secret, row)


async def verify_token(app: Database, platform: Database, clock: Clock, text: str) -> Verified:
    """What a token's text comes to, wherever it belongs: for whoever is at the machine.

    That it was asked is recorded where the token belongs, of an unknown text in the platform.
    """
    named = await Credentials(platform).find(text)
    verified = Verified(TokenState.UNKNOWN) if named is None else await _verified(app, clock, named)
    target = None if verified.token is None else target_of(TOKEN, verified.token)
    record = command_record("tenantry token verify", AuditAction.TOKEN_VERIFIED, target, told(state=verified.state))
    await append_apart(app, clock, PLATFORM_ID if named is None else named.tenant_id, [record])
    return verified


async def _verified(app: Database, clock: Clock, named: Named) -> Verified:
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


async def revoke_token(
    app: Database, clock: Clock, tenant_id: uuid.UUID, name: str, *, command: str = REVOKE
) -> RowMapping:
    """Revoke the tenant's token of that name. Raises Problem (NotFound)."""
    revoked = await _revoke(app, clock, tenant_id, Token.name == name, command=command)
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
        # A secret that was rotated away is dead, and ends nothing that lives.
        chosen = and_(Token.id == named.token_id, Token.generation <= named.generation + 1)
        revoked = await _revoke(app, clock, named.tenant_id, chosen)
        if revoked is not None:
            return revoked
    raise Problem(NotFound("This token is unknown, or revoked already."))


async def _revoke(
    app: Database, clock: Clock, tenant_id: uuid.UUID, chosen: ColumnElement[bool], *, command: str = REVOKE
) -> RowMapping | None:
    """The token that was revoked, None where there is none or it was revoked before."""
    now = clock.now()
    statement = (
        update(Token)
        .where(Token.tenant_id == tenant_id, Token.revoked_at.is_(None), chosen)
        .values(revoked_at=now, updated_at=now, version=Token.version + 1)
        .returning(Token.__table__)
    )
    async with app.write(tenant_id) as connection:
        revoked: RowMapping | None = (await connection.execute(statement)).mappings().one_or_none()
        if revoked is not None:
            record = _record(command, AuditAction.TOKEN_REVOKED, dict(revoked), {"revoked_at": Changed(None, now)})
            await append(connection, tenant_id, now, [record])
    return revoked


def _record(command: str, action: AuditAction, token: Mapping[str, Any], changed: Mapping[str, Changed]) -> Record:
    return command_record(command, action, target_of(TOKEN, token), changed)

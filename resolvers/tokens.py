"""Tokens: made once, shown once, listed without their secret, revoked for good.

A token and the hash that finds it are written in one transaction of the tenant's; only the hash is stored.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import RowMapping, Update, insert, select, update
from sqlalchemy.dialects import postgresql

from auth.scopes import Scope
from auth.token import Secret, digest, is_well_formed, mint
from models import PLATFORM_ID, Credential, Tenant, TenantStatus, Token
from models.clock import Clock
from models.database import Database
from resolvers.names import checked_name
from resolvers.problems import Conflict, Invalid, NotFound, Problem

SHORTEST = timedelta(seconds=1)
LONGEST = timedelta(days=365)
DEFAULT = timedelta(days=90)

# What every token gets unless its maker leaves it out: to read the schema that it is to be used with.
GIVEN_BY_DEFAULT = frozenset({Scope.SCHEMA_READ})


@dataclass(frozen=True, slots=True)
class Created:
    """A new token: its secret, which exists nowhere else, and its row."""

    secret: Secret
    row: RowMapping


async def create_token(
    app: Database,
    clock: Clock,
    tenant_id: uuid.UUID,
    name: str,
    scopes: Iterable[Scope],
    *,
    expires_in: timedelta = DEFAULT,
) -> Created:
    """Make a token in a tenant; the name is unique among those that are not revoked.

    Raises:
        Problem: Invalid, Conflict (the name is taken), NotFound (the tenant).
    """
    now = clock.now()
    row = {
        "tenant_id": tenant_id,
        "id": clock.new_id(),
        "name": checked_name("name", name),
        "scopes": _checked_scopes(tenant_id, scopes),
        "expires_at": now + _checked_expiry(expires_in),
        "created_at": now,
        "updated_at": now,
    }
    secret = mint()
    async with app.write(tenant_id) as connection:
        exists = select(Tenant.id).where(Tenant.id == tenant_id, Tenant.status != TenantStatus.DELETED)
        if (await connection.execute(exists)).one_or_none() is None:
            raise Problem(NotFound("There is no such tenant."))
        unless_taken = (
            postgresql.insert(Token)
            .values(row)
            .on_conflict_do_nothing(
                index_elements=[Token.tenant_id, Token.name], index_where=Token.revoked_at.is_(None)
            )
            .returning(Token.__table__)
        )
        made = (await connection.execute(unless_taken)).mappings().one_or_none()
        if made is None:
            raise Problem(Conflict(f"There is a token named {name!r} already: revoke it first, or take another name."))
        look_up = {"hash": digest(secret.reveal()), "tenant_id": tenant_id, "token_id": made["id"]}
        await connection.execute(insert(Credential).values(look_up))
    return Created(secret, made)


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
    by_hash = select(Credential.tenant_id, Credential.token_id).where(Credential.hash == digest(text))
    async with platform.read(None) as connection:
        found = (await connection.execute(by_hash)).one_or_none()
    if found is not None:
        chosen = _revocation(clock, found.tenant_id).where(Token.id == found.token_id)
        async with app.write(found.tenant_id) as connection:
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


def _checked_scopes(tenant_id: uuid.UUID, scopes: Iterable[Scope]) -> list[str]:
    """Scopes as they are stored: sorted, each once."""
    wanted = sorted(set(scopes))
    if not wanted:
        raise Problem(Invalid("scopes", "A token without a scope could do nothing: name one at least."))
    beyond = [scope for scope in wanted if scope.startswith("platform.")]
    if beyond and tenant_id != PLATFORM_ID:
        raise Problem(Invalid("scopes", f"Only an operator's token can hold {', '.join(beyond)}."))
    return [scope.value for scope in wanted]


def _checked_expiry(expires_in: timedelta) -> timedelta:
    if not SHORTEST <= expires_in <= LONGEST:
        raise Problem(Invalid("expiresIn", "A token lives at least 1 second and at most 365 days."))
    return expires_in

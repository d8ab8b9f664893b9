"""Who bears a token: its row, its owner's roles and its tenant, read by one statement, good or not."""

import uuid
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from sqlalchemy import and_, bindparam, func, select

from auth.bindings import OWNER_ENDED_AT, bindings_of, grants_of, known_scopes, node_of, with_owner
from auth.principal import Account, Principal, TenantRef, kind_of
from models import Credential, ServiceAccount, Tenant, Token, User
from models.database import Database
from models.ids import Prefix
from models.statement import Statement

_TOKENS = with_owner(
    select(
        Token.id,
        Token.tenant_id,
        Token.name,
        Token.scopes,
        Token.expires_at,
        Token.revoked_at,
        Token.organization_id,
        Token.location_id,
        Token.area_id,
        Token.networks,
        Token.generation,
        Token.overlap_ends_at,
        Token.user_id,
        Token.service_account_id,
        func.coalesce(User.name, ServiceAccount.name).label("owner_name"),
        OWNER_ENDED_AT,
        bindings_of(Token.tenant_id, Token.user_id, Token.service_account_id).label("bindings"),
        Tenant.slug,
        Tenant.status,
        Tenant.path,
    )
    .select_from(Token)
    .join(Tenant, Tenant.id == Token.tenant_id)
)
BY_ID = Statement(_TOKENS.where(Token.tenant_id == bindparam("tenant"), Token.id == bindparam("token")))
BY_HASH = Statement(
    _TOKENS.add_columns((Token.generation - Credential.generation).label("age"))
    .join(Credential, and_(Token.tenant_id == Credential.tenant_id, Token.id == Credential.token_id))
    .where(Credential.hash == bindparam("hash"))
)


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who bears a token, and the row that says whether it is good; `age` in it is how old the secret shown is."""

    principal: Principal
    row: SimpleNamespace


async def bearer_of(platform: Database, tenant_id: uuid.UUID, token_id: uuid.UUID) -> Bearer | None:
    """The bearer of the token with this id, as a good secret of it would show them."""
    return await _bearer(platform, BY_ID, tenant=tenant_id, token=token_id)


async def bearer_by_hash(platform: Database, token_hash: bytes) -> Bearer | None:
    """The bearer of the token that has, or had, this secret."""
    return await _bearer(platform, BY_HASH, hash=token_hash)


async def _bearer(platform: Database, statement: Statement, **sought: Any) -> Bearer | None:
    row = await statement.row(platform, None, **sought)
    if row is None:
        return None
    principal = Principal(
        kind=kind_of(row.tenant_id, is_person=row.user_id is not None),
        name=row.name,
        token_id=row.id,
        expires_at=row.expires_at,
        scopes=known_scopes(row.scopes, f"token {row.id}"),
        home=TenantRef(row.tenant_id, row.slug, row.status, tuple(row.path)),
        node=node_of(vars(row)),
        account=_owner(row),
    )
    return Bearer(principal, row)


def _owner(row: Any) -> Account | None:
    """Whose token it is, with what that account may do now; None where it is the tenant's own."""
    prefix = Prefix.USER if row.user_id is not None else Prefix.SERVICE_ACCOUNT
    owner = row.user_id or row.service_account_id
    return None if owner is None else Account(prefix, owner, row.owner_name, grants_of(row.tenant_id, row.bindings))

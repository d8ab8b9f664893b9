"""Whose a new token is: the caller's own account, a service account, or nobody's but the tenant's."""

import uuid
from collections.abc import Collection, Mapping

from sqlalchemy.ext.asyncio import AsyncConnection

from auth.bindings import bindings_of, grants_of
from auth.grants import scopes_of
from auth.scopes import Scope
from loaders.entities import SERVICE_ACCOUNT
from models import ids
from models.hierarchy import Reach
from models.ids import Prefix
from resolvers.problems import Conflict, Forbidden, Invalid, Problem
from resolvers.writing.change import Change
from resolvers.writing.principals.account import COLUMNS, NO_ACCOUNT, account_of
from resolvers.writing.reach import referable


async def owned(change: Change, text: str | None, scopes: Collection[str]) -> Mapping[str, uuid.UUID]:
    """The column that names the owner that an input gives; without one the caller's own account, where it has one here.

    Raises:
        Problem: NotFound, Forbidden (somebody else's person), or as `owned_by`.
    """
    account = change.context.caller.principal.account
    own = ids.encode(account.prefix, account.id) if account is not None and own_column(change) else None
    named = own if text is None else text
    if named is None:
        return {}
    reach: Reach = None
    if named != own:
        if named.startswith(Prefix.USER):
            raise Problem(Forbidden("A person's token is made by that person alone.", ()))
        reach = referable(change.context, Scope.TOKENS_WRITE, SERVICE_ACCOUNT)
    return await owned_by(change.connection, change.tenant_id, named, scopes, reach)


def own_column(change: Change) -> Mapping[str, uuid.UUID]:
    """The column that names the caller's own account; empty where it has none in this tenant."""
    principal = change.context.caller.principal
    if principal.account is None or principal.home.id != change.tenant_id:
        return {}
    return {COLUMNS[principal.account.prefix]: principal.account.id}


async def owned_by(
    connection: AsyncConnection, tenant_id: uuid.UUID, text: str, scopes: Collection[str], reach: Reach = None
) -> Mapping[str, uuid.UUID]:
    """The column that names an owner within reach, who has roles with all of these scopes; held until the commit.

    Raises:
        Problem: NotFound, Conflict (it is disabled), or Invalid (no role of its gives one of the scopes).
    """
    account = account_of(text)
    bindings = bindings_of(tenant_id, **account.columns).label("bindings")
    sought = account.held(tenant_id, reach, account.entity.sql.c.disabled_at, bindings)
    found = (await connection.execute(sought)).one_or_none()
    if found is None:
        raise Problem(NO_ACCOUNT)
    if found.disabled_at is not None:
        raise Problem(Conflict("The owner is disabled: enable it first."))
    lacking = sorted(set(scopes) - scopes_of(grants_of(tenant_id, found.bindings)) - {Scope.SCHEMA_READ})
    if lacking:
        raise Problem(
            Invalid(
                "scopes",
                f"The owner has no role with {', '.join(lacking)}: bind one first. What an issuer's groups allow holds "
                "for who signs in, not for tokens.",
            )
        )
    return account.columns

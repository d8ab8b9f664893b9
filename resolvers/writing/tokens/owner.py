"""Whose a new token is: the caller's own account, a service account, or nobody's but the tenant's."""

import uuid
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from auth.bindings import bindings_of, grants_of
from auth.grants import scopes_of
from auth.requirement import any_of
from auth.scopes import Scope
from loaders.entities import SERVICE_ACCOUNT, USER, Entity
from loaders.reach import condition
from models import ids
from models.hierarchy import Reach
from models.ids import Prefix
from resolvers.problems import Conflict, Forbidden, Invalid, NotFound, Problem
from resolvers.writing.change import Change

MISSING = NotFound("There is no such user or service account in reach.")
OWNING: dict[Prefix, tuple[Entity, str]] = {
    Prefix.USER: (USER, "user_id"),
    Prefix.SERVICE_ACCOUNT: (SERVICE_ACCOUNT, "service_account_id"),
}


async def owned(change: Change, text: str | None, scopes: Collection[str]) -> Mapping[str, uuid.UUID]:
    """The column that names the owner that an input gives; without one the caller's own account, where it has one here.

    Raises:
        Problem: NotFound, Forbidden (somebody else's person), or as `owned_by`.
    """
    caller, account = change.context.caller, change.context.caller.principal.account
    own = ids.encode(account.prefix, account.id) if account is not None and own_column(change) else None
    named = own if text is None else text
    if named is None:
        return {}
    reach: Reach = None
    if named != own:
        if named.startswith(Prefix.USER):
            raise Problem(Forbidden("A person's token is made by that person alone.", ()))
        seen = caller.reach(any_of(Scope.SERVICE_ACCOUNTS_READ))
        reach = caller.reach(any_of(Scope.TOKENS_WRITE)) if seen == () else seen
    return await owned_by(change.connection, change.tenant_id, named, scopes, reach)


def own_column(change: Change) -> Mapping[str, uuid.UUID]:
    """The column that names the caller's own account; empty where it has none in this tenant."""
    principal = change.context.caller.principal
    if principal.account is None or principal.home.id != change.tenant_id:
        return {}
    return {OWNING[principal.account.prefix][1]: principal.account.id}


async def owned_by(
    connection: AsyncConnection, tenant_id: uuid.UUID, text: str, scopes: Collection[str], reach: Reach = None
) -> Mapping[str, uuid.UUID]:
    """The column that names an owner within reach, who has roles with all of these scopes; held until the commit.

    Raises:
        Problem: NotFound, Conflict (it is disabled), or Invalid (no role of its gives one of the scopes).
    """
    named = ids.decode(text)
    if named is None or named[0] not in OWNING:
        raise Problem(MISSING)
    entity, column = OWNING[named[0]]
    table = entity.sql
    bindings: Any = bindings_of(tenant_id, **{column: named[1]})
    sought = (
        select(table.c.disabled_at, bindings.label("bindings"))
        .where(table.c.tenant_id == tenant_id, table.c.id == named[1], entity.living)
        .where(condition(entity, tenant_id, reach))
        .with_for_update(read=True, of=table)
    )
    found = (await connection.execute(sought)).one_or_none()
    if found is None:
        raise Problem(MISSING)
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
    return {column: named[1]}

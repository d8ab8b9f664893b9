"""Binding a role to a person or a service account on a node, and taking it away."""

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects import postgresql

from auth.bindings import scopes_in
from auth.requirement import any_of
from auth.roles import BY_ID
from auth.scopes import Scope
from loaders.entities import ROLE, ROLE_BINDING
from loaders.reach import condition
from loaders.window import Row
from models import PLATFORM_ID, AuditAction, ids
from resolvers.problems import Conflict, Forbidden, NotFound, Problem
from resolvers.writing.change import Change
from resolvers.writing.grant import granted_node
from resolvers.writing.node import columns_of
from resolvers.writing.nouns import Noun
from resolvers.writing.principals.account import NO_ACCOUNT, account_of
from resolvers.writing.reach import referable

# Of one person or program: each is a condition more in what it reads.
MOST_BINDINGS = 200
BINDING_NOUN = Noun(ROLE_BINDING, Scope.ROLES_WRITE, fields=())
NO_ROLE = NotFound("There is no such role.")
NO_BINDING = NotFound("There is no such role binding in reach.")


async def bind(change: Change, _noun: Noun, given: Mapping[str, Any]) -> Row:
    """The new binding, of a role whose scopes its maker holds beneath the node.

    Raises:
        Problem: NotFound (the role, the principal, the node), Forbidden, or Conflict (it is bound there already, or
            the principal has too many).
    """
    role = await _role(change, given["role"])
    scopes = scopes_in(change.tenant_id, {**role, "scopes": role.pop("scopes")})
    principal = await _principal(change, given["principal"])
    node = await granted_node(change, scopes, given.get("node"), Scope.ROLES_WRITE)
    row = {
        "tenant_id": change.tenant_id,
        "id": change.context.clock.new_id(),
        "created_at": change.context.clock.now(),
        **role,
        **principal,
        **columns_of(node),
    }
    table = ROLE_BINDING.sql
    made = await change.rows(postgresql.insert(table).values(row).on_conflict_do_nothing().returning(table))
    if not made:
        raise Problem(Conflict("It has this role there already."))
    await _refuse_more(change, principal)
    change.record(AuditAction.ROLE_BINDING_CREATED, ROLE_BINDING, made[0], [*role, *principal, *columns_of(node)])
    return made[0]


async def unbind(change: Change, _noun: Noun, given: Mapping[str, Any]) -> Row:
    """What was deleted, by its id: within five seconds it gives nothing any more. Raises Problem (NotFound)."""
    table = ROLE_BINDING.sql
    named = ids.decode(given["id"])
    if named is None or named[0] is not ROLE_BINDING.prefix:
        raise Problem(NO_BINDING)
    within = condition(ROLE_BINDING, change.tenant_id, change.context.caller.reach(any_of(Scope.ROLES_WRITE)))
    gone = delete(table).where(table.c.tenant_id == change.tenant_id, table.c.id == named[1], within)
    found = await change.rows(gone.returning(table))
    if not found:
        raise Problem(NO_BINDING)
    change.record(AuditAction.ROLE_BINDING_DELETED, ROLE_BINDING, found[0])
    return {"__typename": "Removal", "id": ids.encode(ROLE_BINDING.prefix, named[1])}


async def _role(change: Change, text: str) -> Row:
    """The columns that name a role, and its scopes where it is the tenant's own; that is held against deletion."""
    named = ids.decode(text)
    if named is None or named[0] is not ROLE.prefix:
        raise Problem(NO_ROLE)
    built_in = BY_ID.get(named[1])
    if built_in is not None:
        if built_in.operators and change.tenant_id != PLATFORM_ID:
            raise Problem(Forbidden("Only the platform's own people can have this role.", ()))
        return {"built_in": built_in.key, "role_id": None, "scopes": None}
    found = await change.lock(ROLE, [named[1]], share=True)
    if not found:
        raise Problem(NO_ROLE)
    return {"built_in": None, "role_id": named[1], "scopes": found[named[1]]["scopes"]}


async def _principal(change: Change, text: str) -> dict[str, uuid.UUID]:
    """The column that names a person or a service account that the caller sees, held against deletion."""
    account = account_of(text)
    reach = referable(change.context, BINDING_NOUN.scope, account.entity)
    if not await change.rows(account.held(change.tenant_id, reach, account.entity.sql.c.id)):
        raise Problem(NO_ACCOUNT)
    return account.columns


async def _refuse_more(change: Change, principal: Mapping[str, uuid.UUID]) -> None:
    table = ROLE_BINDING.sql
    [(column, its)] = principal.items()
    counted = select(func.count().label("bindings")).where(
        table.c.tenant_id == change.tenant_id, table.c[column] == its
    )
    [found] = await change.rows(counted)
    if found["bindings"] > MOST_BINDINGS:
        raise Problem(Conflict(f"It has {MOST_BINDINGS} roles already: bind one higher up, or delete a binding."))

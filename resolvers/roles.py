"""Roles as the graph shows them: rows of the tenant's, and those that every tenant has and no row is of."""

import uuid
from collections.abc import Awaitable
from typing import Any

from auth.bindings import scopes_in
from auth.roles import BUILT_IN, BY_KEY, BuiltInRole
from loaders.entities import ROLE
from loaders.window import Row
from models import PLATFORM_ID
from resolvers.context import Context, Info


def built_in_roles(_root: Any, info: Info) -> list[Row]:
    """Those that can be bound in the caller's tenant."""
    context: Context = info.context
    on_platform = context.tenant_id == PLATFORM_ID
    return [shown(role, context.tenant_id) for role in BUILT_IN if on_platform or not role.operators]


def role_of_binding(row: Row, info: Info) -> Awaitable[Row | None] | Row | None:
    """What is bound; None for a role of a newer version than this."""
    if row["built_in"] is not None:
        found = BY_KEY.get(row["built_in"])
        return None if found is None else shown(found, row["tenant_id"])
    context: Context = info.context
    return context.loaders.row(ROLE, row["tenant_id"], row["role_id"])


def shown(role: BuiltInRole, tenant_id: uuid.UUID) -> Row:
    """A role that every tenant has as a row of the others, with what it gives in this tenant."""
    return {
        "id": role.id,
        "name": role.name,
        "description": role.description,
        "scopes": sorted(scopes_in(tenant_id, {"built_in": role.key})),
        "key": role.key,
        "created_at": None,
        "updated_at": None,
        "version": None,
    }


def is_built_in(row: Row, _info: Info) -> bool:
    """Whether every tenant has it."""
    return "key" in row


def key_of_role(row: Row, _info: Info) -> str | None:
    """The short name of one that every tenant has."""
    return row.get("key")

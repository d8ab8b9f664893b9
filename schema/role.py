"""Roles: named sets of scopes, a tenant's own and those that every tenant has."""

from __future__ import annotations

from datetime import datetime

from auth.requirement import any_of
from auth.scopes import Scope
from loaders.entities import ROLE
from resolvers.roles import is_built_in, key_of_role
from schema.connection import connection_of
from schema.entity import entity
from schema.field import field

RoleConnection, RoleEdge, RoleFilter, RoleOrder = connection_of(ROLE)


@entity(ROLE, scopes=any_of(Scope.ROLES_READ), description="A named set of scopes.", keyed=False)
class Role:
    """A named set of scopes."""

    name: str = field("The name that people see.")
    description: str | None = field("What it is for.")
    scopes: list[str] = field("What it lets do, sorted.")
    built_in: bool = field("Whether every tenant has it; nobody changes such a one.", resolver=is_built_in)
    key: str | None = field("The short name of one that every tenant has.", resolver=key_of_role)
    created_at: datetime | None = field("When the tenant made it.")
    updated_at: datetime | None = field("When it was last changed.")
    version: int | None = field("How often it was written; guards changes.")

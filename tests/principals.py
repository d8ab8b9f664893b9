"""Who may do what in a tenant: a person, a service account, a role of the tenant's own, and bindings."""

import uuid
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from sqlalchemy import insert

from auth.scopes import Scope
from models import Role, RoleBinding, ServiceAccount, Token, User
from models.clock import Clock
from tenantry.databases import Databases
from tests.estate import add


@dataclass(frozen=True)
class Principals:
    """One of each; the person and the program have the role in the whole tenant, and own a token each."""

    user: SimpleNamespace
    service_account: SimpleNamespace
    role: SimpleNamespace
    user_binding: SimpleNamespace
    service_account_binding: SimpleNamespace
    user_token: SimpleNamespace
    service_account_token: SimpleNamespace


async def make_principals(
    databases: Databases, clock: Clock, tenant_id: uuid.UUID, *scopes: Scope, **node: uuid.UUID
) -> Principals:
    """A person and a program with a role of these scopes, on a node where one is given (`location_id` and its like)."""

    async def one(table: Any, **fields: Any) -> SimpleNamespace:
        return await add(databases, clock, table, tenant_id, **fields)

    ends = clock.now() + timedelta(days=1)
    user = await one(User, name="Ada", email="ada@example.com", issuer="https://issuer.example", subject="ada")
    program = await one(ServiceAccount, name="robot", description="Opens doors.")
    role = await one(Role, name="doorman", scopes=sorted(scopes))
    return Principals(
        user,
        program,
        role,
        await bind(databases, clock, tenant_id, user_id=user.id, role_id=role.id, **node),
        await bind(databases, clock, tenant_id, service_account_id=program.id, role_id=role.id, **node),
        await one(Token, name="ada's", scopes=sorted(scopes), expires_at=ends, user_id=user.id),
        await one(Token, name="robot's", scopes=sorted(scopes), expires_at=ends, service_account_id=program.id),
    )


async def bind(databases: Databases, clock: Clock, tenant_id: uuid.UUID, **columns: Any) -> SimpleNamespace:
    """A role binding."""
    row = {"tenant_id": tenant_id, "id": clock.new_id(), "created_at": clock.now(), **columns}
    async with databases.app.write(tenant_id) as connection:
        await connection.execute(insert(RoleBinding), row)
    return SimpleNamespace(**row)

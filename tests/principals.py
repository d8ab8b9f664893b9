"""Who may do what in a tenant: a person, a service account, a role of the tenant's own, and bindings."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from sqlalchemy import insert, select

from auth.bindings import grants_of
from auth.principal import Account, Caller
from auth.scopes import Scope
from loaders.entities import ROLE, ROLE_BINDING, SERVICE_ACCOUNT, TOKEN, USER, Entity
from models import Role, RoleBinding, ServiceAccount, Token, User
from models.clock import Clock
from models.ids import Prefix, encode
from tenantry.databases import Databases
from tests.estate import add

KINDS: dict[str, Entity] = {entity.name: entity for entity in (USER, SERVICE_ACCOUNT, ROLE, ROLE_BINDING)}


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

    @property
    def ids(self) -> dict[str, str]:
        """The id of one of each type, by the type's name."""
        rows = (self.user, self.service_account, self.role, self.user_binding)
        return {name: encode(KINDS[name].prefix, row.id) for name, row in zip(KINDS, rows, strict=True)}


async def make_principals(
    databases: Databases, clock: Clock, tenant_id: uuid.UUID, *scopes: Scope, who: str = "ada", **node: uuid.UUID
) -> Principals:
    """A person and a program with a role of these scopes, on a node where one is given (`location_id` and its like).

    `who` is what the person is called, and the others after it.
    """

    async def one(table: Any, **fields: Any) -> SimpleNamespace:
        return await add(databases, clock, table, tenant_id, **fields)

    ends = clock.now() + timedelta(days=1)
    user = await one(User, name=who.title(), email=f"{who}@example.com", issuer="https://issuer.example", subject=who)
    program = await one(ServiceAccount, name=f"{who}'s robot", description="Opens doors.")
    role = await one(Role, name=f"{who}'s role", scopes=sorted(scopes))
    return Principals(
        user,
        program,
        role,
        await bind(databases, clock, tenant_id, user_id=user.id, role_id=role.id, **node),
        await bind(databases, clock, tenant_id, service_account_id=program.id, role_id=role.id, **node),
        await one(Token, name=f"{who}'s", scopes=sorted(scopes), expires_at=ends, user_id=user.id),
        await one(
            Token, name=f"{who}'s robot's", scopes=sorted(scopes), expires_at=ends, service_account_id=program.id
        ),
    )


async def bind(databases: Databases, clock: Clock, tenant_id: uuid.UUID, **columns: Any) -> SimpleNamespace:
    """A role binding."""
    row = {"tenant_id": tenant_id, "id": clock.new_id(), "created_at": clock.now(), **columns}
    async with databases.app.write(tenant_id) as connection:
        await connection.execute(insert(RoleBinding), row)
    return SimpleNamespace(**row)


def owned_by(caller: Caller, prefix: Prefix, row: SimpleNamespace, bindings: Iterable[Mapping[str, Any]]) -> Caller:
    """The caller, whose token this person or program owns; each binding as `auth.bindings` reads it."""
    whole: dict[str, None] = dict.fromkeys(("built_in", "scopes", "organization_id", "location_id", "area_id"))
    grants = grants_of(row.tenant_id, [{**whole, **each} for each in bindings])
    return Caller(replace(caller.principal, account=Account(prefix, row.id, row.name, grants)), caller.tenant)


async def everybody(databases: Databases, tenant_id: uuid.UUID) -> dict[str, list[dict[str, Any]]]:
    """All rows of who may do what in a tenant, and of its tokens, the deleted ones too."""
    found: dict[str, list[dict[str, Any]]] = {}
    async with databases.app.read(tenant_id) as connection:
        for entity in (*KINDS.values(), TOKEN):
            rows = await connection.execute(select(entity.sql).order_by(entity.sql.c.id))
            found[entity.name] = [dict(row) for row in rows.mappings()]
    return found

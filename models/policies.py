"""Who may see and write which rows: row-level security and grants, declared as data.

The first migration made them, a test compares them with `pg_policies`, `pg_class` and the grants of a database,
and `tenantry doctor` and the server's start do the same.
"""

from dataclasses import dataclass

from sqlalchemy import Table

from models.base import Base
from models.event import Event, EventHead
from models.roles import Role
from models.tenant import Tenant
from models.token import Credential, Token

CURRENT_TENANT = "NULLIF(current_setting('app.tenant_id', true), '')::uuid"


@dataclass(frozen=True)
class Policy:
    """A row-level-security policy; `using` guards reads, changes and (as WITH CHECK) new rows."""

    table: str
    name: str
    role: Role
    command: str
    using: str


def is_tenant_data(table: Table) -> bool:
    """Whether the table's key begins with the tenant."""
    return next(iter(table.primary_key.columns)).name == "tenant_id"


def policies() -> list[Policy]:
    """Every policy that a migrated database has."""
    tenant_data = [
        Policy(table.name, "tenant_isolation", Role.APP, "ALL", f"tenant_id = ({CURRENT_TENANT})")
        for table in Base.metadata.sorted_tables
        if is_tenant_data(table)
    ]
    across = [
        Policy(Tenant.__tablename__, "tenant_subtree", Role.APP, "SELECT", f"({CURRENT_TENANT}) = ANY (path)"),
        Policy(Tenant.__tablename__, "platform", Role.PLATFORM, "ALL", "true"),
        Policy(Token.__tablename__, "platform", Role.PLATFORM, "SELECT", "true"),
    ]
    return sorted([*tenant_data, *across], key=lambda policy: (policy.table, policy.name))


def grants() -> dict[str, dict[Role, frozenset[str]]]:
    """Table to role to privileges; what is not listed is not granted."""
    write = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"})
    granted = {table.name: {Role.APP: write} for table in Base.metadata.sorted_tables if is_tenant_data(table)}
    granted[Event.__tablename__] = {Role.APP: frozenset({"SELECT", "INSERT"})}
    granted[EventHead.__tablename__] = {Role.APP: write - {"DELETE"}}
    granted[Token.__tablename__] = {Role.APP: write - {"DELETE"}, Role.PLATFORM: frozenset({"SELECT"})}
    granted[Tenant.__tablename__] = {
        Role.APP: frozenset({"SELECT"}),
        Role.PLATFORM: frozenset({"SELECT", "INSERT", "UPDATE"}),
    }
    granted[Credential.__tablename__] = {
        Role.APP: frozenset({"INSERT"}),
        Role.PLATFORM: frozenset({"SELECT"}),
    }
    return granted


def secured_tables() -> list[str]:
    """The tables on which row-level security is enabled and forced."""
    return sorted({policy.table for policy in policies()})

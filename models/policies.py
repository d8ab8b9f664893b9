"""Who may see and write which rows: row-level security and grants, declared as data.

The first migration made them, a test compares them with `pg_policies`, `pg_class` and the grants of a database,
and `tenantry doctor` and the server's start do the same.
"""

from dataclasses import dataclass

from sqlalchemy import Table

from models.audit import AuditHead, AuditRecord, AuditValue
from models.base import Base
from models.database_role import DatabaseRole
from models.event import Event, EventHead
from models.role import Role
from models.role_binding import RoleBinding
from models.service_account import ServiceAccount
from models.tenant import Tenant
from models.token import Credential, Token
from models.user import User

CURRENT_TENANT = "NULLIF(current_setting('app.tenant_id', true), '')::uuid"
SUBTREE = f"({CURRENT_TENANT}) = ANY (path)"
# The place of a tenant's parent, as far as the tenant that acts can see it.
PARENTS_PATH = "SELECT above.path FROM tenant above WHERE above.id = tenant.parent_id"
# What tells who shows a token: read before it is known which tenant that is.
FOUND_BY_PLATFORM = tuple(table.__tablename__ for table in (Token, User, ServiceAccount, Role, RoleBinding))
# A tenant is changed from above: strictly beneath the one that acts, and on the path of a parent within its reach.
BENEATH = (
    f"(({CURRENT_TENANT}) = ANY (path)) AND (id <> ({CURRENT_TENANT})) "
    f"AND (path[1:cardinality(path) - 1] = ({PARENTS_PATH}))"
)


@dataclass(frozen=True)
class Policy:
    """A row-level-security policy; `using` guards reads and changes, `check` what is written, if that differs."""

    table: str
    name: str
    role: DatabaseRole
    command: str
    using: str
    check: str | None = None

    @property
    def with_check(self) -> str:
        """What a written row must be."""
        return self.check or self.using

    @property
    def clauses(self) -> str:
        """The end of its statement: a command takes what it can have."""
        using = "" if self.command == "INSERT" else f"USING ({self.using})"
        check = "" if self.command in {"SELECT", "DELETE"} else f"WITH CHECK ({self.with_check})"
        return f"{using} {check}".strip()


def is_tenant_data(table: Table) -> bool:
    """Whether the table's key begins with the tenant."""
    return next(iter(table.primary_key.columns)).name == "tenant_id"


def policies() -> list[Policy]:
    """Every policy that a migrated database has."""
    tenant_data = [
        Policy(table.name, "tenant_isolation", DatabaseRole.APP, "ALL", f"tenant_id = ({CURRENT_TENANT})")
        for table in Base.metadata.sorted_tables
        if is_tenant_data(table)
    ]
    across = [
        Policy(Tenant.__tablename__, "tenant_subtree", DatabaseRole.APP, "SELECT", SUBTREE),
        Policy(Tenant.__tablename__, "tenant_insert", DatabaseRole.APP, "INSERT", BENEATH),
        # Its own row a tenant may hold, so that nothing is hung on it while it goes; written, it is refused.
        Policy(Tenant.__tablename__, "tenant_update", DatabaseRole.APP, "UPDATE", SUBTREE, BENEATH),
        Policy(Tenant.__tablename__, "platform", DatabaseRole.PLATFORM, "ALL", "true"),
        *(Policy(name, "platform", DatabaseRole.PLATFORM, "SELECT", "true") for name in FOUND_BY_PLATFORM),
    ]
    return sorted([*tenant_data, *across], key=lambda policy: (policy.table, policy.name))


def grants() -> dict[str, dict[DatabaseRole, frozenset[str]]]:
    """Table to role to privileges; what is not listed is not granted."""
    write = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"})
    granted = {table.name: {DatabaseRole.APP: write} for table in Base.metadata.sorted_tables if is_tenant_data(table)}
    granted[Event.__tablename__] = {DatabaseRole.APP: frozenset({"SELECT", "INSERT"})}
    granted[EventHead.__tablename__] = {DatabaseRole.APP: write - {"DELETE"}}
    granted[AuditRecord.__tablename__] = {DatabaseRole.APP: frozenset({"SELECT", "INSERT"})}
    granted[AuditValue.__tablename__] = {DatabaseRole.APP: write - {"UPDATE"}}
    granted[AuditHead.__tablename__] = {DatabaseRole.APP: write - {"DELETE"}}
    for name in FOUND_BY_PLATFORM:
        # Rows that the audit names stay; a binding is made and unmade.
        kept = {"UPDATE"} if name == RoleBinding.__tablename__ else {"DELETE"}
        granted[name] = {DatabaseRole.APP: write - kept, DatabaseRole.PLATFORM: frozenset({"SELECT"})}
    granted[Tenant.__tablename__] = {
        role: frozenset({"SELECT", "INSERT", "UPDATE"}) for role in (DatabaseRole.APP, DatabaseRole.PLATFORM)
    }
    granted[Credential.__tablename__] = {
        DatabaseRole.APP: frozenset({"INSERT"}),
        DatabaseRole.PLATFORM: frozenset({"SELECT"}),
    }
    return granted


def secured_tables() -> list[str]:
    """The tables on which row-level security is enabled and forced."""
    return sorted({policy.table for policy in policies()})

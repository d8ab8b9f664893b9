"""Whether a database keeps our laws (law 6): asked before a server starts, by `doctor`, in part by `/readyz`.

The declarations in models/policies.py are compared with PostgreSQL's own tables, as the very logins that will
serve. Rights of other roles than ours (a backup's, a dashboard's) are their administrator's business.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from models.database import Database
from models.database_role import DatabaseRole
from models.migrate import current_revision, newest_revision
from models.policies import Policy, grants, secured_tables
from models.policies import policies as declared_policies
from tenantry import catalog
from tenantry.catalog import PolicyFound, Privilege, RoleFound
from tenantry.databases import Databases
from tenantry.pooling import FAULT, loses_statements

OLDEST_POSTGRESQL = 15
ROLES_SQL = "run what `tenantry migrate --print-roles-sql` prints, as a superuser"
# Alembic's own table is not one of ours, and servers read it to know whether they fit.
VERSION_TABLE = "alembic_version"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; each fault says what is wrong and how to put it right."""

    subject: str
    faults: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether it is as it should be."""
        return not self.faults

    def __str__(self) -> str:
        """As `doctor` prints it."""
        return "\n".join(f"FAIL  {self.subject}: {fault}" for fault in self.faults) or f"ok    {self.subject}"


class Unfit(Exception):
    """The database must not be served from as it is."""


async def check_database(databases: Databases) -> list[Finding]:
    """Look at everything; what makes no sense before migrating is left out until then."""
    pooled = [
        await check_pooling("DATABASE_URL", databases.app),
        await check_pooling("DATABASE_PLATFORM_URL", databases.platform),
    ]
    if not all(finding.ok for finding in pooled):
        return pooled
    return [*pooled, *await _check_tables(databases)]


async def check_pooling(variable: str, database: Database) -> Finding:
    """What is prepared has to be there at the next transaction."""
    lost = await loses_statements(database)
    return Finding(f"{variable}: prepared statements are not lost", (FAULT,) if lost else ())


async def _check_tables(databases: Databases) -> list[Finding]:
    async with databases.app.read(None) as app, databases.platform.read(None) as platform:
        logins = {
            DatabaseRole.APP: await catalog.roles_of_login(app),
            DatabaseRole.PLATFORM: await catalog.roles_of_login(platform),
        }
        findings = [
            await _version(app),
            check_login("DATABASE_URL", DatabaseRole.APP, logins[DatabaseRole.APP]),
            check_login("DATABASE_PLATFORM_URL", DatabaseRole.PLATFORM, logins[DatabaseRole.PLATFORM]),
            await _migrations(app),
        ]
        if not findings[-1].ok:
            return findings
        ours = {
            DatabaseRole.APP.value,
            DatabaseRole.PLATFORM.value,
            *(role.name for roles in logins.values() for role in roles),
        }
        held = await catalog.privileges(app)
        database = f"DATABASE {app.dialect.identifier_preparer.quote(str(app.engine.url.database))}"
        return [
            *findings,
            check_security(await catalog.secured(app)),
            check_policies(await catalog.policies(app)),
            check_grants(database, {privilege for privilege in held if privilege.holder in ours}),
            check_public({privilege for privilege in held if privilege.holder == "PUBLIC"}),
        ]


async def refuse_unfit(databases: Databases) -> None:
    """Let no server start on a database that does not keep our laws.

    Raises:
        Unfit: it names every fault and its fix.
    """
    findings = await check_database(databases)
    if not all(finding.ok for finding in findings):
        raise Unfit("\n".join(str(finding) for finding in findings if not finding.ok))


async def check_migrations(database: Database) -> Finding:
    """Whether the database is at the revision that this version of the code works with."""
    async with database.read(None) as connection:
        return await _migrations(connection)


def check_login(variable: str, expected: DatabaseRole, roles: list[RoleFound]) -> Finding:
    """Row-level security must bind the login, which may act as one of our roles and no other."""
    names = {role.name for role in roles}
    faults = [
        f"{variable} logs in as a superuser: row-level security would not hold. "
        f"Use {expected}, or a login that is only a member of it"
        for role in roles
        if role.superuser
    ][:1] or [
        *(
            f"{variable} can act as {role.name}, which bypasses row-level security: ALTER ROLE {role.name} NOBYPASSRLS"
            for role in roles
            if role.bypasses
        ),
        *(
            f"{variable} can act as {role.name}, which owns {role.relations_owned} tables or indexes: "
            f"use {expected}, and leave the tables to {DatabaseRole.OWNER}"
            for role in roles
            if role.relations_owned
        ),
        *(
            f"{variable} can act as {other}: REVOKE it, the three roles stay apart"
            for other in DatabaseRole
            if other != expected and other in names
        ),
        *([] if expected in names else [f"{variable} does not log in as {expected} or a member of it: {ROLES_SQL}"]),
    ]
    return Finding(f"{variable}: a login that row-level security binds", tuple(faults))


def check_owner(roles: list[RoleFound]) -> Finding:
    """What a superuser makes belongs to it, and it would be bound by no policy."""
    subject = "DATABASE_OWNER_URL: a login that owns the schema"
    if any(role.superuser for role in roles):
        return Finding(subject, (f"it logs in as a superuser: use {DatabaseRole.OWNER}, or a member of it",))
    if DatabaseRole.OWNER not in {role.name for role in roles}:
        return Finding(subject, (f"it does not log in as {DatabaseRole.OWNER} or a member of it: {ROLES_SQL}",))
    return Finding(subject)


def check_security(tables: dict[str, bool]) -> Finding:
    """Every table with policies has them enabled, and forced on its owner too."""
    faults = tuple(
        f"row-level security is not on and forced on {table}: "
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"
        for table in secured_tables()
        if not tables.get(table)
    )
    return Finding(f"row-level security on {len(secured_tables())} tables", faults)


def check_policies(found: list[PolicyFound]) -> Finding:
    """The policies are those that are declared, no more, no fewer, with the same meaning."""
    declared = {_comparable(_as_found(policy)): policy for policy in declared_policies()}
    there = {_comparable(policy): policy for policy in found}
    faults = [
        *(
            f"a policy that is not declared: DROP POLICY {there[key].name} ON {there[key].table}"
            for key in sorted(there.keys() - declared)
        ),
        *(f"a policy is missing: {_create(declared[key])}" for key in sorted(declared.keys() - there)),
    ]
    return Finding(f"{len(declared)} policies as declared", tuple(faults))


def check_grants(database: str, found: set[Privilege]) -> Finding:
    """Our two serving roles hold the privileges that are declared, no more, no fewer."""
    declared = {
        *(
            Privilege(f"TABLE {table}", role.value, privilege)
            for table, roles in grants().items()
            for role, privileges in roles.items()
            for privilege in privileges
        ),
        *(
            Privilege(what, role.value, privilege)
            for what, privilege in ((f"TABLE {VERSION_TABLE}", "SELECT"), ("SCHEMA public", "USAGE"))
            for role in (DatabaseRole.APP, DatabaseRole.PLATFORM)
        ),
        Privilege(database, DatabaseRole.APP.value, "TEMPORARY"),  # imports load through a temporary table
    }
    # Whoever could ask this may connect; which of its roles lets it does not matter.
    found = found - {each for each in found if (each.what, each.privilege) == (database, "CONNECT")}
    faults = [
        *(f"a privilege that is not declared: {revoke}" for revoke in _revokes(found - declared)),
        *(
            f"a privilege is missing: GRANT {each.privilege} ON {each.what} TO {each.holder}"
            for each in sorted(declared - found)
        ),
    ]
    return Finding("privileges as declared", tuple(faults))


def check_public(found: set[Privilege]) -> Finding:
    """Nobody has a privilege for merely being a role of this PostgreSQL."""
    faults = tuple(f"PUBLIC holds a privilege: {revoke}" for revoke in _revokes(found))
    return Finding("no privileges for PUBLIC", faults)


async def _version(connection: AsyncConnection) -> Finding:
    number = int((await connection.execute(text("SHOW server_version_num"))).scalar_one())
    old = number // 10_000 < OLDEST_POSTGRESQL
    fault = f"this is PostgreSQL {number // 10_000}: move to {OLDEST_POSTGRESQL} or newer"
    return Finding(f"PostgreSQL {OLDEST_POSTGRESQL} or newer", (fault,) if old else ())


async def _migrations(connection: AsyncConnection) -> Finding:
    newest = newest_revision()
    current = await connection.run_sync(current_revision)
    fault = f"the database is {f'at {current}' if current else 'empty'}, not at {newest}: run `tenantry migrate`"
    return Finding(f"migrations up to {newest}", () if current == newest else (fault,))


def _revokes(privileges: Iterable[Privilege]) -> list[str]:
    return [f"REVOKE {each.privilege} ON {each.what} FROM {each.holder}" for each in sorted(privileges)]


def _as_found(policy: Policy) -> PolicyFound:
    # PostgreSQL prints no USING for INSERT.
    using = "" if policy.command == "INSERT" else policy.using
    return PolicyFound(
        policy.table, policy.name, "PERMISSIVE", (policy.role,), policy.command, using, policy.with_check
    )


def _comparable(policy: PolicyFound) -> PolicyFound:
    """PostgreSQL adds casts, parentheses and blanks of its own, and not the same ones in each version."""
    using, check = (
        re.sub(r"::text\b|[()\s]", "", expression).lower() for expression in (policy.using, policy.with_check)
    )
    return PolicyFound(policy.table, policy.name, policy.permissive, policy.roles, policy.command, using, check)


def _create(policy: Policy) -> str:
    return f"CREATE POLICY {policy.name} ON {policy.table} FOR {policy.command} TO {policy.role} {policy.clauses}"

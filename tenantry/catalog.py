"""What PostgreSQL's own tables say about a login, row-level security, policies and privileges."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

# Every role that the login is or can become; a superuser can become all.
LOGIN = text("""
    SELECT r.rolname, r.rolsuper, r.rolbypassrls,
           (SELECT count(*) FROM pg_class c
            WHERE c.relowner = r.oid AND c.relnamespace = 'public'::regnamespace)
    FROM pg_roles r WHERE pg_has_role(current_user, r.oid, 'MEMBER') ORDER BY r.rolname
""")

SECURITY = text("""
    SELECT relname, relrowsecurity AND relforcerowsecurity FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
""")

POLICIES = text("""
    SELECT tablename, policyname, permissive, roles::text[], cmd, qual, coalesce(with_check, qual)
    FROM pg_policies WHERE schemaname = 'public'
""")

# Grantee 0 is PUBLIC. An empty ACL means PostgreSQL's default, which is generous for databases and functions.
PRIVILEGES = text("""
    SELECT held.what, coalesce(r.rolname::text, 'PUBLIC'), held.privilege
    FROM (
        SELECT 'TABLE ' || quote_ident(c.relname), acl.grantee, acl.privilege_type, c.relowner
        FROM pg_class c, aclexplode(c.relacl) acl WHERE c.relnamespace = 'public'::regnamespace
        UNION ALL
        SELECT 'TABLE ' || quote_ident(c.relname), acl.grantee,
               acl.privilege_type || ' (' || quote_ident(a.attname) || ')', c.relowner
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid, aclexplode(a.attacl) acl
        WHERE c.relnamespace = 'public'::regnamespace
        UNION ALL
        SELECT 'SCHEMA ' || n.oid::regnamespace, acl.grantee, acl.privilege_type, n.nspowner
        FROM pg_namespace n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) acl
        WHERE n.oid = 'public'::regnamespace
        UNION ALL
        SELECT 'DATABASE ' || quote_ident(d.datname), acl.grantee, acl.privilege_type, d.datdba
        FROM pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) acl
        WHERE d.datname = current_database()
        UNION ALL
        SELECT 'FUNCTION ' || p.oid::regprocedure, acl.grantee, acl.privilege_type, p.proowner
        FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) acl
        WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef
    ) AS held (what, grantee, privilege, owner)
    LEFT JOIN pg_roles r ON r.oid = held.grantee
    WHERE held.grantee <> held.owner
""")


@dataclass(frozen=True, slots=True)
class RoleFound:
    """A role that a login is or can become."""

    name: str
    superuser: bool
    bypasses: bool
    relations_owned: int


@dataclass(frozen=True, slots=True, order=True)
class PolicyFound:
    """A policy as PostgreSQL prints it."""

    table: str
    name: str
    permissive: str
    roles: tuple[str, ...]
    command: str
    using: str
    with_check: str


@dataclass(frozen=True, slots=True, order=True)
class Privilege:
    """One right over one thing (`TABLE device`), held by a role or by PUBLIC."""

    what: str
    holder: str
    privilege: str


async def roles_of_login(connection: AsyncConnection) -> list[RoleFound]:
    """Every role that the connection's login is or can become."""
    return [RoleFound(*row) for row in await _rows(connection, LOGIN)]


async def secured(connection: AsyncConnection) -> dict[str, bool]:
    """Table to whether row-level security is both enabled and forced."""
    return dict(await _rows(connection, SECURITY))


async def policies(connection: AsyncConnection) -> list[PolicyFound]:
    """Every policy."""
    return [
        PolicyFound(table, name, permissive, tuple(roles), command, using or "", check or "")
        for table, name, permissive, roles, command, using, check in await _rows(connection, POLICIES)
    ]


async def privileges(connection: AsyncConnection) -> set[Privilege]:
    """Every right that somebody other than the owner holds."""
    return {Privilege(*row) for row in await _rows(connection, PRIVILEGES)}


async def _rows(connection: AsyncConnection, statement: TextClause) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await connection.execute(statement)]

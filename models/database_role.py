"""The three database roles, as the SQL that a superuser runs once per cluster.

`tenantry_owner` owns the schema and migrates it; `tenantry_app` serves tenants under row-level security;
`tenantry_platform` reads across tenants where a policy names it. None may bypass row-level security.
"""

from enum import StrEnum


class DatabaseRole(StrEnum):
    """The names of the roles; logins of your own may be members of them."""

    OWNER = "tenantry_owner"
    APP = "tenantry_app"
    PLATFORM = "tenantry_platform"


def roles_sql(database: str = "tenantry") -> list[str]:
    """Statements for a superuser, safe to repeat: the roles, and who may connect to `database` and use its schema."""
    roles = [
        f"DO $$ BEGIN CREATE ROLE {role} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE; "
        f"EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
        for role in DatabaseRole
    ]
    return [*roles, *grants_sql(database)]


def grants_sql(database: str) -> list[str]:
    """Statements for a superuser connected to `database`: its owner, and its schema closed to everybody else."""
    quoted = '"' + database.replace('"', '""') + '"'
    return [
        f"ALTER DATABASE {quoted} OWNER TO {DatabaseRole.OWNER}",
        f"REVOKE ALL ON DATABASE {quoted} FROM PUBLIC",
        f"GRANT CONNECT ON DATABASE {quoted} TO {DatabaseRole.APP}, {DatabaseRole.PLATFORM}",
        # Imports are staged in temporary tables: COPY FROM is refused on tables under row-level security.
        f"GRANT TEMPORARY ON DATABASE {quoted} TO {DatabaseRole.APP}",
        f"ALTER SCHEMA public OWNER TO {DatabaseRole.OWNER}",
        "REVOKE ALL ON SCHEMA public FROM PUBLIC",
        f"GRANT USAGE ON SCHEMA public TO {DatabaseRole.APP}, {DatabaseRole.PLATFORM}",
    ]

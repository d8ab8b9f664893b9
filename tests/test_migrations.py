"""Migrations make what the declarations say, all of it and nothing else, and can be taken back.

The declarations are made into a database of their own, and PostgreSQL prints both: no normalising of expressions, and
nothing that Alembic does not compare (checks, collations, policies, privileges) is overlooked.
"""

import asyncio
import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import astuple
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from models import Base
from models.migrate import current_revision, migrate, newest_revision
from models.policies import Policy, grants, policies, secured_tables
from tenantry import catalog
from tests.postgres import Urls, create_database, run_as_superuser

VERSION = "alembic_version"
Printed = dict[str, set[Any]]
MakeDatabase = Callable[[], Awaitable[Urls]]

# What a database is made of; each row begins with the name of what it belongs to.
PARTS = {
    "relations": "SELECT relname, relkind FROM pg_class WHERE relnamespace = 'public'::regnamespace",
    "columns": """
        SELECT c.relname, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, co.collname,
               a.attidentity, a.attgenerated, pg_get_expr(d.adbin, d.adrelid)
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        LEFT JOIN pg_collation co ON co.oid = a.attcollation
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
          AND a.attnum > 0 AND NOT a.attisdropped
    """,
    "constraints": """
        SELECT conrelid::regclass::text, conname, contype, convalidated, pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    """,
    "indexes": "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "types": """
        SELECT typname, typtype FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype IN ('d', 'e', 'r')
    """,
    "code": """
        SELECT proname::text, 'function' FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        UNION ALL SELECT tgname, 'trigger' FROM pg_trigger WHERE NOT tgisinternal
        UNION ALL SELECT rulename, 'rule' FROM pg_rules WHERE schemaname = 'public'
    """,
}


@pytest.fixture(scope="module")
async def make_database(superuser_url: str) -> AsyncIterator[MakeDatabase]:
    """Makes empty databases, dropped in the end."""
    names: list[str] = []

    async def make() -> Urls:
        names.append(f"tenantry_scratch_{uuid.uuid4().hex[:12]}")
        return await create_database(superuser_url, names[-1])

    yield make
    await run_as_superuser(superuser_url, *(f"DROP DATABASE {name} WITH (FORCE)" for name in names))


@pytest.fixture(scope="module")
async def declared(make_database: MakeDatabase) -> Printed:
    """A database made from the declarations, without a migration."""
    made = await make_database()
    await as_owner(made, make_as_declared)
    return ours(await printed(made))


@pytest.fixture(scope="module")
async def migrated(urls: Urls) -> Printed:
    """An empty database upgraded to the newest revision."""
    return ours(await printed(urls))


@pytest.mark.parametrize("part", [*PARTS, "policies", "security", "privileges"])
def test_migrations_make_what_is_declared(declared: Printed, migrated: Printed, part: str) -> None:
    """Nothing is missing, nothing is left over, nothing differs."""
    assert migrated[part] ^ declared[part] == set()


def test_row_level_security_is_on_and_forced(migrated: Printed) -> None:
    """On every table with policies; the look-up of secrets is closed by privileges alone."""
    assert {table for table, forced in migrated["security"] if forced} == set(secured_tables())
    assert {row[0] for row in migrated["policies"]} == set(secured_tables())


def test_nobody_has_a_privilege_for_merely_being_a_role(migrated: Printed) -> None:
    """PUBLIC holds nothing, on the database and its schema neither."""
    assert {each for each in migrated["privileges"] if each[1] == "PUBLIC"} == set()


async def test_alembic_finds_no_difference(urls: Urls) -> None:
    """`alembic revision --autogenerate` would have nothing to write."""
    assert await as_owner(urls, differences) == []


async def test_the_newest_revision_is_reported(urls: Urls) -> None:
    """A migrated database says that it is as new as the code."""
    assert await as_owner(urls, current_revision) == newest_revision()


async def test_migrations_can_be_taken_back_and_made_again(make_database: MakeDatabase) -> None:
    """Back to nothing but Alembic's own table, and forward to the very same."""
    made = await make_database()
    assert await as_owner(made, current_revision) is None
    await migrate(made.owner)
    first = await printed(made)
    await migrate(made.owner, "base")
    base = await printed(made)
    assert {name for name, _ in base["relations"]} == {VERSION, f"{VERSION}_pkc"}
    assert {each for each in base["privileges"] if each[0].startswith("TABLE")} == set()
    assert not base["policies"] | base["types"] | base["code"]
    await migrate(made.owner)
    assert await printed(made) == first


async def test_migrating_again_changes_nothing(make_database: MakeDatabase) -> None:
    """What is up to date stays as it is, and keeps its rows."""
    made = await make_database()
    await migrate(made.owner)
    before = await printed(made), await as_owner(made, revision_row)
    await migrate(made.owner)
    assert (await printed(made), await as_owner(made, revision_row)) == before


async def test_migrators_take_turns(make_database: MakeDatabase, declared: Printed) -> None:
    """Servers that start together may all migrate: one does, the others find it done."""
    made = await make_database()
    assert await asyncio.gather(*(migrate_elsewhere(made.owner) for _ in range(3))) == [0, 0, 0]
    assert await as_owner(made, current_revision) == newest_revision()
    assert ours(await printed(made)) == declared


def make_as_declared(connection: Connection) -> None:
    """Tables, policies and privileges, straight from the declarations."""
    Base.metadata.create_all(connection)
    statements = [
        *(
            f"ALTER TABLE {table} {word} ROW LEVEL SECURITY"
            for table in secured_tables()
            for word in ("ENABLE", "FORCE")
        ),
        *(create_policy(policy) for policy in policies()),
        *(
            f"GRANT {', '.join(sorted(privileges))} ON {table} TO {role}"
            for table, roles in grants().items()
            for role, privileges in roles.items()
        ),
    ]
    for statement in statements:
        connection.execute(text(statement))


def create_policy(policy: Policy) -> str:
    """The statement that makes a policy."""
    return f"CREATE POLICY {policy.name} ON {policy.table} FOR {policy.command} TO {policy.role} {policy.clauses}"


def differences(connection: Connection) -> list[Any]:
    """What Alembic would change to make the database as declared."""
    options = {"compare_type": True, "compare_server_default": True}
    found: list[Any] = compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata)
    return found


def revision_row(connection: Connection) -> list[Any]:
    """Alembic's row, and the transaction that wrote it."""
    return [tuple(row) for row in connection.execute(text(f"SELECT xmin::text, * FROM {VERSION}"))]  # noqa: S608


def ours(everything: Printed) -> Printed:
    """What is declared here: without Alembic's own table, and privileges on the database, which have its name."""
    not_ours = (VERSION, f"TABLE {VERSION}", "DATABASE ")
    return {part: {row for row in rows if not row[0].startswith(not_ours)} for part, rows in everything.items()}


async def migrate_elsewhere(owner_url: str) -> int:
    """Migrate in a process of its own; its exit code."""
    program = "import asyncio, sys; from models.migrate import migrate; asyncio.run(migrate(sys.argv[1]))"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, owner_url)
    async with asyncio.timeout(60):
        return await process.wait()


async def as_owner(urls: Urls, work: Callable[[Connection], Any]) -> Any:
    """Run something in a transaction of the schema's owner."""
    engine = create_async_engine(urls.owner, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(work)
    finally:
        await engine.dispose()


async def printed(urls: Urls) -> Printed:
    """Everything that a database is made of, as PostgreSQL prints it."""
    engine = create_async_engine(urls.owner, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            return {
                **{part: {tuple(row) for row in await connection.execute(text(sql))} for part, sql in PARTS.items()},
                "policies": {astuple(each) for each in await catalog.policies(connection)},
                "security": set((await catalog.secured(connection)).items()),
                "privileges": {astuple(each) for each in await catalog.privileges(connection)},
            }
    finally:
        await engine.dispose()

"""A database for one run, on a PostgreSQL that is started for it or on the one that TENANTRY_TEST_POSTGRES names."""

import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import URL, make_url, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from models.database import Database
from models.database_role import DatabaseRole, roles_sql
from models.migrate import migrate
from tenantry.databases import Databases
from tenantry.embedded import embedded_server

COUNTED, TIMED, RIGHTS = "tenantry_bench_counts", "tenantry_bench", "tenantry_bench_rights"
PEER = "tenantry_bench_peer"


@dataclass(frozen=True)
class Urls:
    """One database as each of its roles sees it."""

    superuser: str = field(repr=False)
    owner: str = field(repr=False)
    app: str = field(repr=False)
    platform: str = field(repr=False)

    def opened(self) -> Databases:
        """The same, opened."""
        return Databases(Database(self.app), Database(self.platform), self.owner)


@contextmanager
def server() -> Iterator[str]:
    """A superuser's URL of a running PostgreSQL; what this started, this stops and removes.

    Raises:
        EmbeddedUnavailable: none was named, and none can be started here.
    """
    given = os.environ.get("TENANTRY_TEST_POSTGRES")
    if given:
        yield make_url(given).set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)
        return
    with tempfile.TemporaryDirectory(prefix="tenantry-bench-") as home:
        Path(home).chmod(0o711)  # where root asks, PostgreSQL runs as another account, which must pass
        with embedded_server(Path(home)) as embedded:
            yield embedded.superuser_url


@asynccontextmanager
async def made(superuser_url: str, name: str) -> AsyncIterator[Urls]:
    """A new, migrated database of that name; dropped when the block ends."""
    drop = f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"
    await run(superuser_url, drop, f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
    base = make_url(superuser_url).set(database=name)
    await run(_text(base), *roles_sql(name))
    owner, app, platform = (
        _text(base.set(username=role)) for role in (DatabaseRole.OWNER, DatabaseRole.APP, DatabaseRole.PLATFORM)
    )
    await migrate(owner)
    try:
        yield Urls(_text(base), owner, app, platform)
    finally:
        await run(superuser_url, drop)


@asynccontextmanager
async def database(superuser_url: str, name: str = COUNTED) -> AsyncIterator[Databases]:
    """The same, opened as its roles reach it."""
    async with made(superuser_url, name) as urls:
        opened = urls.opened()
        try:
            yield opened
        finally:
            await opened.close()


@asynccontextmanager
async def peers_role(superuser_url: str, urls: Urls) -> AsyncIterator[str]:
    """The database's URL as a role that row-level security does not bind, for servers that know nothing of it."""
    bypassing = f"CREATE ROLE {PEER} LOGIN BYPASSRLS"
    await run(superuser_url, f"DROP ROLE IF EXISTS {PEER}", bypassing)
    try:
        await run(
            urls.superuser,
            f"GRANT CONNECT ON DATABASE {make_url(urls.superuser).database} TO {PEER}",
            f"GRANT USAGE ON SCHEMA public TO {PEER}",
            f"GRANT SELECT, UPDATE ON ALL TABLES IN SCHEMA public TO {PEER}",
        )
        yield _text(make_url(urls.superuser).set(username=PEER))
    finally:
        await run(urls.superuser, f"DROP OWNED BY {PEER}")
        await run(superuser_url, f"DROP ROLE {PEER}")


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    """One connection, outside any pool."""
    connection = await asyncpg.connect(**login(url))
    try:
        yield connection
    finally:
        await connection.close()


async def run(url: str, *statements: str) -> None:
    """Run each statement on its own, outside a transaction."""
    engine = create_async_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        for statement in statements:
            await connection.execute(text(statement))
    await engine.dispose()


def login(url: str) -> dict[str, Any]:
    """Host (or a socket's folder), port, user, password and database of one of these URLs, as asyncpg takes them."""
    parts = make_url(url)
    known = {
        "host": parts.host or parts.query.get("host"),
        "port": parts.port or parts.query.get("port"),
        "user": parts.username,
        "password": parts.password,
        "database": parts.database,
    }
    return {name: int(str(value)) if name == "port" else value for name, value in known.items() if value is not None}


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)

"""A database for one run, on a PostgreSQL that is started for it or on the one that TENANTRY_TEST_POSTGRES names."""

import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from sqlalchemy import URL, make_url, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from models.database import Database
from models.database_role import DatabaseRole, roles_sql
from models.migrate import migrate
from tenantry.databases import Databases
from tenantry.embedded import embedded_server

NAME = "tenantry_bench_counts"


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
async def database(superuser_url: str) -> AsyncIterator[Databases]:
    """A new, migrated database as its roles reach it; dropped when the block ends."""
    drop = f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)"
    await _run(superuser_url, drop, f"CREATE DATABASE {NAME} TEMPLATE template0 ENCODING 'UTF8'")
    base = make_url(superuser_url).set(database=NAME)
    await _run(_text(base), *roles_sql(NAME))
    owner, app, platform = (
        _text(base.set(username=role)) for role in (DatabaseRole.OWNER, DatabaseRole.APP, DatabaseRole.PLATFORM)
    )
    await migrate(owner)
    opened = Databases(Database(app), Database(platform), owner)
    try:
        yield opened
    finally:
        await opened.close()
        await _run(superuser_url, drop)


async def _run(url: str, *statements: str) -> None:
    engine = create_async_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        for statement in statements:
            await connection.execute(text(statement))
    await engine.dispose()


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)

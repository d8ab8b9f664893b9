"""Databases for tests, on a PostgreSQL that the tests start or on the one that TENANTRY_TEST_POSTGRES names."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, make_url, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from models.database_role import DatabaseRole, roles_sql
from tenantry.embedded import embedded_server


@dataclass(frozen=True)
class Urls:
    """One database as each of its roles sees it."""

    superuser: str
    owner: str
    app: str
    platform: str


@contextmanager
def server(home: Path) -> Iterator[str]:
    """A superuser's URL of a running PostgreSQL; what this started, this stops."""
    given = os.environ.get("TENANTRY_TEST_POSTGRES")
    if given:
        yield make_url(given).set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)
        return
    with embedded_server(home) as embedded:
        yield embedded.superuser_url


async def run_as_superuser(url: str, *statements: str) -> None:
    """Run each statement on its own, outside a transaction."""
    engine = create_async_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        for statement in statements:
            await connection.execute(text(statement))
    await engine.dispose()


async def create_database(superuser_url: str, name: str) -> Urls:
    """An empty database of that name, with our roles; an old one of that name is dropped."""
    await run_as_superuser(
        superuser_url,
        f"DROP DATABASE IF EXISTS {name} WITH (FORCE)",
        f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'",
    )
    base = make_url(superuser_url).set(database=name)
    await run_as_superuser(_text(base), *roles_sql(name))
    return Urls(
        _text(base),
        *(_text(base.set(username=role)) for role in (DatabaseRole.OWNER, DatabaseRole.APP, DatabaseRole.PLATFORM)),
    )


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)

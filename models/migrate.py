"""Bring a database to the newest schema, and tell how far it is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from models.partitions import make_months

# "tenantry" in ASCII. It ends with its transaction, as poolers ask, and is a lock in one database only.
LOCK = 0x74656E616E747279
LOCK_INTERVAL = 0.2
TRY_LOCK = text("SELECT pg_try_advisory_xact_lock(:key)")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config


def newest_revision() -> str:
    """The revision that this version of the code works with."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None, "the migrations folder has no head"
    return head


def current_revision(connection: Connection) -> str | None:
    """The revision that a database is at; None for an empty one."""
    return MigrationContext.configure(connection).get_current_revision()


def _run(connection: Connection, revision: str) -> None:
    config = _config()
    config.attributes["connection"] = connection
    if revision == "base":
        command.downgrade(config, revision)
    else:
        command.upgrade(config, revision)


async def migrate(owner_url: str, revision: str = "head") -> None:
    """Migrate to `revision` as the schema's owner, one migrator at a time; "base" takes everything back."""
    engine = create_async_engine(owner_url, poolclass=NullPool)
    try:
        async with _turn(engine), engine.connect() as connection:
            await connection.run_sync(_run, revision)
            await connection.commit()
    finally:
        await engine.dispose()


async def make_ready(owner_url: str, now: datetime) -> None:
    """Migrate to the newest schema, and have the audit's months ready: what a database needs before it is served."""
    await migrate(owner_url)
    await make_months(owner_url, now)


@asynccontextmanager
async def _turn(engine: AsyncEngine) -> AsyncIterator[None]:
    """Hold this database's one turn to migrate, on a connection of its own: each migration commits by itself.

    The lock is tried, not waited for: a session that waits keeps a snapshot, for whose end a migration that builds an
    index concurrently would wait in turn.
    """
    async with engine.connect() as connection:
        while not (await connection.execute(TRY_LOCK, {"key": LOCK})).scalar_one():
            await connection.rollback()
            await asyncio.sleep(LOCK_INTERVAL)
        yield

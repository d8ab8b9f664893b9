"""The database as each of our roles reaches it (laws 1 and 8): your own by address, or the embedded one."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

from models.database import Database
from models.database_role import DatabaseRole
from tenantry.embedded import embedded_server
from tenantry.settings import Settings, SettingsError


@dataclass(frozen=True, slots=True)
class Addresses:
    """One database, three logins; `owner` is None where this process was not told it."""

    app: str = field(repr=False)
    platform: str = field(repr=False)
    owner: str | None = field(repr=False)


@dataclass(frozen=True)
class Databases:
    """The same, opened: `app` serves one tenant at a time, `platform` reads across where a policy lets it."""

    app: Database
    platform: Database
    owner_url: str | None = field(repr=False)

    async def close(self) -> None:
        """Give every connection back to PostgreSQL."""
        await self.app.close()
        await self.platform.close()


@contextmanager
def addresses(settings: Settings) -> Iterator[Addresses]:
    """The configured addresses, or the embedded server's, which is held for as long as the block runs.

    Raises:
        SettingsError: only the owner's address is known, which no serving code may use.
    """
    if settings.database_url is not None and settings.database_platform_url is not None:
        yield Addresses(settings.database_url, settings.database_platform_url, settings.database_owner_url)
        return
    if settings.database_owner_url is not None:
        raise SettingsError("DATABASE_URL is not set, DATABASE_OWNER_URL is. Set it and DATABASE_PLATFORM_URL too.")
    with embedded_server(settings.home) as server:
        yield Addresses(server.url(DatabaseRole.APP), server.url(DatabaseRole.PLATFORM), server.url(DatabaseRole.OWNER))


@contextmanager
def owner_address(settings: Settings) -> Iterator[str]:
    """The schema's owner's address, which may be all that a migrating process is told.

    Raises:
        SettingsError: the owner's address is missing.
    """
    if settings.database_owner_url is not None:
        yield settings.database_owner_url
    elif settings.database_url is not None:
        raise SettingsError(
            "DATABASE_OWNER_URL is not set, DATABASE_URL is. Set it to that database as tenantry_owner to migrate."
        )
    else:
        with embedded_server(settings.home) as server:
            yield server.url(DatabaseRole.OWNER)


@asynccontextmanager
async def open_databases(settings: Settings) -> AsyncIterator[Databases]:
    """The configured database, or the embedded server, which a thread starts or attaches to."""
    held = addresses(settings)
    at = await asyncio.to_thread(held.__enter__)
    try:
        databases = pools(at, settings)
        try:
            yield databases
        finally:
            await databases.close()
    finally:
        await asyncio.to_thread(held.__exit__, None, None, None)


def pools(at: Addresses, settings: Settings) -> Databases:
    """Pools on a database that is held already; connections are made as they are needed."""
    app, platform = (
        Database(
            url,
            pool_size=settings.pool_size,
            statement_timeout=settings.deadline,
            prepared_statements=settings.prepared_statements,
        )
        for url in (at.app, at.platform)
    )
    return Databases(app, platform, at.owner)

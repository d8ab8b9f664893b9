"""What every test stands on: a real PostgreSQL, a held clock, and two tenants that must never meet."""

import os
import uuid
from collections.abc import AsyncIterator, Iterator

import pytest

from models.database import Database
from models.migrate import migrate
from tenantry.databases import Databases
from tests.clock import START, HeldClock
from tests.estate import Estate, make_estate
from tests.postgres import Urls, create_database, server


@pytest.fixture(scope="session")
def superuser_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running PostgreSQL, shared by the workers of one run."""
    base = tmp_path_factory.getbasetemp()
    with server((base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "home") as url:
        yield url


@pytest.fixture(scope="session")
async def urls(superuser_url: str) -> Urls:
    """This worker's own migrated database."""
    made = await create_database(superuser_url, f"tenantry_test_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}")
    await migrate(made.owner)
    return made


@pytest.fixture(scope="session")
async def databases(urls: Urls) -> AsyncIterator[Databases]:
    """The same database as the application and as the platform."""
    opened = Databases(app=Database(urls.app), platform=Database(urls.platform), owner_url=urls.owner)
    yield opened
    await opened.app.close()
    await opened.platform.close()


@pytest.fixture
def clock() -> HeldClock:
    """Noon on a day in March, until the test says otherwise."""
    return HeldClock(START, uuid.uuid4().int)


@pytest.fixture
async def acme(databases: Databases, clock: HeldClock) -> Estate:
    """A tenant with one of each thing."""
    return await make_estate(databases, clock, "acme")


@pytest.fixture
async def globex(databases: Databases, clock: HeldClock) -> Estate:
    """A neighbour of acme's, with one of each thing, named the same."""
    return await make_estate(databases, clock, "globex")

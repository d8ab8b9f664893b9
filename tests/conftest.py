"""What every test stands on: a real PostgreSQL, a held clock, and two tenants that must never meet."""

import gc
import os
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLSchema

from auth.limits import Limits
from auth.scopes import Scope
from auth.verifying import Credentials
from models.database import Database
from models.migrate import migrate
from schema.build import build
from schema.graph import Graph
from schema.operation import OperationRequest
from tenantry.databases import Databases
from tests.ask import Ask, Outcome, caller_of
from tests.clock import START, HeldClock
from tests.estate import Estate, make_estate
from tests.postgres import Urls, create_database, server

# Where this run keeps it; the workers inherit it.
HOME = "TENANTRY_TESTS_HOME"


def pytest_configure(config: pytest.Config) -> None:
    """Make a home for the PostgreSQL that the workers of this run share.

    Not among pytest's own temporary folders: each session that starts closes those to other users, and PostgreSQL,
    which does not run as root, would lose its files in the middle of another session's tests.
    """
    if not hasattr(config, "workerinput"):
        os.environ[HOME] = tempfile.mkdtemp(prefix="tenantry-tests-")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove it when the last worker has ended."""
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ.pop(HOME), ignore_errors=True)


@pytest.fixture
def collected_at_the_end() -> Iterator[None]:
    """What the test leaves to the garbage collector is collected when it has ended."""
    gc.disable()
    yield
    gc.enable()
    gc.collect()


@pytest.fixture(scope="session")
def superuser_url() -> Iterator[str]:
    """A running PostgreSQL, shared by the workers of one run."""
    with server(Path(os.environ[HOME])) as url:
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


@pytest.fixture(scope="session")
def built() -> GraphQLSchema:
    """The graph's schema, built once."""
    return build()


@pytest.fixture
def graph(built: GraphQLSchema, databases: Databases, clock: HeldClock) -> Graph:
    """The graph over this worker's database."""
    return Graph(built, databases.app, clock, Limits(), credentials=Credentials(databases.platform))


@pytest.fixture
def ask(graph: Graph, clock: HeldClock) -> Ask:
    """Ask the graph as a caller with exactly the scopes named."""

    async def run(estate: Estate, query: str, *scopes: Scope, **variables: Any) -> Outcome:
        caller = caller_of(estate.tenant, clock, frozenset(scopes))
        return Outcome(await graph.run(OperationRequest(query, variables), caller, "a-request"))

    return run

"""A migration beneath a server that runs: what was prepared before it is prepared anew, and no caller is told of it."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from graphql import GraphQLSchema
from sqlalchemy import bindparam, func, select, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from structlog.testing import capture_logs

from auth.limits import Limits
from auth.scopes import Scope
from auth.verifying import Credentials
from models import Device
from models.database import Database
from models.migrate import migrate
from models.statement import Statement
from schema.graph import Graph
from schema.operation import OperationRequest
from tenantry.databases import Databases
from tests.ask import Outcome, caller_of
from tests.changing import EVERYTHING, events
from tests.clock import HeldClock
from tests.estate import Estate, make_estate
from tests.http import client_of, token_of
from tests.interrupt import until
from tests.postgres import Urls, create_database, run_as_superuser
from tests.test_interleaving import is_waiting

READ = frozenset(scope for scope in Scope if scope.endswith(".read"))
NAMES = """{ tenant { name } devices(orderBy: NAME_ASC, search: "reader", filter: {firmware: {eq: null}}) {
  totalCount nodes { firmware name version location { name } } } }"""
RENAME = """mutation ($in: UpdateDeviceInput!) { updateDevice(input: $in) {
  ... on Device { name version location { devices { nodes { name } } } } } }"""
INDEX = "CREATE INDEX device_name_id_idx ON device (tenant_id, name, id) WHERE deleted_at IS NULL"
COUNT = Statement(select(func.count(Device.id).label("devices")).where(Device.tenant_id == bindparam("tenant")))
# What is done, and how it is undone.
MIGRATIONS = {
    "an added column": (
        ["ALTER TABLE device ADD COLUMN extra text NOT NULL DEFAULT 'x'"],
        ["ALTER TABLE device DROP COLUMN extra"],
    ),
    "a changed type": (
        ["ALTER TABLE device ALTER firmware TYPE varchar(500)", "ALTER TABLE device ALTER version TYPE bigint"],
        ["ALTER TABLE device ALTER firmware TYPE text", "ALTER TABLE device ALTER version TYPE integer"],
    ),
    "a column made anew": (
        ["ALTER TABLE device RENAME firmware TO old", "ALTER TABLE device ADD COLUMN firmware varchar(500)"],
        ["ALTER TABLE device DROP COLUMN firmware", "ALTER TABLE device RENAME old TO firmware"],
    ),
    "an index made anew": (["DROP INDEX device_name_id_idx", INDEX], []),
    "an index dropped": (["DROP INDEX device_name_id_idx"], [INDEX]),
}


@pytest.fixture(scope="module")
async def urls(superuser_url: str) -> Urls:
    """A database that other tests have not prepared anything for."""
    made = await create_database(superuser_url, f"tenantry_beneath_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}")
    await migrate(made.owner)
    return made


@pytest.fixture(scope="module")
async def databases(urls: Urls) -> AsyncIterator[Databases]:
    """Its pools, which make estates and look at them."""
    opened = Databases(app=Database(urls.app), platform=Database(urls.platform), owner_url=urls.owner)
    yield opened
    await opened.app.close()
    await opened.platform.close()


@pytest.fixture
async def own(urls: Urls) -> AsyncIterator[Databases]:
    """Those of the server, whose statements are prepared before a migration."""
    opened = Databases(app=Database(urls.app, pool_size=2), platform=Database(urls.platform), owner_url=urls.owner)
    yield opened
    await opened.app.close()
    await opened.platform.close()


@asynccontextmanager
async def migrated(urls: Urls, done: list[str], undone: list[str]) -> AsyncIterator[None]:
    """The database as a migration leaves it, until the block ends."""
    await run_as_superuser(urls.owner, *done)
    try:
        yield
    finally:
        await run_as_superuser(urls.owner, *undone)


@pytest.mark.parametrize("compiles", [True, False], ids=["one statement", "graphql-core"])
@pytest.mark.parametrize("migration", MIGRATIONS.values(), ids=MIGRATIONS)
async def test_a_query_after_a_migration_is_answered_as_before(
    *,
    built: GraphQLSchema,
    own: Databases,
    urls: Urls,
    clock: HeldClock,
    acme: Estate,
    migration: tuple[list[str], list[str]],
    compiles: bool,
) -> None:
    """Forth and back, on each of the connections that knew the statement, and nothing is logged."""
    graph, caller = Graph(built, own.app, clock, Limits(), compiles=compiles), caller_of(acme.tenant, clock, READ)
    request = OperationRequest(NAMES)
    before = await graph.run(request, caller, "r")
    assert Outcome(before).data["devices"]["totalCount"] == 1
    with capture_logs() as said:
        async with migrated(urls, *migration):
            assert [await graph.run(request, caller, "r") for _ in range(3)] == [before] * 3
        assert [await graph.run(request, caller, "r") for _ in range(3)] == [before] * 3
    assert said == []


async def test_a_change_after_a_migration_is_made_once(
    *, built: GraphQLSchema, own: Databases, databases: Databases, urls: Urls, clock: HeldClock, acme: Estate
) -> None:
    """Nothing of it had been written: it begins anew, and is told by one event."""
    graph = Graph(built, own.app, clock, Limits())
    caller = caller_of(acme.tenant, clock, frozenset(EVERYTHING))

    async def rename(name: str) -> Outcome:
        given = {"in": {"id": acme.ids["Device"], "name": name}}
        return Outcome(await graph.run(OperationRequest(RENAME, given), caller, "r"))

    assert (await rename("one")).errors == []
    async with migrated(urls, *MIGRATIONS["a changed type"]):
        again = await rename("two")
    assert again.errors == []
    assert again.data["updateDevice"]["version"] == 3
    assert again.data["updateDevice"]["location"]["devices"]["nodes"] == [{"name": "two"}]
    assert [event["entity_version"] for event in await events(databases, acme)] == [2, 3]


async def test_a_caller_is_let_in_after_a_migration(
    *, built: GraphQLSchema, own: Databases, databases: Databases, urls: Urls, clock: HeldClock, acme: Estate
) -> None:
    """Its token, its tenant and the tenant beneath that it acts in are found by what was prepared before."""
    customer = await make_estate(databases, clock, "customer", acme.tenant)
    graph = Graph(built, own.app, clock, Limits(), credentials=Credentials(own.platform))
    forth = ["ALTER TABLE token ALTER name TYPE varchar(500)", "ALTER TABLE tenant ALTER short_id TYPE varchar(500)"]
    forth += ["ALTER TABLE tenant ALTER status TYPE varchar(50)"]
    back = [statement.partition(" TYPE ")[0] + ' TYPE text COLLATE "C"' for statement in forth]
    token = await token_of(databases, clock, acme, Scope.LOCATIONS_READ)

    async def status() -> int:
        async with client_of(own, graph, clock, token) as client:
            headers = {"x-tenant-id": customer.tenant.slug}
            response = await client.post("/graphql", json={"query": "{ locations { totalCount } }"}, headers=headers)
            return response.status_code

    assert await status() == 200
    async with migrated(urls, forth, back):
        assert await status() == 200
    assert await status() == 200


async def test_one_statement_that_waited_for_a_table_to_be_rewritten_finds_its_rows(
    *, built: GraphQLSchema, own: Databases, databases: Databases, urls: Urls, clock: HeldClock, acme: Estate
) -> None:
    """PostgreSQL writes no row into the rewritten table that a snapshot from before it would see."""
    graph, caller = Graph(built, own.app, clock, Limits()), caller_of(acme.tenant, clock, READ)
    engine = create_async_engine(urls.owner, poolclass=NullPool)
    forth, back = (text(f"ALTER TABLE device ALTER version TYPE {type_}") for type_ in ("bigint", "integer"))
    try:
        async with engine.begin() as connection:
            await connection.execute(forth)
            asking = asyncio.gather(
                graph.run(OperationRequest(NAMES), caller, "r"),
                COUNT.row(own.app, acme.tenant.id, tenant=acme.tenant.id),
            )
            await until(lambda: is_waiting(databases.app, how_many=2))
        answer, counted = await asking
    finally:
        async with engine.begin() as connection:
            await connection.execute(back)
        await engine.dispose()
    assert Outcome(answer).data["devices"]["totalCount"] == 1
    assert counted is not None
    assert counted.devices == 1

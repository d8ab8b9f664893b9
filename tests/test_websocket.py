"""GraphQL over WebSocket (graphql-transport-ws): what is answered, how a connection ends, and that nothing is left."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLSchema
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from starlette.types import ASGIApp
from structlog.testing import capture_logs

from auth.limits import Limits
from auth.scopes import Scope
from models.clock import Clock, SystemClock
from resolvers.following.feeds import Feeds
from resolvers.following.postgres import PostgresWakes
from schema.graph import Graph
from tenantry.app import create_app
from tenantry.databases import Databases
from tenantry.websocket.closing import CloseCode
from tests.ask import Ask
from tests.changing import create_area, document
from tests.estate import Estate
from tests.following import EVENTS
from tests.http import SETTINGS, token_of
from tests.postgres import Urls
from tests.sockets import Client, Scripted, client_at, door_of, server_of, serving_here

DOCS = Path(__file__).parent.parent / "docs"


@pytest.fixture
def scripted() -> Scripted:
    """A graph that does as the query says."""
    return Scripted()


@pytest.fixture
async def token(databases: Databases, clock: Clock, acme: Estate) -> str:
    """A token of acme's."""
    scopes = (Scope.LOCATIONS_READ, Scope.DEVICES_READ, Scope.AREAS_READ, Scope.AREAS_WRITE)
    return await token_of(databases, clock, acme, *scopes)


@pytest.fixture
def door(databases: Databases, clock: Clock, scripted: Scripted) -> ASGIApp:
    """The door alone, before the scripted graph."""
    return door_of(databases, clock, scripted)


@pytest.fixture
async def at(door: ASGIApp) -> AsyncIterator[str]:
    """Where it is served."""
    async with serving_here(door) as address:
        yield address


@pytest.fixture
async def client(at: str, token: str) -> AsyncIterator[Client]:
    """An acknowledged connection to the scripted graph."""
    async with client_at(at, token) as connected:
        yield await connected.init()


async def test_a_query_and_a_mutation_are_answered(
    databases: Databases, graph: Graph, clock: Clock, acme: Estate, token: str
) -> None:
    """By the whole application, at the same address as over HTTP: one result each, and then the end."""
    given = {"place": {"locationId": acme.ids["Location"]}, "code": "ws", "name": "By socket", "kind": "ROOM"}
    async with (
        serving_here(create_app(SETTINGS, databases, graph, clock)) as at,
        client_at(at, token) as client,
    ):
        await client.init()
        await client.subscribe("q", "{ devices { nodes { serial } } }")
        assert await client.hear_next("q") == {"data": {"devices": {"nodes": [{"serial": acme.device.serial}]}}}
        assert await client.hear() == {"type": "complete", "id": "q"}
        await client.subscribe("m", document("createArea"), **{"in": given})
        assert (await client.hear_next("m"))["data"]["createArea"]["name"] == "By socket"
        assert await client.hear() == {"type": "complete", "id": "m"}


async def test_a_subscription_tells_what_happens(
    built: GraphQLSchema, databases: Databases, ask: Ask, acme: Estate
) -> None:
    """Each event as it happens, until the client has heard enough; then nothing more."""
    clock = SystemClock()
    feeds = Feeds(databases.app, PostgresWakes(databases.app))
    graph = Graph(built, databases.app, clock, Limits(), feeds=feeds)
    running = asyncio.create_task(feeds.run())
    token = await token_of(databases, clock, acme, Scope.AREAS_READ, Scope.CONTEXT_READ)
    async with serving_here(create_app(SETTINGS, databases, graph, clock)) as at, client_at(at, token) as client:
        await client.init()
        await client.subscribe("1", EVENTS, sinceEvent=(await create_area(ask, acme, "a"))["id"])
        assert await client.hear_code() == "BAD_USER_INPUT"
        await client.subscribe("1", EVENTS)
        await client.subscribe("2", "{ tenant { status } }")
        assert "data" in await client.hear_next("2")
        assert (await client.hear())["type"] == "complete"
        made = await create_area(ask, acme, "b")
        assert (await client.hear_next())["data"]["estateChanged"]["thingId"] == made["id"]
        await client.say("complete", id="1")
        await create_area(ask, acme, "c")
        await client.say("ping")
        assert await client.hear() == {"type": "pong"}
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_refused_operation_ends_with_its_errors(client: Client) -> None:
    """As an array, for that id alone."""
    await client.subscribe("1", "refused")
    assert await client.hear() == {
        "type": "error",
        "id": "1",
        "payload": [{"message": "That is not GraphQL.", "extensions": {"code": "GRAPHQL_PARSE_FAILED"}}],
    }
    await client.subscribe("1", "now")
    assert await client.hear_next() == {"data": {"now": True}}


async def test_a_stream_ends_when_its_source_does(client: Client) -> None:
    """Each response as `next`, then `complete`; its id may be used again."""
    for _ in range(2):
        await client.subscribe("1", "stream")
        assert [await client.hear_next(), await client.hear_next()] == [{"data": 1}, {"data": 2}]
        assert await client.hear() == {"type": "complete", "id": "1"}


async def test_a_subscription_that_is_read_too_slowly_ends_with_its_code(client: Client) -> None:
    """The connection and its other operations stay."""
    await client.subscribe("1", "slow")
    assert await client.hear_next() == {"data": 1}
    assert await client.hear_code() == "SLOW_READER"


async def test_a_fault_of_ours_is_an_error_id(client: Client) -> None:
    """Nothing of it is told; the connection stays."""
    with capture_logs() as lines:
        await client.subscribe("1", "broken")
        message = await client.hear()
    (error,) = message["payload"]
    assert error["extensions"]["code"] == "INTERNAL"
    assert "secret" not in str(message)
    assert error["extensions"]["errorId"] in [line.get("error_id") for line in lines]
    await client.subscribe("1", "now")
    assert await client.hear_next() == {"data": {"now": True}}


async def test_operations_run_beside_each_other(client: Client) -> None:
    """One that waits holds up nobody."""
    await client.subscribe("1", "wait")
    await client.subscribe("2", "now")
    assert await client.hear_next("2") == {"data": {"now": True}}


async def test_one_operation_too_many_is_refused_alone(client: Client) -> None:
    """The fifty that run go on, and one more is taken when one of them is completed."""
    for number in range(50):
        await client.subscribe(str(number), "wait")
    await client.subscribe("one more", "now")
    assert await client.hear_code("one more") == "RATE_LIMITED"
    await client.say("complete", id="7")
    await client.subscribe("one more", "now")
    assert await client.hear_next("one more") == {"data": {"now": True}}


async def test_an_operation_counts_until_it_has_stopped(
    databases: Databases, clock: Clock, token: str, scripted: Scripted
) -> None:
    """Or a client that subscribes and completes in turn would have any number of them."""
    async with serving_here(door_of(databases, clock, scripted, operations=1)) as at, client_at(at, token) as client:
        await client.init()
        await client.subscribe("1", "stubborn")
        await scripted.asked.wait()
        await client.say("complete", id="1")
        await client.subscribe("2", "now")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.connection.recv(), 0.1)
        scripted.let_go.set()
        assert await client.hear_next("2") == {"data": {"now": True}}
        assert scripted.stopped.is_set()


async def test_leaving_does_not_hurry_what_is_stopping(
    databases: Databases, clock: Clock, token: str, scripted: Scripted
) -> None:
    """Cancelled once more, it could not clean up after itself."""
    async with serving_here(door_of(databases, clock, scripted)) as at, client_at(at, token) as client:
        await client.init()
        await client.subscribe("1", "stubborn")
        await scripted.asked.wait()
        await client.say("complete", id="1")
        await client.say("ping")
        await client.hear()
        client.connection.transport.abort()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(scripted.stopped.wait(), 0.1)
        scripted.let_go.set()
        async with asyncio.timeout(5):
            await scripted.stopped.wait()


async def test_ping_is_answered_with_what_was_in_it(at: str) -> None:
    """Before the connection is initialised too; a pong that nobody asked for is no matter."""
    async with client_at(at) as client:
        await client.say("pong")
        await client.say("ping")
        assert await client.hear() == {"type": "pong"}
        await client.say("ping", payload={"n": 1})
        assert await client.hear() == {"type": "pong", "payload": {"n": 1}}


@pytest.mark.parametrize("query", ["wait", "endless"])
async def test_complete_stops_an_operation(client: Client, scripted: Scripted, query: str) -> None:
    """Nothing more is said of it, and its id is free at once."""
    await client.subscribe("1", query)
    if query == "endless":
        await client.hear_next()
    await scripted.asked.wait()
    await client.say("complete", id="1")
    await client.subscribe("1", "now")
    assert await client.hear_next() == {"data": {"now": True}}
    async with asyncio.timeout(5):
        await scripted.stopped.wait()


async def test_complete_of_what_has_ended_is_no_matter(client: Client) -> None:
    """Both sides may end it at the same time."""
    await client.say("complete", id="never")
    await client.subscribe("1", "now")
    assert await client.hear_next() == {"data": {"now": True}}


async def test_complete_stops_the_statement_in_the_database(
    databases: Databases, graph: Graph, clock: Clock, token: str, urls: Urls
) -> None:
    """One that waits for a lock is let go long before its deadline."""
    engine = create_async_engine(urls.superuser)
    async with (
        serving_here(door_of(databases, clock, graph)) as at,
        client_at(at, token) as client,
        engine.begin() as connection,
    ):
        await client.init()
        await connection.execute(text("LOCK TABLE device IN ACCESS EXCLUSIVE MODE"))
        await client.subscribe("1", "{ devices { nodes { serial } } }")
        await until_waiting(urls, 1)
        await client.say("complete", id="1")
        await until_waiting(urls, 0)
    await engine.dispose()


async def until_waiting(urls: Urls, count: int) -> None:
    """Until so many statements wait for a lock."""
    engine = create_async_engine(urls.superuser, isolation_level="AUTOCOMMIT")
    asked = text(
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%device%'"
    )
    async with engine.connect() as connection, asyncio.timeout(5):
        while (await connection.execute(asked)).scalar_one() != count:
            pass
    await engine.dispose()


@pytest.mark.parametrize("query", ["wait", "endless"])
async def test_a_client_that_leaves_stops_everything_of_it(
    door: ASGIApp, scripted: Scripted, token: str, query: str
) -> None:
    """Nothing runs for it any more."""
    async with serving_here(door) as at:
        before = asyncio.all_tasks()
        async with client_at(at, token) as client:
            await client.init()
            await client.subscribe("1", query)
            await scripted.asked.wait()
            client.connection.transport.abort()
        async with asyncio.timeout(5):
            await scripted.stopped.wait()
            await ended(before)


async def test_a_server_that_stops_says_that_it_comes_back(door: ASGIApp, scripted: Scripted, token: str) -> None:
    """1012, on which clients connect again; whatever ran is stopped first."""
    before = asyncio.all_tasks()
    async with server_of(door) as (server, at), client_at(at, token) as client:
        await client.init()
        await client.subscribe("1", "wait")
        await scripted.asked.wait()
        server.should_exit = True
        assert (await client.closed())[0] == CloseCode.RESTART
        async with asyncio.timeout(5):
            await scripted.stopped.wait()
    async with asyncio.timeout(5):
        await ended(before)


async def ended(before: set[asyncio.Task[Any]]) -> None:
    """Until only these tasks are left."""
    while others := asyncio.all_tasks() - before:
        await asyncio.wait(others, return_when=asyncio.FIRST_COMPLETED)


async def test_each_connection_is_two_log_lines(door: ASGIApp, acme: Estate, token: str, scripted: Scripted) -> None:
    """Who came, how it ended, how much was asked; operations carry the connection's id in theirs."""
    with capture_logs(processors=[]) as lines:
        async with serving_here(door) as at, client_at(at, token) as client:
            await client.init()
            await client.subscribe("a b/\n" + "c" * 90, "now")
            await client.hear()
            await client.hear()
            assert client.connection.response is not None
            request_id = client.connection.response.headers["x-request-id"]
            await client.connection.close(1000)
    opened, closed = (line for line in lines if line["event"].startswith("connection "))
    assert opened["tenant"] == closed["tenant"] == acme.tenant.slug
    assert opened["token"] == closed["token"]
    assert (closed["event"], closed["code"], closed["operations"]) == ("connection closed", 1000, 1)
    assert closed["seconds"] >= 0
    assert scripted.request_ids == [f"{request_id}-a_b__" + "c" * 26]

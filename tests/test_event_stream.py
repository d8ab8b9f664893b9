"""Subscriptions by server-sent events: what is streamed, to whom, and how a stream ends."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from graphql import GraphQLSchema
from starlette.applications import Starlette

from auth.limits import Limits
from auth.scopes import Scope
from models.clock import Clock, SystemClock
from resolvers.following.feeds import Feeds
from resolvers.following.postgres import PostgresWakes
from resolvers.tokens import create_token, revoke_presented
from schema.graph import Graph
from tenantry.answers import ReaderStuck
from tenantry.app import create_app
from tenantry.databases import Databases
from tenantry.event_stream import send_events
from tests.ask import Ask, caller_of
from tests.changing import create_area
from tests.estate import Estate
from tests.events import Reading, reading
from tests.following import EVENTS, HeldStanding, following
from tests.http import SETTINGS, client_of, code, token_of

READS = (Scope.AREAS_READ, Scope.CONTEXT_READ)
# What urql says that it accepts, whatever it sends.
URQL = (
    "application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed"
)


@pytest.fixture
async def graph(built: GraphQLSchema, databases: Databases) -> AsyncIterator[Graph]:
    """A graph whose feeds are woken, in the time that it is."""
    feeds = Feeds(databases.app, PostgresWakes(databases.app))
    running = asyncio.create_task(feeds.run())
    yield Graph(built, databases.app, SystemClock(), Limits(), feeds=feeds)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@pytest.fixture
def app(databases: Databases, graph: Graph) -> Starlette:
    """The application."""
    return create_app(SETTINGS, databases, graph, SystemClock())


@pytest.fixture
async def token(databases: Databases, acme: Estate) -> str:
    """A token of acme's that reads areas, good today."""
    return await token_of(databases, SystemClock(), acme, *READS)


async def test_without_a_token_nothing_is_streamed(app: Starlette) -> None:
    """The refusal is JSON with its status, as for any request."""
    async with reading(app, "tnt_svc_nonsense", EVENTS) as request:
        assert b"UNAUTHENTICATED" in await whole(request)
    assert (request.status, request.answered["content-type"]) == (401, "application/json; charset=utf-8")


async def test_without_the_scope_nothing_is_streamed(app: Starlette, databases: Databases, acme: Estate) -> None:
    """A refused subscription never becomes a stream."""
    narrow = await token_of(databases, SystemClock(), acme, Scope.AUDIT_READ)
    async with reading(app, narrow, EVENTS) as request:
        assert b"FORBIDDEN_SCOPE" in await whole(request)
    assert request.status == 403


async def test_a_neighbours_location_streams_nothing(app: Starlette, token: str, globex: Estate) -> None:
    """It is not found, as one that never was."""
    async with reading(app, token, EVENTS, areaId=globex.ids["Area"]) as request:
        assert b"NOT_FOUND" in await whole(request)
    assert request.status == 404


@pytest.mark.parametrize("accept", ["text/event-stream", URQL])
async def test_a_subscription_is_streamed(app: Starlette, ask: Ask, acme: Estate, token: str, accept: str) -> None:
    """Each event as `next`; also to clients that would rather have JSON, which no stream can be."""
    async with reading(app, token, EVENTS, accept) as request:
        assert await request.part() == b":"
        made = await create_area(ask, acme, "a")
        assert (await request.estate_event())["thingId"] == made["id"]
    assert request.answered["content-type"] == "text/event-stream; charset=utf-8"
    assert request.answered["cache-control"] == "no-store"


async def test_a_query_is_not_streamed_where_json_is_accepted(app: Starlette, token: str) -> None:
    """Urql accepts both for every query, and could not read a stream then."""
    async with reading(app, token, "{ tenant { status } }", URQL) as request:
        assert await whole(request) == b'{"data":{"tenant":{"status":"ACTIVE"}}}'


async def test_a_query_is_streamed_where_nothing_else_is_accepted(app: Starlette, token: str) -> None:
    """One `next`, one `complete`."""
    async with reading(app, token, "{ tenant { status } }") as request:
        assert await request.event() == ("next", {"data": {"tenant": {"status": "ACTIVE"}}})
        assert await request.event() == ("complete", None)
        assert request.ended


async def test_a_subscription_is_refused_where_only_json_is_accepted(
    databases: Databases, graph: Graph, token: str
) -> None:
    """406, with what to accept."""
    async with client_of(databases, graph, SystemClock(), token) as client:
        response = await client.post("/graphql", json={"query": EVENTS})
    assert (response.status_code, code(response)) == (406, "NOT_ACCEPTABLE")
    assert "text/event-stream" in response.text


async def test_a_revoked_tokens_stream_ends_within_five_seconds(
    app: Starlette, databases: Databases, token: str
) -> None:
    """With the refusal in its last event."""
    async with reading(app, token, EVENTS) as request:
        assert await request.part() == b":"
        await revoke_presented(databases.app, databases.platform, SystemClock(), token)
        async with asyncio.timeout(5):
            name, response = await request.event()
            assert await request.event() == ("complete", None)
    assert (name, response["errors"][0]["extensions"]["code"]) == ("next", "UNAUTHENTICATED")


async def test_a_stream_ends_with_its_token(app: Starlette, databases: Databases, acme: Estate) -> None:
    """At the second in which it expires, although nothing happens."""
    brief = await create_token(
        databases.app, SystemClock(), acme.tenant.id, "brief", READS, expires_in=timedelta(seconds=1)
    )
    async with reading(app, brief.secret.reveal(), EVENTS) as request, asyncio.timeout(2.5):
        assert (await request.event())[1]["errors"][0]["message"] == "The token has expired."


async def test_the_end_of_the_server_is_the_end_of_its_streams(
    graph: Graph, ask: Ask, acme: Estate, clock: Clock
) -> None:
    """Without `complete`, so that clients come back to another process at once."""
    ending = asyncio.Event()
    request = Reading(b"", [])
    async with following(graph, HeldStanding(caller_of(acme.tenant, clock, frozenset(READS)))) as reader:
        sending = asyncio.create_task(send_events(request.send, reader.stream, ending))
        assert await request.part() == b":"
        ending.set()
        await sending
    assert (request.received, request.ended) == (b"", True)


async def test_a_stream_in_which_nothing_happens_says_so(graph: Graph, acme: Estate, clock: Clock) -> None:
    """By comments, so that no proxy takes it for dead."""
    request = Reading(b"", [])
    async with following(graph, HeldStanding(caller_of(acme.tenant, clock, frozenset(READS)))) as reader:
        sending = asyncio.create_task(send_events(request.send, reader.stream, asyncio.Event(), beat_every=0.01))
        assert [await request.part() for _ in range(3)] == [b":"] * 3
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)


async def test_a_reader_that_takes_nothing_is_dropped(graph: Graph, ask: Ask, acme: Estate, clock: Clock) -> None:
    """Its connection ends; others are not held up."""
    request = Reading(b"", [])
    async with following(graph, HeldStanding(caller_of(acme.tenant, clock, frozenset(READS)))) as reader:
        sending = asyncio.create_task(send_events(request.send, reader.stream, asyncio.Event(), patience=0.05))
        await request.part()
        request.reads.clear()
        await create_area(ask, acme, "a")
        with pytest.raises(ReaderStuck):
            await sending


async def test_streams_do_not_count_among_the_requests_that_run_at_once(
    databases: Databases, graph: Graph, token: str
) -> None:
    """They wait for hours; with a bound of one request, a query is answered beside a stream."""
    app = create_app(replace(SETTINGS, max_requests=1), databases, graph, SystemClock())
    async with reading(app, token, EVENTS) as first:
        await first.part()
        async with reading(app, token, "{ tenant { status } }", "application/json") as second:
            assert b"ACTIVE" in await whole(second)


async def whole(request: Reading) -> bytes:
    """The whole body of an answer that is no stream."""
    async with asyncio.timeout(10):
        while not request.ended:
            request.news.clear()
            await request.news.wait()
    return request.received

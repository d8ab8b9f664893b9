"""Live streams of who shows an owned token: they end, or shrink, within five seconds of what its owner lost."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from graphql import GraphQLSchema
from starlette.applications import Starlette

from auth.authentication import BAD_TOKEN, DISABLED_OWNER
from auth.limits import Limits
from auth.scopes import Scope
from models.clock import SystemClock
from models.ids import Prefix, encode
from resolvers.following.feeds import Feeds
from resolvers.following.postgres import PostgresWakes
from resolvers.tokens import create_token
from schema.graph import Graph
from tenantry.app import create_app
from tenantry.databases import Databases
from tests.ask import Ask
from tests.changing import changed as change_estate
from tests.changing import create_area
from tests.clock import HeldClock
from tests.estate import Estate
from tests.events import reading
from tests.following import EVENTS
from tests.http import SETTINGS
from tests.principal_changes import changed
from tests.principals import Principals, bind, make_principals
from tests.sockets import client_at, serving_here

READS = (Scope.AREAS_READ, Scope.DEVICES_READ, Scope.CONTEXT_READ)


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
async def people(databases: Databases, clock: HeldClock, acme: Estate) -> Principals:
    """Who reads areas in the whole tenant."""
    return await make_principals(databases, clock, acme.tenant.id, *READS)


@pytest.fixture
async def token(databases: Databases, acme: Estate, people: Principals) -> str:
    """The person's, good today."""
    made = await create_token(databases.app, SystemClock(), acme.tenant.id, "streams", READS, owner=people.ids["User"])
    return made.secret.reveal()


@pytest.mark.parametrize(("verb", "said"), [("disable", DISABLED_OWNER), ("delete", BAD_TOKEN)])
async def test_the_stream_of_who_is_gone_ends(
    *, app: Starlette, ask: Ask, acme: Estate, people: Principals, token: str, verb: str, said: str
) -> None:
    """Although nothing happens on it, with the refusal in its last event."""
    async with reading(app, token, EVENTS) as request:
        assert await request.part() == b":"
        await changed(ask, acme, f"{verb}User", id=people.ids["User"])
        async with asyncio.timeout(5):
            name, response = await request.event()
            assert await request.event() == ("complete", None)
    assert (name, response["errors"][0]["message"]) == ("next", said)


@pytest.mark.parametrize("field", ["deleteRoleBinding", "updateRole"])
async def test_the_stream_of_who_lost_the_right_to_it_ends(
    *, app: Starlette, ask: Ask, acme: Estate, people: Principals, token: str, field: str
) -> None:
    """Its role taken away, or a scope of the role that the operation asks for, although nothing happens."""
    asked: dict[str, Any] = {"id": people.ids["RoleBinding"]}
    asked = asked if field == "deleteRoleBinding" else {"id": people.ids["Role"], "scopes": [Scope.CONTEXT_READ]}
    query = "subscription { estateChanged(types: [AREA]) { thing { ... on Area { name } } } }"
    async with reading(app, token, query) as request:
        assert await request.part() == b":"
        await changed(ask, acme, field, **asked)
        async with asyncio.timeout(5):
            name, response = await request.event()
            assert await request.event() == ("complete", None)
    assert (name, response["errors"][0]["extensions"]["code"]) == ("next", "FORBIDDEN_SCOPE")


async def test_the_stream_of_whose_right_is_bound_to_less_tells_less(
    *, app: Starlette, ask: Ask, databases: Databases, clock: HeldClock, acme: Estate, people: Principals, token: str
) -> None:
    """Within five seconds of the change what happens beside the room is not told any more."""
    room = {"location_id": acme.location.id, "area_id": acme.area.id}
    async with reading(app, token, EVENTS, types=["AREA"]) as request:
        assert await request.part() == b":"
        outside = await create_area(ask, acme, "before")
        assert (await request.estate_event())["thingId"] == outside["id"]
        await bind(databases, clock, acme.tenant.id, user_id=people.user.id, built_in="viewer", **room)
        await changed(ask, acme, "deleteRoleBinding", id=people.ids["RoleBinding"])
        async with asyncio.timeout(5):
            for number in range(10_000):
                outside = await create_area(ask, acme, f"beside{number}")
                inside = await create_area(ask, acme, f"inside{number}", acme.ids["Area"])
                if (await request.estate_event())["thingId"] == inside["id"]:
                    break
                assert (await request.estate_event())["thingId"] == inside["id"]


async def test_the_stream_of_who_may_read_fewer_types_tells_of_fewer(
    app: Starlette, ask: Ask, acme: Estate, people: Principals, token: str
) -> None:
    """Within five seconds of the change areas are not told any more; devices are."""
    rename = {"id": acme.ids["Device"]}
    async with reading(app, token, EVENTS) as request:
        assert await request.part() == b":"
        await changed(ask, acme, "updateRole", id=people.ids["Role"], scopes=[Scope.DEVICES_READ])
        async with asyncio.timeout(5):
            for number in range(10_000):
                await create_area(ask, acme, f"area{number}")
                await change_estate(ask, acme, "updateDevice", **rename, name=f"device {number}")
                if (await request.estate_event())["type"] == "DEVICE":
                    break
                assert (await request.estate_event())["type"] == "DEVICE"


@pytest.mark.parametrize(("verb", "said"), [("disable", DISABLED_OWNER), ("delete", BAD_TOKEN)])
async def test_the_connection_of_who_is_gone_is_closed(
    *, app: Starlette, ask: Ask, acme: Estate, people: Principals, token: str, verb: str, said: str
) -> None:
    """Although nothing happens on it."""
    async with serving_here(app) as at, client_at(at, token) as client:
        await client.init()
        await changed(ask, acme, f"{verb}User", id=people.ids["User"])
        async with asyncio.timeout(5):
            assert await client.closed() == (4403, said)


async def test_an_operation_on_a_connection_asks_what_its_caller_may_now(
    app: Starlette, ask: Ask, acme: Estate, people: Principals, token: str
) -> None:
    """A connection outlives the roles with which it began; what it may not any more is refused, the rest is not."""
    query = "{ areas { totalCount } }"
    async with serving_here(app) as at, client_at(at, token) as client:
        await client.init()
        await client.subscribe("1", query)
        assert await client.hear_next() == {"data": {"areas": {"totalCount": 2}}}
        assert (await client.hear())["type"] == "complete"
        await changed(ask, acme, "updateRole", id=people.ids["Role"], scopes=[Scope.CONTEXT_READ])
        async with asyncio.timeout(5):
            while True:
                await client.subscribe("1", query)
                heard = await client.hear()
                if heard["type"] == "error":
                    break
                assert (await client.hear())["type"] == "complete"
        assert heard["payload"][0]["extensions"]["code"] == "FORBIDDEN_SCOPE"
        await client.subscribe("1", "{ me { scopes account { id } } }")
        told = (await client.hear_next())["data"]["me"]
    assert told == {"scopes": [Scope.CONTEXT_READ], "account": {"id": encode(Prefix.USER, people.user.id)}}

"""Following by a caller who is bound to a node: what happens beneath it, and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from graphql import GraphQLSchema

from auth.limits import Limits
from loaders.entities import BY_NAME
from models.hierarchy import Node, ReachKind
from models.ids import encode
from resolvers.following.feeds import Feeds
from resolvers.following.postgres import PostgresWakes
from schema.graph import Graph
from tenantry.databases import Databases
from tests.ask import Outcome, caller_of
from tests.bound import KINDS, Change, changing, estate
from tests.changing import EVERYTHING
from tests.clock import HeldClock
from tests.estate import make_tenant
from tests.following import HeldStanding, following, opened
from tests.reaching import Halves, make_halves, nobodys
from tests.sql import statements

by_kind = pytest.mark.parametrize("kind", KINDS)
ROOM = ReachKind.AREA


@pytest.fixture
async def graph(built: GraphQLSchema, databases: Databases, clock: HeldClock) -> AsyncIterator[Graph]:
    """A graph whose feeds are woken, as they are in a server."""
    feeds = Feeds(databases.app, PostgresWakes(databases.app))
    running = asyncio.create_task(feeds.run())
    yield Graph(built, databases.app, clock, Limits(), feeds=feeds)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@pytest.fixture
async def halves(databases: Databases, clock: HeldClock) -> Halves:
    """A tenant of two halves; who follows in this file is bound to the first."""
    return await make_halves(databases, clock)


@pytest.fixture
def change(graph: Graph, clock: HeldClock) -> Change:
    """Change something as a bound caller, or as one who is not."""
    return changing(graph, clock)


def standing(halves: Halves, clock: HeldClock, node: Node | None) -> HeldStanding:
    """Who follows, with every scope of a tenant."""
    return HeldStanding(caller_of(halves.tenant, clock, frozenset(EVERYTHING), node=node))


def shown(name: str, row: Any) -> str:
    """The id of a row of this type."""
    return encode(BY_NAME[name].prefix, row.id)


async def rename(change: Change, halves: Halves, name: str, row: Any, text: str = "New") -> None:
    """Something happens to a thing, whoever follows."""
    field = f"update{name}"
    outcome = await change(halves, None, field, {"id": shown(name, row), "name": text})
    assert outcome.data[field]["__typename"] == name, outcome.body


async def move(change: Change, halves: Halves, device: Any, half: Any) -> None:
    """A device comes into a room."""
    asked = {"id": shown("Device", device), "to": {"areaId": shown("Area", half.room)}}
    assert (await change(halves, None, "moveDevice", asked)).data["moveDevice"]["__typename"] == "Device"


@by_kind
@pytest.mark.parametrize("name", ["Location", "Area"])
async def test_a_siblings_place_is_as_missing_as_one_that_never_was(
    graph: Graph, clock: HeldClock, halves: Halves, name: str, kind: ReachKind
) -> None:
    """Whoever would watch it gets the same bytes."""
    its = estate(halves, halves.second).ids[name]
    argument = "locationId" if name == "Location" else "areaId"
    told = [
        await opened(graph, standing(halves, clock, halves.first.node(kind)), **{argument: each})
        for each in (its, nobodys(clock, its))
    ]
    assert told[0] == told[1]
    assert Outcome(told[0]).codes == ["NOT_FOUND"]  # type: ignore[arg-type]


@by_kind
async def test_what_happens_to_a_sibling_is_not_told(
    graph: Graph, clock: HeldClock, change: Change, halves: Halves, kind: ReachKind
) -> None:
    """Of everything that happens in both halves only what lies beneath the node comes, live and from the table."""
    node = halves.first.node(kind)
    beneath = {
        ReachKind.ORGANIZATION: ["Organization", "Location", "Area", "Device"],
        ReachKind.LOCATION: ["Location", "Area", "Device"],
        ReachKind.AREA: ["Area", "Device"],
    }[kind]
    async with following(graph, standing(halves, clock, node)) as live:
        for half in (halves.second, halves.first):
            for name, row in (
                ("Organization", half.organization),
                ("Location", half.location),
                ("Area", half.room),
                ("Device", half.device),
            ):
                await rename(change, halves, name, row)
        told = await live.events(len(beneath))
    assert [event["type"] for event in told] == [name.upper() for name in beneath]
    assert {event["thingId"] for event in told} <= set(halves.first.all_ids)
    async with following(graph, standing(halves, clock, node), sinceEvent="0") as again:
        assert await again.events(len(beneath)) == told


async def test_a_deletion_is_told_where_the_thing_was(
    graph: Graph, clock: HeldClock, change: Change, halves: Halves
) -> None:
    """The row is still there; a sibling's is no more told deleted than it was alive."""
    parts = [shown("Device", half.part) for half in (halves.second, halves.first)]
    async with following(graph, standing(halves, clock, halves.first.node(ROOM))) as live:
        for part in parts:
            await change(halves, None, "deleteDevice", {"id": part})
        event = await live.event()
    assert (event["kind"], event["thingId"], event["thing"]) == ("DELETED", parts[1], None)


async def test_what_comes_in_is_told_and_what_leaves_is_not(
    graph: Graph, clock: HeldClock, change: Change, halves: Halves
) -> None:
    """Nor is what happened to a thing before it came, or where it went."""
    node = halves.first.node(ROOM)
    await rename(change, halves, "Device", halves.second.part, "Before")
    async with following(graph, standing(halves, clock, node), sinceEvent="0") as live:
        await move(change, halves, halves.first.part, halves.second)
        await rename(change, halves, "Device", halves.first.part, "Gone")
        await move(change, halves, halves.second.part, halves.first)
        event = await live.event()
        assert (event["kind"], event["thingId"]) == ("MOVED", shown("Device", halves.second.part))
        assert event["areaId"] == shown("Area", halves.first.room)
    async with following(graph, standing(halves, clock, node), sinceEvent="0") as again:
        assert await again.event() == event


async def test_a_tenant_is_nothing_that_lies_beneath_a_node(
    graph: Graph, databases: Databases, clock: HeldClock, change: Change, halves: Halves
) -> None:
    """What happens to the tenants beneath is told to nobody who is bound."""
    below = await make_tenant(databases, clock, "below", halves.tenant)
    async with following(graph, standing(halves, clock, halves.first.node(ReachKind.ORGANIZATION))) as live:
        await rename(change, halves, "Tenant", below)
        await rename(change, halves, "Device", halves.first.device)
        assert (await live.event())["thingId"] == shown("Device", halves.first.device)


async def test_a_bound_follower_costs_a_statement_an_event_and_another_none(
    graph: Graph, clock: HeldClock, change: Change, halves: Halves
) -> None:
    """Whoever may see everything is asked nothing of the database."""
    await rename(change, halves, "Device", halves.first.device)
    asking: list[int] = []
    for node in (None, halves.first.node(ReachKind.LOCATION)):
        with statements() as sent:
            async with following(graph, standing(halves, clock, node), sinceEvent="0") as live:
                await live.event()
        asking.append(sum(each.startswith("SELECT device.id \n") for each in sent))
    assert asking == [0, 1]

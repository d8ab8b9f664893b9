"""Following a feed: `estateChanged` first tells what was, then what happens, each event once and in its order."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from graphql import GraphQLSchema

from auth.codes import Code, Refusal
from auth.limits import Limits
from auth.scopes import Scope
from resolvers.following.feeds import Feeds
from resolvers.following.postgres import PostgresWakes
from schema.graph import Graph
from schema.operation import Answer
from tenantry.databases import Databases
from tests.ask import Ask, Outcome, caller_of
from tests.changing import EVERYTHING, changed, create_area, create_device
from tests.clock import HeldClock
from tests.estate import Estate
from tests.following import EVENTS, HeldStanding, following, opened


@pytest.fixture
async def graph(built: GraphQLSchema, databases: Databases, clock: HeldClock) -> AsyncIterator[Graph]:
    """A graph whose feeds are woken, as they are in a server."""
    feeds = Feeds(databases.app, PostgresWakes(databases.app))
    running = asyncio.create_task(feeds.run())
    yield Graph(built, databases.app, clock, Limits(), feeds=feeds)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def standing(estate: Estate, clock: HeldClock, *scopes: Scope) -> HeldStanding:
    """A caller of this estate who stays; with every scope of a tenant unless some are named."""
    return HeldStanding(caller_of(estate.tenant, clock, frozenset(scopes or EVERYTHING)))


async def test_without_a_scope_of_any_type_nothing_begins(graph: Graph, acme: Estate, clock: HeldClock) -> None:
    """The refusal names every type and the scope that would read it."""
    answer = await opened(graph, standing(acme, clock, Scope.AUDIT_READ))
    assert isinstance(answer, Answer)
    assert (answer.status, Outcome(answer).codes) == (403, ["FORBIDDEN_SCOPE"])
    fields = [each["field"] for each in Outcome(answer).errors[0]["extensions"]["missing"]]
    assert fields == ["Tenant", "Organization", "Location", "Area", "DeviceType", "Device"]


async def test_a_type_that_is_named_asks_for_its_scope(graph: Graph, acme: Estate, clock: HeldClock) -> None:
    """Although the token could follow other types."""
    answer = await opened(graph, standing(acme, clock, Scope.AREAS_READ), types=["AREA", "DEVICE"])
    assert isinstance(answer, Answer)
    missing = Outcome(answer).errors[0]["extensions"]["missing"]
    assert missing == [{"field": "Device", "scopes": ["tenant.devices.read"]}]


@pytest.mark.parametrize("place", ["Location", "Area"])
async def test_a_neighbours_place_is_as_missing_as_one_that_never_was(
    graph: Graph, acme: Estate, globex: Estate, clock: HeldClock, place: str
) -> None:
    """The two answers are the same bytes."""
    argument = f"{place.lower()}Id"
    never = f"{acme.ids[place][:-4]}ffff"
    theirs, nobodys = [
        await opened(graph, standing(acme, clock), **{argument: each}) for each in (globex.ids[place], never)
    ]
    assert theirs == nobodys
    assert isinstance(theirs, Answer)
    assert (theirs.status, Outcome(theirs).codes) == (404, ["NOT_FOUND"])


async def test_what_was_is_told_first_then_what_happens(ask: Ask, graph: Graph, acme: Estate, clock: HeldClock) -> None:
    """Without a gap or a repetition between the two, numbered from 1."""
    await create_area(ask, acme, "a")
    await create_area(ask, acme, "b")
    async with following(graph, standing(acme, clock), sinceEvent="0") as reader:
        before = await reader.events(2)
        await create_area(ask, acme, "c")
        after = await reader.event()
    assert [each["number"] for each in [*before, after]] == ["1", "2", "3"]
    assert {each["kind"] for each in before} == {"CREATED"}


async def test_an_event_tells_what_was_done_and_by_whom(ask: Ask, graph: Graph, acme: Estate, clock: HeldClock) -> None:
    """With the thing as it is now, beside it."""
    made = await create_device(ask, acme, "R-7", place={"areaId": acme.ids["Area"]})
    async with following(graph, standing(acme, clock), sinceEvent="0") as reader:
        event = await reader.event()
    assert event.pop("changed") == sorted(["serial", "name", "typeId", "areaId", "locationId"], key=str.lower)
    assert event == {
        "number": "1",
        "kind": "CREATED",
        "type": "DEVICE",
        "thingId": made["id"],
        "version": 1,
        "locationId": acme.ids["Location"],
        "areaId": acme.ids["Area"],
        "at": "2026-03-01T12:00:00.123Z",
        "actor": {"kind": "SERVICE", "name": "a test"},
        "thing": {"__typename": "Device", "id": made["id"]},
    }


async def test_without_since_event_it_begins_now(ask: Ask, graph: Graph, acme: Estate, clock: HeldClock) -> None:
    """What was before is not told."""
    await create_area(ask, acme, "before")
    async with following(graph, standing(acme, clock)) as reader:
        made = await create_area(ask, acme, "after")
        assert (await reader.event())["thingId"] == made["id"]


async def test_a_neighbours_events_are_never_told(
    ask: Ask, graph: Graph, acme: Estate, globex: Estate, clock: HeldClock
) -> None:
    """Each tenant's feed has its own numbers."""
    async with following(graph, standing(acme, clock), sinceEvent="0") as reader:
        await create_area(ask, globex, "theirs")
        mine = await create_area(ask, acme, "mine")
        event = await reader.event()
    assert (event["thingId"], event["number"]) == (mine["id"], "1")


async def test_only_types_that_the_token_may_read_are_told(
    ask: Ask, graph: Graph, acme: Estate, clock: HeldClock
) -> None:
    """Where no types are named; those of other types leave gaps in the numbers."""
    await create_device(ask, acme, "R-8")
    await create_area(ask, acme, "a")
    async with following(graph, standing(acme, clock, Scope.AREAS_READ), sinceEvent="0") as reader:
        event = await reader.event()
    assert (event["number"], event["type"]) == ("2", "AREA")


async def test_a_scope_that_is_lost_meanwhile_counts_at_the_next_event(
    ask: Ask, graph: Graph, acme: Estate, clock: HeldClock
) -> None:
    """The same stream tells devices no longer, and areas still."""
    reads = standing(acme, clock, Scope.AREAS_READ, Scope.DEVICES_READ)
    async with following(graph, reads, sinceEvent="0") as reader:
        await create_device(ask, acme, "R-9")
        assert (await reader.event())["type"] == "DEVICE"
        reads.held = caller_of(acme.tenant, clock, frozenset({Scope.AREAS_READ}))
        await create_device(ask, acme, "R-10")
        await create_area(ask, acme, "a")
        assert (await reader.event())["type"] == "AREA"


async def test_a_scope_that_the_selection_needs_is_asked_at_each_event(
    ask: Ask, graph: Graph, acme: Estate, clock: HeldClock
) -> None:
    """Without it the stream ends with the refusal."""
    query = "subscription { estateChanged { thing { id ... on Device { serial } } } }"
    reads = standing(acme, clock, Scope.AREAS_READ, Scope.DEVICES_READ)
    async with following(graph, reads, query) as reader:
        reads.held = caller_of(acme.tenant, clock, frozenset({Scope.AREAS_READ}))
        await create_area(ask, acme, "a")
        with pytest.raises(Refusal) as refused:
            await reader.response()
    assert refused.value.code is Code.FORBIDDEN_SCOPE


async def test_a_right_that_is_gone_ends_the_stream_although_nothing_happens(
    graph: Graph, acme: Estate, clock: HeldClock
) -> None:
    """Whoever waits for the next event is told why there will be none."""
    reads = standing(acme, clock)
    async with following(graph, reads) as reader:
        waiting = asyncio.create_task(reader.response())
        reads.take_away(Refusal(Code.UNAUTHENTICATED, "The token is unknown or was revoked."))
        with pytest.raises(Refusal) as refused:
            await waiting
    assert refused.value.code is Code.UNAUTHENTICATED


async def test_a_location_tells_what_happens_in_it(ask: Ask, graph: Graph, acme: Estate, clock: HeldClock) -> None:
    """And nothing of other buildings."""
    other = await changed(ask, acme, "createLocation", code="annex", name="Annex")
    await create_device(ask, acme, "elsewhere", place={"locationId": other["id"]})
    mine = await create_device(ask, acme, "here", place={"areaId": acme.ids["Area"]})
    place = acme.ids["Location"]
    async with following(graph, standing(acme, clock), locationId=place, sinceEvent="0") as reader:
        assert (await reader.event())["thingId"] == mine["id"]


async def test_an_area_tells_what_happens_inside_its_areas_too(
    ask: Ask, graph: Graph, acme: Estate, clock: HeldClock
) -> None:
    """Also in a room that was made or moved there a moment ago."""
    floor = await create_area(ask, acme, "floor_2")
    async with following(graph, standing(acme, clock), areaId=floor["id"], types=["AREA", "DEVICE"]) as reader:
        await create_device(ask, acme, "elsewhere", place={"areaId": acme.ids["Area"]})
        room = await create_area(ask, acme, "room_201", parent=floor["id"])
        device = await create_device(ask, acme, "inside", place={"areaId": room["id"]})
        assert [each["thingId"] for each in await reader.events(2)] == [room["id"], device["id"]]


async def test_what_leaves_a_place_is_told_to_whoever_watches_it(
    ask: Ask, graph: Graph, acme: Estate, clock: HeldClock
) -> None:
    """Watching the old place shows the move; the event tells where the thing is now."""
    other = await changed(ask, acme, "createLocation", code="annex", name="Annex")
    watched = {"locationId": acme.ids["Location"], "areaId": acme.ids["Area"]}
    async with following(graph, standing(acme, clock), **watched) as reader:
        await changed(ask, acme, "moveDevice", id=acme.ids["Device"], to={"locationId": other["id"]})
        event = await reader.event()
    assert (event["kind"], event["thingId"], event["locationId"], event["areaId"]) == (
        "MOVED",
        acme.ids["Device"],
        other["id"],
        None,
    )


async def test_a_deleted_thing_is_null(ask: Ask, graph: Graph, acme: Estate, clock: HeldClock) -> None:
    """Its id is told all the same."""
    async with following(graph, standing(acme, clock)) as reader:
        await changed(ask, acme, "deleteDevice", id=acme.ids["Device"])
        event = await reader.event()
    assert (event["kind"], event["thingId"], event["thing"]) == ("DELETED", acme.ids["Device"], None)


@pytest.mark.parametrize("since", ["-1", "1", "x", "", "9" * 30, "9" * 5000, "1.5", "٣"])
async def test_a_number_that_was_never_given_out_is_refused(
    graph: Graph, acme: Estate, clock: HeldClock, since: str
) -> None:
    """Nobody waits in silence for what can not come."""
    answer = await opened(graph, standing(acme, clock), sinceEvent=since)
    assert isinstance(answer, Answer)
    assert (answer.status, Outcome(answer).codes) == (400, ["BAD_USER_INPUT"])


async def test_a_change_that_was_rolled_back_is_not_told(
    ask: Ask, graph: Graph, acme: Estate, clock: HeldClock
) -> None:
    """Nor does it leave a gap."""
    async with following(graph, standing(acme, clock)) as reader:
        code = {"locationId": acme.ids["Location"]}
        taken = {"code": acme.area.code, "name": "x", "kind": "ROOM", "place": code}
        refused = await ask(
            acme,
            "mutation ($in: CreateAreaInput!) { createArea(input: $in) { __typename } }",
            *EVERYTHING,
            **{"in": taken},
        )
        assert refused.data["createArea"]["__typename"] == "Conflict"
        await create_area(ask, acme, "fine")
        assert (await reader.event())["number"] == "1"


async def test_the_source_is_closed_with_the_stream(graph: Graph, acme: Estate, clock: HeldClock) -> None:
    """The reader of the tenant's feed ends with the last one who follows it."""
    async with following(graph, standing(acme, clock)), following(graph, standing(acme, clock)) as reader:
        waiting = asyncio.create_task(reader.response())
        await asyncio.sleep(0)
        waiting.cancel()
    assert graph._feeds._tails == {}


async def test_a_subscription_is_not_run_as_a_query(ask: Ask, acme: Estate) -> None:
    """The refusal says how to open one."""
    outcome = await ask(acme, EVENTS, *EVERYTHING)
    assert (outcome.status, outcome.codes) == (406, ["NOT_ACCEPTABLE"])


async def test_time_goes_on_between_events(ask: Ask, graph: Graph, acme: Estate, clock: HeldClock) -> None:
    """Each event carries the moment of its own change."""
    async with following(graph, standing(acme, clock)) as reader:
        await create_area(ask, acme, "a")
        clock.advance(timedelta(hours=1))
        await create_area(ask, acme, "b")
        assert [each["at"][11:16] for each in await reader.events(2)] == ["12:00", "13:00"]

"""Following the audit: who is told, what, and that every way into it wakes those who follow."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest
from graphql import GraphQLSchema

from auth.codes import Code, Refusal
from auth.limits import Limits
from auth.scopes import Scope
from models.hierarchy import Node, ReachKind
from resolvers.auditing import append_apart
from resolvers.following.feed import AUDIT
from resolvers.following.feeds import Feeds
from resolvers.following.postgres import PostgresWakes
from resolvers.following.tail import BATCH
from schema.graph import Graph
from schema.operation import Answer, OperationRequest
from tenantry.databases import Databases
from tests.ask import Ask, Outcome, caller_of
from tests.auditing import make_chain, record
from tests.changing import create_area
from tests.clock import HeldClock
from tests.estate import Estate
from tests.following import HeldStanding, Reader, following, opened, write_events
from tests.interrupt import until
from tests.sql import statements
from tests.test_feeds import followed, running

ADDED = """subscription ($actions: [AuditAction!], $outcomes: [AuditOutcome!], $since: ID) {
  auditEventAdded(actions: $actions, outcomes: $outcomes, sinceNumber: $since) {
    id number action outcome target { id } changed { field after } } }"""


def standing(estate: Estate, clock: HeldClock, *scopes: Scope, node: Node | None = None) -> HeldStanding:
    """A caller of the estate's tenant, who may read the audit unless other scopes are named."""
    held = frozenset(scopes or {Scope.AUDIT_READ})
    return HeldStanding(caller_of(estate.tenant, clock, held, node=node))


async def told(reader: Reader) -> tuple[int, str]:
    """The number and action of the next record."""
    response = await reader.response()
    assert "errors" not in response, response
    event = response["data"]["auditEventAdded"]
    return int(event["number"]), event["action"]


@pytest.fixture
async def feeds(databases: Databases) -> AsyncIterator[Feeds]:
    """Feeds that are looked at only when they are woken."""
    async with running(Feeds(databases.app, PostgresWakes(databases.app), look_every=1000)) as made:
        yield made


@pytest.fixture
def woken(built: GraphQLSchema, databases: Databases, clock: HeldClock, feeds: Feeds) -> Graph:
    """A graph whose followers see what they are woken for."""
    return Graph(built, databases.app, clock, Limits(), feeds=feeds)


async def test_following_the_audit_asks_for_its_scope(graph: Graph, acme: Estate, clock: HeldClock) -> None:
    """Every other scope together follows nothing."""
    answer = await opened(graph, standing(acme, clock, *(set(Scope) - {Scope.AUDIT_READ})), ADDED)
    assert isinstance(answer, Answer)
    assert (answer.status, Outcome(answer).codes) == (403, ["FORBIDDEN_SCOPE"])


@pytest.mark.parametrize("kind", [ReachKind.ORGANIZATION, ReachKind.LOCATION, ReachKind.AREA])
async def test_a_right_that_is_bound_to_a_node_is_told_nothing(
    databases: Databases, woken: Graph, acme: Estate, clock: HeldClock, kind: ReachKind
) -> None:
    """Neither what was nor what comes, nor by a refusal how much there is."""
    await make_chain(databases, clock, acme.tenant.id, 3)
    node = Node(kind, getattr(acme, kind.lower()).id, acme.location.id)
    bound = standing(acme, clock, node=node)
    refused = await opened(woken, bound, ADDED, since="3")
    assert isinstance(refused, Answer)
    assert "from 0 to 0" in Outcome(refused).errors[0]["message"]
    async with (
        following(woken, bound, ADDED, since="0") as silent,
        following(woken, standing(acme, clock), ADDED) as all_,
    ):
        waiting = asyncio.create_task(silent.response())
        await create_area(asking(woken, clock), acme, "a")
        assert await told(all_) == (4, "AREA_CREATED")
        await asyncio.sleep(0)
        assert not waiting.done()
        waiting.cancel()


async def test_a_neighbours_records_are_never_told(
    databases: Databases, woken: Graph, acme: Estate, globex: Estate, clock: HeldClock
) -> None:
    """Each tenant's chain has its own numbers."""
    async with following(woken, standing(acme, clock), ADDED, since="0") as reader:
        await make_chain(databases, clock, globex.tenant.id, 2)
        await create_area(asking(woken, clock), acme, "mine")
        assert await told(reader) == (1, "AREA_CREATED")


@pytest.mark.parametrize("since", ["-1", "4", "x", "", "9" * 5000, "1.5", "٣"])
async def test_a_number_that_no_record_has_is_refused(
    databases: Databases, graph: Graph, acme: Estate, clock: HeldClock, since: str
) -> None:
    """Nobody waits in silence for what cannot come."""
    await make_chain(databases, clock, acme.tenant.id, 3)
    answer = await opened(graph, standing(acme, clock), ADDED, since=since)
    assert isinstance(answer, Answer)
    assert (answer.status, Outcome(answer).codes) == (400, ["BAD_USER_INPUT"])
    assert "'sinceNumber'" in Outcome(answer).errors[0]["message"]


async def test_what_was_is_told_first_then_what_comes(
    databases: Databases, woken: Graph, acme: Estate, clock: HeldClock
) -> None:
    """Changes and refusals alike, each once and in order, as soon as they are committed."""
    await make_chain(databases, clock, acme.tenant.id, 3)
    ask = asking(woken, clock)
    async with following(woken, standing(acme, clock), ADDED, since="1") as reader:
        assert [await told(reader) for _ in range(2)] == [(2, "DEVICE_UPDATED"), (3, "DEVICE_UPDATED")]
        await create_area(ask, acme, "a")
        assert await told(reader) == (4, "AREA_CREATED")
        await ask(acme, "{ devices { totalCount } }", Scope.AREAS_READ)
        assert await told(reader) == (5, "ACCESS_REFUSED")
        await ask(acme, "{ verifyAudit { ok } }", Scope.AUDIT_READ)
        assert await told(reader) == (6, "AUDIT_VERIFIED")


async def test_without_a_number_it_begins_now(
    databases: Databases, woken: Graph, acme: Estate, clock: HeldClock
) -> None:
    """What was before is not told."""
    await make_chain(databases, clock, acme.tenant.id, 3)
    async with following(woken, standing(acme, clock), ADDED) as reader:
        await create_area(asking(woken, clock), acme, "a")
        assert await told(reader) == (4, "AREA_CREATED")


async def test_only_the_actions_and_outcomes_that_are_named_are_told(
    woken: Graph, acme: Estate, clock: HeldClock
) -> None:
    """What is left out leaves gaps in the numbers."""
    ask = asking(woken, clock)
    created = {"actions": ["AREA_CREATED", "AUDIT_VERIFIED"]}
    async with (
        following(woken, standing(acme, clock), ADDED, **created) as some,
        following(woken, standing(acme, clock), ADDED, outcomes=["REFUSED"]) as refusals,
    ):
        await ask(acme, "{ devices { totalCount } }", Scope.AREAS_READ)
        await create_area(ask, acme, "a")
        assert await told(some) == (2, "AREA_CREATED")
        assert await told(refusals) == (1, "ACCESS_REFUSED")


async def test_a_record_shows_what_was_changed(woken: Graph, acme: Estate, clock: HeldClock) -> None:
    """As in lists: the type is the same."""
    async with following(woken, standing(acme, clock), ADDED) as reader:
        area = await create_area(asking(woken, clock), acme, "a")
        event = (await reader.response())["data"]["auditEventAdded"]
    assert event["target"] == {"id": area["id"]}
    assert {"field": "code", "after": "a"} in event["changed"]


async def test_a_right_that_becomes_bound_is_told_nothing_more(
    databases: Databases, woken: Graph, acme: Estate, clock: HeldClock
) -> None:
    """It is asked again at each record."""
    await make_chain(databases, clock, acme.tenant.id, 1)
    right = standing(acme, clock)
    async with following(woken, right, ADDED, since="0") as reader:
        await told(reader)
        right.held = caller_of(
            acme.tenant, clock, frozenset({Scope.AUDIT_READ}), node=Node(ReachKind.LOCATION, acme.location.id)
        )
        waiting = asyncio.create_task(told(reader))
        await create_area(asking(woken, clock), acme, "unseen")
        await until(lambda: tail_at(woken, acme, 2))
        assert not waiting.done()
        right.held = caller_of(acme.tenant, clock, frozenset({Scope.AUDIT_READ}))
        await create_area(asking(woken, clock), acme, "seen")
        assert await waiting == (3, "AREA_CREATED")


async def test_a_scope_that_is_lost_ends_the_stream(
    databases: Databases, woken: Graph, acme: Estate, clock: HeldClock
) -> None:
    """At the next record at the latest."""
    await make_chain(databases, clock, acme.tenant.id, 2)
    right = standing(acme, clock)
    async with following(woken, right, ADDED, since="0") as reader:
        await told(reader)
        right.held = caller_of(acme.tenant, clock, frozenset({Scope.AREAS_READ}))
        with pytest.raises(Refusal) as refused:
            await reader.response()
    assert refused.value.code is Code.FORBIDDEN_SCOPE


async def test_the_audit_and_the_events_of_a_tenant_are_followed_apart(
    databases: Databases, feeds: Feeds, acme: Estate, clock: HeldClock
) -> None:
    """Their numbers are not each other's: records come without events, and events without records here."""
    await write_events(databases, acme, clock, 3)
    await append_apart(databases.app, clock, acme.tenant.id, [record()] * 2)
    tenant_id = acme.tenant.id
    async with aclosing(feeds.after(tenant_id, 0)) as events, aclosing(feeds.after(tenant_id, 0, AUDIT)) as log:
        assert [(await anext(events))["number"] for _ in range(3)] == [1, 2, 3]
        assert [(await anext(log))["number"] for _ in range(2)] == [1, 2]
        waiting = [asyncio.create_task(anext(each, None)) for each in (events, log)]
        await until(lambda: followed(feeds, by=2))
        await append_apart(databases.app, clock, acme.tenant.id, [record()], feeds.announce)
        await write_events(databases, acme, clock)
        assert [row and row["number"] for row in await asyncio.gather(*waiting)] == [4, 3]


async def test_the_end_of_an_audit_is_read_once_for_all_who_follow_it(
    databases: Databases, feeds: Feeds, acme: Estate, clock: HeldClock
) -> None:
    """Ten followers cost as many statements as one; a long replay is read in batches."""

    async def first(since: int) -> int:
        async with aclosing(feeds.after(acme.tenant.id, since, AUDIT)) as log:
            number: int = (await anext(log))["number"]
            return number

    readers = [asyncio.create_task(first(0)) for _ in range(10)]
    await until(lambda: followed(feeds, by=10))
    with statements() as sent:
        await append_apart(databases.app, clock, acme.tenant.id, [record()] * (BATCH + 1), feeds.announce)
        assert await asyncio.gather(*readers) == [1] * 10
    assert len([each for each in sent if "FROM audit_record" in each]) <= 3
    assert await first(BATCH) == BATCH + 1


def asking(graph: Graph, clock: HeldClock) -> Ask:
    """Ask this graph, with exactly the scopes named."""

    async def run(estate: Estate, query: str, *scopes: Scope, **variables: Any) -> Outcome:
        caller = caller_of(estate.tenant, clock, frozenset(scopes))
        return Outcome(await graph.run(OperationRequest(query, variables), caller, "a-request"))

    return run


async def tail_at(graph: Graph, estate: Estate, number: int) -> bool:
    """Whether the audit's tail has read so far."""
    return graph._feeds._tails[AUDIT, estate.tenant.id].position >= number

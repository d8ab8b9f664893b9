"""What a mutation answers with: read in its own transaction where edges are followed, as it would be afterwards."""

import asyncio
from dataclasses import replace

import pytest
from graphql import GraphQLSchema
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from auth.grants import Grant
from auth.limits import Limits
from auth.principal import Account, Caller
from auth.scopes import Scope
from models.database import Database
from models.hierarchy import ReachKind
from models.ids import Prefix
from schema.graph import Graph
from schema.operation import OperationRequest
from tenantry.databases import Databases
from tests.ask import Ask, Outcome, caller_of
from tests.changing import EVERYTHING, events
from tests.clock import HeldClock
from tests.estate import Estate
from tests.postgres import Urls
from tests.reaching import READ, Halves, make_halves
from tests.sql import statements

RENAME = """mutation ($in: UpdateDeviceInput!) { updateDevice(input: $in) { __typename ... on Device {
  id name version area { name location { name devices { totalCount nodes { name } } } } parent { name } }
  ... on Problem { message } } }"""
COLUMNS = """mutation ($in: UpdateDeviceInput!) { updateDevice(input: $in) {
  ... on Device { id name version labels } } }"""


@pytest.fixture
def plain(built: GraphQLSchema, databases: Databases, clock: HeldClock) -> Graph:
    """The graph where nothing is compiled."""
    return Graph(built, databases.app, clock, Limits(), compiles=False)


@pytest.fixture
async def halves(databases: Databases, clock: HeldClock) -> Halves:
    """Two halves of one tenant."""
    return await make_halves(databases, clock)


def seeing_one_half(halves: Halves, clock: HeldClock) -> Caller:
    """Who may change devices everywhere, and sees the first half alone."""
    caller = caller_of(halves.tenant, clock, frozenset(EVERYTHING))
    node = halves.first.node(ReachKind.LOCATION)
    everywhere = Grant(frozenset({Scope.DEVICES_WRITE, Scope.DEVICES_READ}), ())
    grants = (everywhere, Grant(READ - {Scope.DEVICES_READ}, (node,)))
    account = Account(Prefix.USER, halves.tenant.id, "a person", grants)
    return Caller(replace(caller.principal, account=account), caller.tenant)


async def test_what_is_out_of_reach_is_not_read_back(
    graph: Graph, plain: Graph, clock: HeldClock, halves: Halves
) -> None:
    """Whoever changes a device of which it may not see the place is shown no more of the place than by a query."""
    caller = seeing_one_half(halves, clock)
    given = {"in": {"id": halves.second.ids["Device"][0], "name": "renamed"}}
    answered = [Outcome(await each.run(OperationRequest(RENAME, given), caller, "r")) for each in (graph, plain)]
    device = answered[0].data["updateDevice"]
    assert device["area"]["location"]["devices"]["totalCount"] == 0
    assert answered[0].answer == answered[1].answer


async def test_a_device_that_may_be_changed_and_not_seen_shows_what_was_written(
    graph: Graph, plain: Graph, clock: HeldClock, halves: Halves
) -> None:
    """It is out of the reach of every statement; the answer is the row that was written."""
    caller = caller_of(halves.tenant, clock, frozenset(EVERYTHING))
    node = halves.first.node(ReachKind.LOCATION)
    grants = (Grant(frozenset({Scope.DEVICES_WRITE}), ()), Grant(READ, (node,)))
    caller = Caller(
        replace(caller.principal, account=Account(Prefix.USER, halves.tenant.id, "a person", grants)), caller.tenant
    )
    given = {"in": {"id": halves.second.ids["Device"][0], "name": "renamed"}}
    answered = [Outcome(await each.run(OperationRequest(RENAME, given), caller, "r")) for each in (graph, plain)]
    assert answered[0].data["updateDevice"]["name"] == "renamed"
    assert answered[0].answer == answered[1].answer


async def test_edges_are_followed_by_one_statement_in_the_change(ask: Ask, acme: Estate) -> None:
    """It comes before the events are numbered, whose lock every other change waits for; nothing is read afterwards."""
    given = {"id": acme.ids["Device"], "name": "renamed"}
    with statements() as sent:
        outcome = await ask(acme, RENAME, *EVERYTHING, **{"in": given})
    device = outcome.data["updateDevice"]
    assert (device["name"], device["version"]) == ("renamed", 2)
    assert device["area"]["location"]["devices"] == {"totalCount": 1, "nodes": [{"name": "renamed"}]}
    [read] = [at for at, each in enumerate(sent) if "string_agg" in each]
    [numbered] = [at for at, each in enumerate(sent) if "event_head" in each]
    assert read < numbered
    assert not [each for each in sent[numbered:] if "FROM area" in each or "FROM location" in each]


async def test_what_the_row_holds_is_not_read_again(ask: Ask, acme: Estate) -> None:
    """An answer of columns alone costs no statement."""
    given = {"id": acme.ids["Device"], "name": "renamed"}
    with statements() as sent:
        outcome = await ask(acme, COLUMNS, *EVERYTHING, **{"in": given})
    assert outcome.data["updateDevice"]["name"] == "renamed"
    assert not [each for each in sent if each.startswith("SELECT (SELECT concat")]


async def test_aliases_fragments_and_switches_are_each_fields_own(ask: Ask, acme: Estate) -> None:
    """Two fields of one mutation, by the same fragment and by their own selections."""
    query = """mutation ($id: ID!, $area: ID!, $on: Boolean!) {
      one: updateDevice(input: {id: $id, name: "one"}) {
        ...Where ... on Device { place: area { id @include(if: $on) } } }
      two: updateDevice(input: {id: $id, name: "two"}) { ...Where }
      three: updateArea(input: {id: $area, name: "three"}) { ... on Area { name devices { nodes { name } } } } }
      fragment Where on DeviceResult { ... on Device { name location { name } } }"""
    outcome = await ask(acme, query, *EVERYTHING, id=acme.ids["Device"], area=acme.ids["Area"], on=False)
    assert outcome.data == {
        "one": {"name": "one", "location": {"name": "Acme Headquarters"}, "place": {}},
        "two": {"name": "two", "location": {"name": "Acme Headquarters"}},
        "three": {"name": "three", "devices": {"nodes": [{"name": "two"}]}},
    }


async def test_what_is_refused_of_an_answer_is_told_and_the_change_stands(
    ask: Ask, databases: Databases, acme: Estate
) -> None:
    """A cursor that is none of the list's: graphql-core says so, as it does where nothing is compiled."""
    query = RENAME.replace("devices {", 'devices(after: "nonsense") {')
    outcome = await ask(acme, query, *EVERYTHING, **{"in": {"id": acme.ids["Device"], "name": "renamed"}})
    assert outcome.data["updateDevice"]["name"] == "renamed"
    assert outcome.codes == ["BAD_USER_INPUT"]
    assert [event["kind"] for event in await events(databases, acme)] == ["UPDATED"]


async def test_a_repeated_change_is_answered_alike(graph: Graph, clock: HeldClock, acme: Estate) -> None:
    """The first answer was read in the change, the second is the kept row with what its edges lead to now."""
    caller = caller_of(acme.tenant, clock, frozenset(EVERYTHING))
    request = OperationRequest(RENAME, {"in": {"id": acme.ids["Device"], "name": "renamed"}}, idempotency_key="once")
    first, again = [await graph.run(request, caller, "r") for _ in range(2)]
    assert first == again


async def test_nothing_is_written_where_its_answer_cannot_be_read(
    urls: Urls, databases: Databases, built: GraphQLSchema, clock: HeldClock, acme: Estate
) -> None:
    """A statement past its deadline: the change is undone, and is told to have been stopped."""
    impatient = Database(urls.app, pool_size=1, statement_timeout=0.2)
    engine = create_async_engine(urls.owner, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.execute(text("LOCK TABLE device_type"))
            query = RENAME.replace("parent { name }", "type { name }")
            given = {"in": {"id": acme.ids["Device"], "name": "renamed"}}
            caller = caller_of(acme.tenant, clock, frozenset(EVERYTHING))
            graph = Graph(built, impatient, clock, Limits())
            outcome = Outcome(await graph.run(OperationRequest(query, given), caller, "r"))
        assert outcome.codes == ["TIMEOUT"]
        assert await events(databases, acme) == []
    finally:
        await impatient.close()
        await engine.dispose()


async def test_fifty_changes_at_once_each_see_their_own(ask: Ask, acme: Estate) -> None:
    """Each answer is of the transaction that it was written in."""

    async def rename(number: int) -> str:
        outcome = await ask(acme, RENAME, *EVERYTHING, **{"in": {"id": acme.ids["Device"], "name": f"n{number}"}})
        [device] = outcome.data["updateDevice"]["area"]["location"]["devices"]["nodes"]
        assert device["name"] == outcome.data["updateDevice"]["name"]
        return str(device["name"])

    assert await asyncio.gather(*(rename(number) for number in range(50))) == [f"n{number}" for number in range(50)]

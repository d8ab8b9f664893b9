"""Compiled reads: one statement for a whole query, and what is left to graphql-core."""

import itertools
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from graphql import GraphQLSchema
from sqlalchemy import text
from structlog.testing import capture_logs

from auth.limits import Limits
from auth.scopes import Scope
from models import Location
from models.database import Database
from schema.compiling import NotCompilable
from schema.graph import Graph
from schema.operation import OperationRequest
from tenantry.databases import Databases
from tests.ask import Ask, Outcome, caller_of
from tests.clock import HeldClock
from tests.estate import Estate, add
from tests.interrupt import CancelledAt
from tests.postgres import Urls, run_as_superuser
from tests.sql import statements

READ = frozenset(scope for scope in Scope if scope.endswith(".read"))
TREE = """{ tenant { name locations { totalCount nodes { id areas { pageInfo { endCursor } nodes { id
  devices(orderBy: NAME_ASC) { edges { cursor node { id type { key } area { name } } } } } } } } }
  devices(filter: {name: {startsWith: "F"}}) { totalCount } }"""
NODE = "query ($id: ID!) { node(id: $id) { ... on Device { id name location { name } } } }"


@pytest.fixture
def plain(built: GraphQLSchema, databases: Databases, clock: HeldClock) -> Graph:
    """The graph where nothing is compiled."""
    return Graph(built, databases.app, clock, Limits(), compiles=False)


async def test_a_tree_of_four_levels_is_one_statement(ask: Ask, acme: Estate) -> None:
    """Totals, cursors and a second root field among it."""
    with statements() as sent:
        outcome = await ask(acme, TREE, *READ)
    assert outcome.errors == []
    assert outcome.data["devices"] == {"totalCount": 1}
    assert len(sent) == 1


async def test_values_are_bound_and_never_in_the_text(ask: Ask, acme: Estate) -> None:
    """Requests of one shape are one statement, whatever they ask for."""
    query = """query ($n: Int, $t: String, $id: ID!) { node(id: $id) { id }
      devices(first: $n, search: $t, filter: {name: {contains: $t}}) { totalCount paging { pages } } }"""
    with statements() as sent:
        for size, word in ((3, "door'; --"), (4, "😀$1:x")):
            outcome = await ask(acme, query, *READ, n=size, t=word, id=acme.ids["Device"])
            assert outcome.data["devices"]["totalCount"] == 0
    assert len(sent) == 2
    assert len(set(sent)) == 1
    assert not any(word in sent[0] for word in ("door", "😀", str(acme.device.id), str(acme.tenant.id)))


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("{ me { name } }", "Query.me is computed in Python"),
        ("{ tokens { nodes { node { id } } } }", "Token.node is computed in Python"),
        ("{ auditEvents { totalCount } }", "Query.auditEvents lists what has no id of its own"),
        ("{ tenants { nodes { devices { totalCount } } } }", "Tenant.devices may lead into several tenants"),
        ('{ tenant(slug: "acme") { devices { totalCount } } }', "Tenant.devices may lead into several tenants"),
        ("{ __schema { queryType { name } } }", "Query.__schema reads the schema"),
        ("{ __typename devices @skip(if: true) { totalCount } }", "Query asks for nothing that is read"),
        ('{ devices(after: "x") { totalCount } }', "Query.devices is given arguments that are refused"),
        ('{ devices(search: "\\u0000") { totalCount } }', "Query.devices is given arguments that are refused"),
        ("mutation { deleteDevice(input: {id: 1}) { __typename } }", "Mutation is not compiled"),
        ("query ($n: Int!) { devices(first: $n) { totalCount } }", "Variables do not fit"),
    ],
)
def test_what_is_not_compiled_says_why(graph: Graph, clock: HeldClock, acme: Estate, query: str, reason: str) -> None:
    """The place and the reason, as `tenantry plan` tells them."""
    caller = caller_of(acme.tenant, clock, frozenset(Scope))
    with pytest.raises(NotCompilable) as refused:
        graph.compiled(OperationRequest(query), caller)
    assert str(refused.value).startswith(reason)


@pytest.mark.parametrize("listed", ["tokens", "roleBindings"])
@pytest.mark.parametrize("filtered", ["userId", "serviceAccountId"])
async def test_lists_are_filtered_by_people_in_one_statement(
    ask: Ask, acme: Estate, listed: str, filtered: str
) -> None:
    """Who may not read a person finds nobody by its id: that reach is asked for too, and once nobody had."""
    prefix = {"userId": "usr", "serviceAccountId": "svc"}[filtered]
    query = f"query ($id: ID!) {{ {listed}(filter: {{{filtered}: {{eq: $id}}}}) {{ totalCount }} }}"
    with statements() as sent, capture_logs() as said:
        outcome = await ask(acme, query, *READ, id=f"{prefix}_{acme.device.id}")
    assert outcome.data == {listed: {"totalCount": 0}}
    assert (len(sent), said) == (1, [])


async def test_a_neighbours_ids_name_nothing(ask: Ask, acme: Estate, globex: Estate) -> None:
    """By id, in a filter, and with a cursor of theirs: as if they were not there."""
    cursors = "{ devices { edges { cursor } } }"
    foreign = (await ask(globex, cursors, *READ)).data["devices"]["edges"][0]["cursor"]
    query = """query ($id: ID!, $ids: [ID!]!, $area: ID!, $cursor: String!) {
      node(id: $id) { id } nodes(ids: $ids) { id }
      devices(filter: {areaId: {eq: $area}}) { totalCount } after: devices(after: $cursor) { nodes { id } } }"""
    with statements() as sent:
        named: dict[str, Any] = {"id": globex.ids["Device"], "area": globex.ids["Area"], "ids": [*globex.ids.values()]}
        outcome = await ask(acme, query, *READ, cursor=foreign, **named)
    assert len(sent) == 1
    assert outcome.data | {"after": None} == {
        "node": None,
        "nodes": [None] * len(globex.ids),
        "devices": {"totalCount": 0},
        "after": None,
    }
    assert not any(id_.encode() in outcome.answer.body for id_ in globex.ids.values())


async def test_long_names_and_many_fields_are_written_whole(ask: Ask, acme: Estate) -> None:
    """PostgreSQL cuts names at 63 bytes, and takes a hundred arguments at once."""
    names = [f"{'n' * 70}{number}" for number in range(25)]
    fields = " ".join(f"{name}: name" for name in names)
    every = "serial name status lifecycle firmware enabled simulated labels reported desired purchaseValue currency"
    with statements() as sent:
        outcome = await ask(acme, f"{{ devices {{ nodes {{ {fields} {every} {every} }} }} }}", *READ)
    [node] = outcome.data["devices"]["nodes"]
    assert [*node] == [*names, *every.split()]
    assert len(sent) == 1


async def test_statements_are_kept_and_bounded(
    built: GraphQLSchema, databases: Databases, clock: HeldClock, acme: Estate
) -> None:
    """A hundred shapes leave the newest ones behind; a known one is not made again."""
    graph = Graph(built, databases.app, clock, Limits(), documents=10)
    caller = caller_of(acme.tenant, clock, READ)
    for number in range(100):
        await graph.run(OperationRequest(f"{{ a{number}: devices {{ totalCount }} }}"), caller, "r")
    assert graph._plans is not None
    assert len(graph._plans) == 10
    first = graph.compiled(OperationRequest("{ a99: devices { totalCount } }"), caller)
    again = graph.compiled(OperationRequest("{ a99: devices { totalCount } }"), caller)
    assert first.statement is again.statement


@pytest.mark.parametrize("switch", [True, False])
async def test_directives_and_variables_choose_the_shape(
    graph: Graph, plain: Graph, clock: HeldClock, acme: Estate, *, switch: bool
) -> None:
    """What a variable leaves out is not read, and not shown."""
    query = """query ($on: Boolean!, $order: DeviceOrder) { devices(orderBy: $order) {
      nodes @include(if: $on) { id ...More @skip(if: $on) } totalCount @skip(if: $on) } }
      fragment More on Device { name }"""
    caller = caller_of(acme.tenant, clock, READ)
    for order in (None, "NAME_DESC"):
        request = OperationRequest(query, {"on": switch, "order": order})
        assert await graph.run(request, caller, "r") == await plain.run(request, caller, "r")
        assert (b"totalCount" in (await graph.run(request, caller, "r")).body) is not switch


async def test_what_was_asked_before_says_nothing_of_what_is_asked_now(
    graph: Graph, plain: Graph, databases: Databases, clock: HeldClock, acme: Estate
) -> None:
    """Cursors, sizes and filters of one operation in turn, each twice, and a cursor that is refused among them."""
    for code in "abc":
        await add(databases, clock, Location, acme.tenant.id, code=code, name=f"Location {code}")
    query = """query ($first: Int, $after: String, $before: String, $filter: LocationFilter) {
      locations(first: $first, after: $after, before: $before, filter: $filter, orderBy: CODE_ASC) {
        totalCount nodes { id } edges { cursor } } }"""
    caller = caller_of(acme.tenant, clock, READ)
    everything = Outcome(await graph.run(OperationRequest(query), caller, "r")).data
    first, second, third, _ = [edge["cursor"] for edge in everything["locations"]["edges"]]
    only = {"code": {"ne": "b"}}
    asked: list[dict[str, Any]] = [
        {"after": first}, {"after": second}, {"after": None}, {"before": third}, {"after": first, "before": third},
        {"after": "nonsense"}, {"after": second, "first": 1}, {"after": first, "filter": only}, {"filter": only},
    ]  # fmt: skip
    answers = []
    for variables in [each for each in asked for _ in range(2)] + asked[::-1]:
        request = OperationRequest(query, variables)
        answers.append(await graph.run(request, caller, "r"))
        assert answers[-1] == await plain.run(request, caller, "r"), variables
    assert len({answer.body for answer in answers}) == len(asked)


async def test_a_variable_may_be_left_out_null_or_a_value(
    graph: Graph, plain: Graph, clock: HeldClock, acme: Estate
) -> None:
    """Its default, no value, or one; a null where there has to be one, whatever was asked before."""
    query = """query ($id: ID = "%s", $first: Int = 1, $after: String) { node(id: $id) { id }
      devices(first: $first, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }"""
    query %= acme.ids["Device"]
    caller = caller_of(acme.tenant, clock, READ)
    first = Outcome(await graph.run(OperationRequest(query), caller, "r"))
    cursor = first.data["devices"]["pageInfo"]["endCursor"]
    choices: list[list[dict[str, Any]]] = [
        [{}, {"id": None}, {"id": acme.ids["Area"]}],
        [{}, {"first": None}, {"first": 2}, {"first": 0}],
        [{}, {"after": None}, {"after": cursor}],
    ]
    asked = [one | other | third for one in choices[0] for other in choices[1] for third in choices[2]]
    for variables in asked + asked[::-1]:
        request = OperationRequest(query, variables)
        answer = await graph.run(request, caller, "r")
        assert answer == await plain.run(request, caller, "r"), variables
        assert bool(Outcome(answer).errors) is (variables.get("id", "") is None or variables.get("first") == 0)


async def test_a_statement_that_fails_is_answered_by_graphql_core(
    graph: Graph, clock: HeldClock, acme: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was answered and nothing changed, so the caller need not know; the log does."""

    async def fail(*_given: Any) -> None:
        raise asyncpg.InternalServerError("boom")

    monkeypatch.setattr(Database, "text", fail)
    with capture_logs() as said:
        outcome = Outcome(await graph.run(OperationRequest(TREE), caller_of(acme.tenant, clock, READ), "r"))
    assert (outcome.status, outcome.errors) == (200, [])
    assert [each["event"] for each in said] == ["a compiled statement failed"]


async def test_a_statement_past_its_deadline_is_told_so(
    built: GraphQLSchema, urls: Urls, clock: HeldClock, acme: Estate
) -> None:
    """PostgreSQL stopped it: graphql-core would only be stopped once more."""
    impatient = Database(urls.app, pool_size=1, statement_timeout=0.2)
    graph, caller = Graph(built, impatient, clock, Limits()), caller_of(acme.tenant, clock, READ)
    held = Database(urls.owner, pool_size=1)
    try:
        async with held.write(acme.tenant.id) as connection:
            await connection.execute(text("LOCK TABLE device"))
            outcome = Outcome(await graph.run(OperationRequest("{ devices { totalCount } }"), caller, "r"))
        assert (outcome.status, outcome.codes) == (504, ["TIMEOUT"])
    finally:
        await impatient.close()
        await held.close()


async def test_a_migration_beneath_a_prepared_statement_is_not_noticed(
    graph: Graph, urls: Urls, clock: HeldClock, acme: Estate
) -> None:
    """What was prepared before a column changed its type is prepared anew."""
    caller, request = caller_of(acme.tenant, clock, READ), OperationRequest("{ devices { nodes { firmware } } }")
    before = await graph.run(request, caller, "r")
    await run_as_superuser(urls.owner, "ALTER TABLE device ALTER firmware TYPE varchar(500)")
    try:
        for _ in range(3):
            assert await graph.run(request, caller, "r") == before
    finally:
        await run_as_superuser(urls.owner, "ALTER TABLE device ALTER firmware TYPE text")
    assert await graph.run(request, caller, "r") == before


@pytest.fixture
async def single(urls: Urls) -> AsyncIterator[Database]:
    """A pool of one connection."""
    database = Database(urls.app, pool_size=1)
    yield database
    await database.close()


@pytest.mark.parametrize("late", [False, True], ids=["waiting", "answered"])
async def test_cancelled_at_any_await_it_leaves_no_tenant_behind(
    single: Database, built: GraphQLSchema, clock: HeldClock, acme: Estate, globex: Estate, *, late: bool
) -> None:
    """Whoever comes next on the same connection sees its own rows, and is not stuck."""
    graph = Graph(built, single, clock, Limits())
    request = OperationRequest(NODE, {"id": acme.ids["Device"]})
    mine, theirs = (caller_of(estate.tenant, clock, READ) for estate in (acme, globex))
    whole = await graph.run(request, mine, "r")
    for suspension in itertools.count(1):
        work = CancelledAt(graph.run(request, mine, "r"), suspension, late=late)
        await work
        assert (await graph.run(request, theirs, "r")).body == b'{"data":{"node":null}}'
        assert await graph.run(request, mine, "r") == whole
        if not work.reached:
            break
    assert suspension > 1

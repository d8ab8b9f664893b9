"""A right that is bound to a node: what lies beside the node is, for every way of reading, what never was."""

from typing import Any

import pytest
from graphql import GraphQLSchema

from auth.requirement import any_of
from auth.scopes import Scope
from loaders.entities import BY_NAME, ENTITIES
from models.hierarchy import Node, ReachKind
from models.ids import encode
from schema.graph import Graph
from schema.operation import OperationRequest
from tenantry.databases import Databases
from tests.ask import Outcome, caller_of
from tests.clock import HeldClock
from tests.reaching import READ, AskBound, Halves, make_halves, nobodys
from tests.sql import statements
from tests.test_isolation import LISTS, beside, id_filters

KINDS = [ReachKind.ORGANIZATION, ReachKind.LOCATION, ReachKind.AREA]
every_kind = pytest.mark.parametrize("kind", KINDS)
# What lies within the first half's node of each kind.
COUNTS: dict[ReachKind, dict[str, int]] = {
    ReachKind.ORGANIZATION: {"tenants": 1, "organizations": 1, "locations": 1, "areas": 2, "deviceTypes": 1},
    ReachKind.LOCATION: {"tenants": 1, "organizations": 0, "locations": 1, "areas": 2, "deviceTypes": 1},
    ReachKind.AREA: {"tenants": 1, "organizations": 0, "locations": 0, "areas": 2, "deviceTypes": 1},
}


@pytest.fixture
async def halves(databases: Databases, clock: HeldClock) -> Halves:
    """A tenant with two halves that are alike."""
    return await make_halves(databases, clock)


@pytest.fixture
def bound(graph: Graph, clock: HeldClock) -> AskBound:
    """Ask as a caller that is bound to a node."""

    async def run(halves: Halves, node: Node | None, query: str, **variables: Any) -> Outcome:
        caller = caller_of(halves.tenant, clock, READ, node=node)
        return Outcome(await graph.run(OperationRequest(query, variables), caller, "a-request"))

    return run


async def answered(bound: AskBound, halves: Halves, node: Node, query: str, given: Any) -> tuple[Any, ...]:
    """The status, the bytes and the statements of an answer, without what was given: all that a caller can compare."""
    with statements() as sent:
        outcome = await bound(halves, node, query, id=given)
    text = given["id"] if isinstance(given, dict) else given
    return outcome.status, outcome.answer.body.replace(text.encode(), b"GIVEN"), tuple(sent)


@every_kind
@pytest.mark.parametrize("door", ["node", "nodes", "_entities", "deleteImpact"])
async def test_an_id_beside_the_node_is_as_good_as_none(
    bound: AskBound, clock: HeldClock, halves: Halves, kind: ReachKind, door: str
) -> None:
    """Whatever an id of the other half names is answered as an id that names nothing, byte for byte."""
    queries = {
        "node": "query ($id: ID!) { node(id: $id) { __typename id } }",
        "nodes": "query ($id: ID!) { nodes(ids: [$id]) { __typename id } }",
        "_entities": "query ($id: _Any!) { _entities(representations: [$id]) { ... on Node { id } } }",
        "deleteImpact": "query ($id: ID!) { deleteImpact(id: $id) { counts { type count } } }",
    }
    above = encode(BY_NAME["Organization"].prefix, halves.above.id)
    for name, ids in {**halves.second.ids, "Organization": [above, *halves.second.ids["Organization"]]}.items():
        for id_ in ids:
            theirs, nothing = [
                await answered(
                    bound,
                    halves,
                    halves.first.node(kind),
                    queries[door],
                    {"__typename": name, "id": each} if door == "_entities" else each,
                )
                for each in (id_, nobodys(clock, id_))
            ]
            assert theirs == nothing, id_


@every_kind
async def test_an_ancestor_is_found_by_looking_up_alone(
    bound: AskBound, clock: HeldClock, halves: Halves, kind: ReachKind
) -> None:
    """What is shown masked from beneath is nothing by its id, but for what lies within reach itself."""
    node = halves.first.node(kind)
    query = "query ($id: ID!) { node(id: $id) { id } tenant(id: $id) { id } }"
    found = [(await bound(halves, node, query, id=id_)).data["node"] for id_ in halves.first.all_ids]
    within = {ReachKind.ORGANIZATION: 6, ReachKind.LOCATION: 5, ReachKind.AREA: 4}[kind]
    assert [each is not None for each in found] == [False] * (6 - within) + [True] * within
    tenant_id = encode(BY_NAME["Tenant"].prefix, halves.tenant.id)
    outcome = await bound(halves, node, query, id=tenant_id)
    assert outcome.data == {"node": None, "tenant": {"id": tenant_id}}
    assert (await bound(halves, node, query, id=nobodys(clock, tenant_id))).data == {"node": None, "tenant": None}


@every_kind
async def test_lists_and_their_totals_end_at_the_node(bound: AskBound, halves: Halves, kind: ReachKind) -> None:
    """Every list at the root holds, counts and pages what lies beneath the node alone."""
    lists = " ".join(f"{each}(first: 50) {{ totalCount paging {{ total }} nodes {{ id }} }}" for each in LISTS.values())
    outcome = await bound(halves, halves.first.node(kind), f"{{ {lists} }}")
    # The device, its part and the stray; one of them says itself that it belongs to the organization.
    assert {name: each["totalCount"] for name, each in outcome.data.items()} == {**COUNTS[kind], "devices": 3}
    for each in outcome.data.values():
        assert each["totalCount"] == each["paging"]["total"] == len(each["nodes"])
    for id_ in halves.second.all_ids:
        assert id_.encode() not in outcome.answer.body


@every_kind
@pytest.mark.parametrize("condition", ["{eq: $id}", "{in: [$id]}", "{ne: $id}"])
async def test_filters_find_nothing_beside_the_node(
    *, bound: AskBound, built: GraphQLSchema, clock: HeldClock, halves: Halves, kind: ReachKind, condition: str
) -> None:
    """Whatever list an id filters, as the row's own or as its parent's: the other half's does what nobody's does."""
    filters = [(listed, f"{{{name}: {condition}}}") for listed, name in id_filters(built)]
    fields = " ".join(
        f"f{at}: {listed}(filter: {given}) {{ totalCount nodes {{ id }} }}"
        for at, (listed, given) in enumerate(filters)
    )
    for id_ in halves.second.all_ids:
        theirs, nothing = [
            await answered(bound, halves, halves.first.node(kind), f"query ($id: ID!) {{ {fields} }}", each)
            for each in (id_, nobodys(clock, id_))
        ]
        assert theirs == nothing, id_


@every_kind
async def test_a_whole_beside_the_node_is_no_whole(bound: AskBound, halves: Halves, kind: ReachKind) -> None:
    """A part within reach of a device that is not has no parent: shown so, and found so."""
    outcome = await bound(
        halves,
        halves.first.node(kind),
        """{ devices(filter: {parentId: {isNull: true}}, orderBy: SERIAL_ASC) { nodes { serial parent { id } } }
             parts: devices(filter: {parentId: {isNull: false}}) { nodes { serial parent { serial } } } }""",
    )
    assert outcome.data["devices"]["nodes"] == [
        {"serial": "a-1", "parent": None},
        {"serial": "a-stray", "parent": None},
    ]
    assert outcome.data["parts"]["nodes"] == [{"serial": "a-2", "parent": {"serial": "a-1"}}]


@every_kind
@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
async def test_a_cursor_of_an_unbound_token_is_a_place_and_nothing_more(
    bound: AskBound, halves: Halves, kind: ReachKind, entity: Any
) -> None:
    """A cursor of a row in the other half is read as that of a row that nobody has would be."""
    listed, node = LISTS[entity.name], halves.first.node(kind)
    for order in (f"{name}_{direction}" for name in entity.orders for direction in ("ASC", "DESC")):
        query = f"{{ {listed}(orderBy: {order}) {{ edges {{ cursor node {{ id }} }} }} }}"
        edges = (await bound(halves, None, query)).data[listed]["edges"]
        for cursor in [edge["cursor"] for edge in edges if edge["node"]["id"] in halves.second.all_ids]:
            for argument in ("after", "before"):
                query = f"""query ($id: String!) {{ {listed}({argument}: $id, orderBy: {order}) {{
                  totalCount edges {{ cursor node {{ id }} }} pageInfo {{ hasNextPage hasPreviousPage }} }} }}"""
                theirs, nothing = [
                    await answered(bound, halves, node, query, text) for text in (cursor, beside(cursor))
                ]
                assert theirs == nothing, query
                assert theirs[0] == 200


@every_kind
async def test_a_search_finds_nothing_beside_the_node(bound: AskBound, halves: Halves, kind: ReachKind) -> None:
    """The other half's names and codes are nobody's."""
    lists = [each for each in LISTS.values() if each not in {"tenants", "deviceTypes"}]
    for text in ("b ", "b-", "lent"):
        fields = " ".join(f'{each}(search: "{text}") {{ totalCount nodes {{ id }} }}' for each in lists)
        outcome = await bound(halves, halves.first.node(kind), f"{{ {fields} }}")
        assert outcome.data == {each: {"totalCount": 0, "nodes": []} for each in lists}


@every_kind
async def test_lists_in_things_end_at_the_node(bound: AskBound, halves: Halves, kind: ReachKind) -> None:
    """A type's devices, a device's parts: what lies beside the node is in no list of what lies beneath it."""
    query = """query ($id: ID!) { deviceTypes { nodes { devices { totalCount nodes { serial } } } }
      node(id: $id) { ... on Device { children { totalCount nodes { serial } } } } }"""
    device_id = halves.first.ids["Device"][0]
    outcome = await bound(halves, halves.first.node(kind), query, id=device_id)
    [listed] = outcome.data["deviceTypes"]["nodes"]
    assert listed["devices"]["totalCount"] == 3
    assert sorted(each["serial"] for each in listed["devices"]["nodes"]) == ["a-1", "a-2", "a-stray"]
    assert outcome.data["node"]["children"] == {"totalCount": 1, "nodes": [{"serial": "a-2"}]}
    unbound = await bound(halves, None, query, id=device_id)
    assert unbound.data["node"]["children"]["totalCount"] == 2


@every_kind
async def test_an_impact_counts_what_lies_within_reach(bound: AskBound, halves: Halves, kind: ReachKind) -> None:
    """What hangs on a thing out of reach is not counted."""
    query = "query ($id: ID!) { deleteImpact(id: $id) { counts { type count } } }"
    device_id = halves.first.ids["Device"][0]
    outcome = await bound(halves, halves.first.node(kind), query, id=device_id)
    assert outcome.data["deleteImpact"]["counts"] == [{"type": "Device", "count": 2}]
    unbound = await bound(halves, None, query, id=device_id)
    assert unbound.data["deleteImpact"]["counts"] == [{"type": "Device", "count": 3}]


async def test_a_caller_remembers_a_reach_once_however_often_it_is_asked_for(clock: HeldClock, halves: Halves) -> None:
    """Requirements are made anew in each change: equal ones are one, or a busy caller would grow without end."""
    caller = caller_of(halves.tenant, clock, frozenset({Scope.DEVICES_WRITE}))
    assert {caller.reach(any_of(Scope.DEVICES_WRITE)) for _ in range(100)} == {None}
    assert len(caller._reaches) == 1

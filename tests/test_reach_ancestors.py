"""Looking up from a node that a right is bound to: ancestors show id, name and kind, and nothing else."""

from typing import Any

import pytest
from graphql import GraphQLObjectType, GraphQLSchema, get_named_type, is_leaf_type, is_non_null_type

from loaders.edges import EDGES
from loaders.entities import SERVICE_ACCOUNT, USER
from models.hierarchy import Node, ReachKind
from tests.reaching import AskBound, Halves
from tests.sql import statements
from tests.test_reach import bound, every_kind, halves

__all__ = ["bound", "halves"]

LISTED = "totalCount nodes { id } edges { cursor } paging { total }"
MASKED_TYPES = ["Tenant", "Organization", "Location", "Area"]


def everything(schema: GraphQLSchema, name: str) -> str:
    """Every field of a type: values, and of each list its rows and its total."""
    type_ = schema.type_map[name]
    assert isinstance(type_, GraphQLObjectType)
    found = []
    for field_name, field in type_.fields.items():
        target = get_named_type(field.type)
        if is_leaf_type(target):
            found.append(field_name)
        elif target.name.endswith("Connection"):
            found.append(f"{field_name}(first: 1) {{ {LISTED} }}")
    return " ".join(found)


@pytest.fixture
def fields(built: GraphQLSchema) -> dict[str, str]:
    """Every field of the types that are ancestors."""
    return {name: everything(built, name) for name in MASKED_TYPES}


def shown(row: dict[str, Any]) -> dict[str, Any]:
    """What a row shows: values that are not null, lists that are not empty."""
    found = {}
    for name, value in row.items():
        if isinstance(value, dict) and "totalCount" in value:
            assert (value["nodes"] == []) == (value["totalCount"] == 0) == (value["paging"]["total"] == 0)
            value = value["nodes"]  # noqa: PLW2901
        if value not in (None, []):
            found[name] = value
    return found


async def test_ancestors_show_id_name_and_kind(bound: AskBound, halves: Halves, fields: dict[str, str]) -> None:
    """From a room all the way up: nothing but that, every other field null, every list empty."""
    first = halves.first
    node = Node(ReachKind.AREA, first.room.id, first.location.id)
    query = f"""query ($id: ID!) {{ node(id: $id) {{ ... on Area {{ name
      parent {{ {fields["Area"]} location {{ id }} }}
      location {{ {fields["Location"]}
        tenant {{ {fields["Tenant"]} branding {{ logoUrl accentColor }} parent {{ id }} }}
        organization {{ {fields["Organization"]} tenant {{ id }} parent {{ {fields["Organization"]} }} }} }} }} }} }}"""
    outcome = await bound(halves, node, query, id=first.ids["Area"][1])
    assert outcome.errors == []
    room = outcome.data["node"]
    floor, location = room["parent"], room["location"]
    tenant, organization = location.pop("tenant"), location.pop("organization")
    above, ids = organization.pop("parent"), first.ids
    tenant_id = f"ten_{halves.tenant.id}"
    assert floor.pop("location") == {"id": ids["Location"][0]}
    assert organization.pop("tenant") == {"id": tenant_id}
    assert tenant.pop("branding") == {"logoUrl": None, "accentColor": None}
    assert shown(floor) == {"id": ids["Area"][0], "name": "a floor", "kind": "FLOOR"}
    assert shown(location) == {"id": ids["Location"][0], "name": "a hq"}
    assert shown(organization) == {"id": ids["Organization"][0], "name": "a org"}
    assert shown(above) == {"id": f"org_{halves.above.id}", "name": "Above"}
    assert shown(tenant) == {"id": tenant_id, "uuid": str(halves.tenant.id), "name": "Halves"}


async def test_what_lies_within_reach_is_shown_whole(bound: AskBound, halves: Halves) -> None:
    """Looking up to the node itself shows all of it."""
    query = "{ devices(first: 1) { nodes { location { code city organization { key } } } } }"
    outcome = await bound(halves, halves.first.node(ReachKind.ORGANIZATION), query)
    [device] = outcome.data["devices"]["nodes"]
    assert device["location"] == {"code": "a-hq", "city": "Berkeley", "organization": {"key": "a-org"}}


@every_kind
async def test_the_tenant_is_an_ancestor_of_everything(
    bound: AskBound, halves: Halves, fields: dict[str, str], kind: ReachKind
) -> None:
    """However it is asked for, it shows its id and name; it is the only tenant there is."""
    every = fields["Tenant"]
    query = f"{{ tenant {{ {every} }} me {{ tenant {{ {every} }} }} tenants {{ totalCount nodes {{ {every} }} }} }}"
    outcome = await bound(halves, halves.first.node(kind), query)
    assert outcome.errors == []
    [listed] = outcome.data["tenants"]["nodes"]
    for each in (outcome.data["tenant"], outcome.data["me"]["tenant"], listed):
        assert shown(each) == {"id": f"ten_{halves.tenant.id}", "uuid": str(halves.tenant.id), "name": "Halves"}


async def test_what_is_masked_is_not_found_by_what_it_hides(bound: AskBound, halves: Halves) -> None:
    """A tenant's slug and city are null to filters, searches, orderings and cursors too; its name is not."""
    node, slug = halves.first.node(ReachKind.LOCATION), halves.tenant.slug
    query = """query ($slug: String!) { tenant(slug: $slug) { id }
      slug: tenants(filter: {slug: {eq: $slug}}) { totalCount }
      other: tenants(filter: {slug: {ne: $slug}}) { totalCount }
      city: tenants(filter: {city: {isNull: false}}) { totalCount nodes { id } }
      search: tenants(search: $slug) { totalCount }
      named: tenants(filter: {name: {eq: "Halves"}}, search: "halv") { totalCount }
      ordered: tenants(orderBy: SLUG_ASC) { edges { cursor } } }"""
    outcome = await bound(halves, node, query, slug=slug)
    assert outcome.errors == []
    found = outcome.data
    [edge] = found.pop("ordered")["edges"]
    assert found == {
        "tenant": None,
        "slug": {"totalCount": 0},
        "other": {"totalCount": 1},
        "city": {"totalCount": 0, "nodes": []},
        "search": {"totalCount": 0},
        "named": {"totalCount": 1},
    }
    after = await bound(
        halves,
        node,
        "query ($at: String!) { tenants(orderBy: SLUG_ASC, after: $at) { totalCount nodes { id } } }",
        at=edge["cursor"],
    )
    assert after.data == {"tenants": {"totalCount": 1, "nodes": []}}


async def test_bad_arguments_of_a_masked_list_are_refused(bound: AskBound, halves: Halves) -> None:
    """An empty list takes no nonsense either."""
    node = halves.first.node(ReachKind.LOCATION)
    outcome = await bound(halves, node, '{ tenant { devices(after: "nonsense") { totalCount } } }')
    assert outcome.codes == ["BAD_USER_INPUT"]


@every_kind
async def test_a_bound_token_costs_no_statement_more(bound: AskBound, halves: Halves, kind: ReachKind) -> None:
    """Up, down and by id: as many statements as without a node."""
    query = """query ($id: ID!) { me { tenant { name } } organizations { totalCount } locations { totalCount }
      node(id: $id) { ... on Area { parent { name } location { name organization { name parent { name } } }
        children { totalCount } devices { totalCount nodes { type { key } organization { name } area { name }
          parent { id } children { totalCount nodes { parent { name } } } } } } } }"""
    sent = []
    for node in (None, halves.first.node(kind)):
        with statements() as told:
            outcome = await bound(halves, node, query, id=halves.first.ids["Area"][1])
        assert outcome.errors == []
        assert outcome.data["node"]["devices"]["totalCount"] == 3
        sent.append(len(told))
    assert sent[0] == sent[1]


def test_every_edge_up_is_declared_as_one(built: GraphQLSchema) -> None:
    """A type that is shown masked has fields that can be null; edges up lead to such types alone."""
    for edge in EDGES.values():
        if edge.ancestor:
            assert edge.target.name in MASKED_TYPES
        elif not edge.many:
            people = edge.target in (USER, SERVICE_ACCOUNT)
            assert people or edge.name in {"parent_of_tenant", "type_of_device", "parent_of_device"}
    for name in MASKED_TYPES:
        type_ = built.type_map[name]
        assert isinstance(type_, GraphQLObjectType)
        sure = {field_name for field_name, field in type_.fields.items() if is_non_null_type(field.type)}
        lists = {n for n, field in type_.fields.items() if get_named_type(field.type).name.endswith("Connection")}
        assert sure - lists <= {"id", "uuid", "name", "kind", "branding"}

"""Another tenant's thing is a thing that does not exist: through every door, in words, in bytes, in statements."""

import base64
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from graphql import GraphQLInputObjectType, GraphQLSchema, get_named_type

from auth.scopes import Scope
from loaders.entities import BY_NAME, ENTITIES, Entity
from models.ids import encode
from tenantry.databases import Databases
from tests.ask import Ask
from tests.clock import HeldClock
from tests.estate import Estate, make_estate
from tests.sql import statements

READ = [scope for scope in Scope if scope.endswith(".read")]
Answered = tuple[int, bytes, tuple[str, ...]]

every_type = pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)


@dataclass(frozen=True)
class Strangers:
    """Who asks, and who must not be found: both have one of each thing, alike."""

    asker: Estate
    other: Estate


@pytest.fixture(params=["neighbour", "partner above"])
async def strangers(request: pytest.FixtureRequest, databases: Databases, clock: HeldClock) -> Strangers:
    """Two tenants side by side; or a customer and its partner, whom it cannot see either."""
    other = await make_estate(databases, clock, "other")
    above = other.tenant if request.param == "partner above" else None
    return Strangers(await make_estate(databases, clock, "asker", above), other)


@every_type
@pytest.mark.parametrize("door", ["node", "nodes", "_entities"])
async def test_a_strangers_id_is_as_good_as_none(
    ask: Ask, clock: HeldClock, strangers: Strangers, entity: Entity, door: str
) -> None:
    """What an id names in another estate is answered as an id that names nothing."""
    queries = {
        "node": "query ($id: ID!) { node(id: $id) { __typename id } }",
        "nodes": "query ($id: ID!) { nodes(ids: [$id]) { __typename id } }",
        "_entities": "query ($id: _Any!) { _entities(representations: [$id]) { ... on Node { id } } }",
    }
    own, others, nobodys = [
        await answered(
            ask,
            strangers.asker,
            queries[door],
            {"__typename": entity.name, "id": id_} if door == "_entities" else id_,
        )
        for id_ in three_ids(strangers, entity, clock)
    ]
    assert others == nobodys
    assert own != nobodys


@every_type
async def test_filters_find_no_strangers(
    ask: Ask, built: GraphQLSchema, clock: HeldClock, strangers: Strangers, entity: Entity
) -> None:
    """Whatever list an id filters, as the row's own or as its parent's: a stranger's does what nobody's does."""
    own_found = 0
    for listed, filtered in id_filters(built):
        query = "query ($id: ID!) {" + " ".join(
            f"{alias}: {listed}(filter: {{{filtered}: {condition}}}) {{ totalCount nodes {{ id }} }}"
            for alias, condition in (("a", "{eq: $id}"), ("b", "{in: [$id]}"), ("c", "{ne: $id}"))
        )
        own, others, nobodys = [
            await answered(ask, strangers.asker, f"{query} }}", id_) for id_ in three_ids(strangers, entity, clock)
        ]
        assert others == nobodys, query
        own_found += own != nobodys
    assert own_found


@every_type
async def test_a_strangers_cursor_is_a_place_and_nothing_more(ask: Ask, strangers: Strangers, entity: Entity) -> None:
    """A cursor out of another estate's list is read as one of a row that nobody has would be."""
    listed = LISTS[entity.name]
    for order in (f"{name}_{direction}" for name in entity.orders for direction in ("ASC", "DESC")):
        theirs = await ask(
            strangers.other, f"{{ {listed}(orderBy: {order}) {{ edges {{ cursor node {{ id }} }} }} }}", *READ
        )
        cursors = {edge["node"]["id"]: edge["cursor"] for edge in theirs.data[listed]["edges"]}
        cursor = cursors[strangers.other.ids[entity.name]]
        for argument in ("after", "before"):
            query = f"""query ($id: String!) {{ {listed}({argument}: $id, orderBy: {order}) {{
              totalCount edges {{ cursor node {{ id }} }} pageInfo {{ hasNextPage hasPreviousPage }} }} }}"""
            others, nobodys = [await answered(ask, strangers.asker, query, text) for text in (cursor, beside(cursor))]
            assert others == nobodys, query
            assert others[0] == 200


@pytest.mark.parametrize("argument", ["id", "slug"])
async def test_a_strangers_tenant_is_as_good_as_none(
    ask: Ask, clock: HeldClock, strangers: Strangers, argument: str
) -> None:
    """Neither its id nor its slug finds it."""
    kind = {"id": "ID!", "slug": "String!"}[argument]
    query = f"query ($id: {kind}) {{ tenant({argument}: $id) {{ id slug name }} }}"
    if argument == "id":
        texts = three_ids(strangers, BY_NAME["Tenant"], clock)
    else:
        texts = [strangers.asker.tenant.slug, strangers.other.tenant.slug, f"nobody-{clock.new_id().hex[-20:]}"]
    own, others, nobodys = [await answered(ask, strangers.asker, query, text) for text in texts]
    assert others == nobodys
    assert own != nobodys


async def test_nothing_leads_from_a_tenant_to_those_beside_or_above_it(ask: Ask, strangers: Strangers) -> None:
    """Every list and every edge up or down stays within the asker's estate."""
    lists = " ".join(f"{listed}(first: 100) {{ totalCount nodes {{ id }} }}" for listed in LISTS.values())
    outcome = await ask(strangers.asker, f"{{ {lists} tenant {{ parent {{ id }} children {{ totalCount }} }} }}", *READ)
    assert outcome.errors == []
    assert outcome.data["tenant"] == {"parent": None, "children": {"totalCount": 0}}
    for id_ in strangers.other.ids.values():
        assert id_.encode() not in outcome.answer.body
    assert {listed: outcome.data[listed]["totalCount"] for listed in LISTS.values()} == {
        "tenants": 1, "organizations": 1, "locations": 1, "areas": 2, "deviceTypes": 1, "devices": 1,
    }  # fmt: skip


async def test_a_partner_finds_its_customers_by_their_parent(ask: Ask, databases: Databases, clock: HeldClock) -> None:
    """What is within reach can be filtered by; the partner's own parent is not, so it has none."""
    partner = await make_estate(databases, clock, "partner")
    customer = await make_estate(databases, clock, "customer", partner.tenant)
    query = """query ($id: ID!) { beneath: tenants(filter: {parentId: {eq: $id}}) { nodes { id } }
                                  top: tenants(filter: {parentId: {isNull: true}}) { nodes { id } } }"""
    outcome = await ask(partner, query, *READ, id=partner.ids["Tenant"])
    assert outcome.data == {
        "beneath": {"nodes": [{"id": customer.ids["Tenant"]}]},
        "top": {"nodes": [{"id": partner.ids["Tenant"]}]},
    }


LISTS = {
    "Tenant": "tenants",
    "Organization": "organizations",
    "Location": "locations",
    "Area": "areas",
    "DeviceType": "deviceTypes",
    "Device": "devices",
}


async def answered(ask: Ask, asker: Estate, query: str, given: Any) -> Answered:
    """The status, the bytes and the statements of an answer, without what was given: all that a caller can compare.

    How long an answer takes is left to the statements: the same ones find as little.
    """
    with statements() as sent:
        outcome = await ask(asker, query, *READ, id=given)
    text = given["id"] if isinstance(given, dict) else given
    return outcome.status, outcome.answer.body.replace(text.encode(), b"GIVEN"), tuple(sent)


def three_ids(strangers: Strangers, entity: Entity, clock: HeldClock) -> list[str]:
    """The asker's own thing, the stranger's, and nobody's."""
    return [strangers.asker.ids[entity.name], strangers.other.ids[entity.name], encode(entity.prefix, clock.new_id())]


def id_filters(schema: GraphQLSchema) -> Iterator[tuple[str, str]]:
    """Every list at the root, with every condition on an id that it takes."""
    assert schema.query_type is not None
    for listed, field in schema.query_type.fields.items():
        given = get_named_type(field.args["filter"].type) if "filter" in field.args else None
        if isinstance(given, GraphQLInputObjectType):
            yield from ((listed, name) for name, each in given.fields.items() if str(each.type) == "IDFilter")


def beside(cursor: str) -> str:
    """The cursor of a row that nobody has, next to the one that this names."""
    name, row_id, *value = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    moved = [name, str(uuid.UUID(int=uuid.UUID(row_id).int ^ 1)), *value]
    return base64.urlsafe_b64encode(orjson.dumps(moved)).rstrip(b"=").decode()

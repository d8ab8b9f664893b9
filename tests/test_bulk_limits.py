"""A bulk change within the bounds: a thousand items fit the defaults, and no bound is evaded by listing items."""

from dataclasses import replace
from typing import Any

import orjson
import pytest
from graphql import GraphQLSchema

from auth.limits import Limits
from models.clock import Clock
from schema.graph import Graph
from schema.operation import OperationRequest
from tenantry.databases import Databases
from tests.ask import Ask, Outcome, caller_of
from tests.bulk import BULK, CREATE, UPDATE, ask_bulk, bulk_document, device
from tests.changing import EVERYTHING, everything
from tests.clock import HeldClock
from tests.estate import Estate
from tests.http import JSON, client_of, token_of

SHORT = "{ ... on BulkDevices { items { device { id name } } } }"
ITEM = '{serial: "a", name: "a", typeId: "x"}'
ITEMS = f"[{ITEM} {ITEM} {ITEM}]"
# Three items, however they are given.
GIVEN: dict[str, tuple[str, dict[str, Any]]] = {
    "the input": (f"mutation ($in: BulkCreateDevicesInput!) {{ {CREATE}(input: $in) {SHORT} }}", {"in": None}),
    "the items": (
        f"mutation ($items: [CreateDeviceItemInput!]!) {{ {CREATE}(input: {{items: $items}}) {SHORT} }}",
        {"items": None},
    ),
    "literals": (f"mutation {{ {CREATE}(input: {{items: {ITEMS}}}) {SHORT} }}", {}),
    "a default": (
        f"mutation ($in: BulkCreateDevicesInput! = {{items: {ITEMS}}}) {{ {CREATE}(input: $in) {SHORT} }}",
        {},
    ),
    "a fragment": (
        f"mutation {{ ...m }} fragment m on Mutation {{ {CREATE}(input: {{items: {ITEMS}}}) {SHORT} }}",
        {},
    ),
}


async def test_a_thousand_items_with_everything_fit_the_defaults(
    databases: Databases, graph: Graph, clock: Clock, acme: Estate
) -> None:
    """Over HTTP: the body, the rows and values of the answer, the deadline."""
    place = {"areaId": acme.ids["Area"]}
    common = {"place": place, "labels": ["a", "b"], "desired": {"locked": True}, "purchaseValue": "129.90"}
    items = [device(acme, f"{at:04}" + "x" * 196, **common) for at in range(1000)]
    body = orjson.dumps({"query": bulk_document(CREATE), "variables": {"in": {"items": items}}})
    assert len(body) > 500_000
    async with client_of(databases, graph, clock, await token_of(databases, clock, acme, *EVERYTHING)) as client:
        response = await client.post("/graphql", content=body, headers=JSON)
    answered = response.json()["data"][CREATE]
    assert (answered["written"], answered["refused"]) == (1000, 0)
    assert [item["device"]["serial"][:4] for item in answered["items"]] == [f"{at:04}" for at in range(1000)]


@pytest.mark.parametrize("given", GIVEN.values(), ids=GIVEN)
async def test_each_item_counts_as_what_is_selected_of_it(
    built: GraphQLSchema, databases: Databases, clock: HeldClock, acme: Estate, given: tuple[str, dict[str, Any]]
) -> None:
    """Three items of five values each and their field: refused at one less, before anything is written."""
    query, variables = given
    items = [device(acme, "a"), device(acme, "b"), device(acme, "c")]
    given_variables = {name: {"items": items} if name == "in" else items for name in variables}
    caller = caller_of(acme.tenant, clock, frozenset(EVERYTHING))
    before = await everything(databases, acme)

    async def codes(**limits: int) -> list[str]:
        graph = Graph(built, databases.app, clock, replace(Limits(), **limits))
        return Outcome(await graph.run(OperationRequest(query, given_variables), caller, "r")).codes

    assert await codes(values=12) == ["LIMIT_FIELDS"]
    assert await codes(nodes=2) == ["LIMIT_NODES"]
    assert await everything(databases, acme) == before
    assert await codes(values=13, nodes=3) == []


@pytest.mark.parametrize("field", BULK)
async def test_lists_beneath_the_items_multiply(ask: Ask, databases: Databases, acme: Estate, field: str) -> None:
    """A thousand items with twenty parts each are too many rows for one answer."""
    before = await everything(databases, acme)
    selection = "{ ... on BulkDevices { items { device { children { nodes { id } } } } } }"
    items = [device(acme, f"s-{at}") if field == CREATE else {"id": acme.ids["Device"]} for at in range(1000)]
    outcome = await ask(acme, bulk_document(field, selection), *EVERYTHING, **{"in": {"items": items}})
    assert (outcome.status, outcome.codes) == (400, ["LIMIT_NODES"])
    assert await everything(databases, acme) == before


async def test_a_hundred_thousand_items_are_not_even_looked_at(ask: Ask, acme: Estate) -> None:
    """Ten times too many are told so by name; more are out of bounds before their values are read."""
    outcome = await ask_bulk(ask, acme, UPDATE, [{}] * 100_000)
    assert (outcome.status, outcome.codes) == (400, ["LIMIT_NODES"])

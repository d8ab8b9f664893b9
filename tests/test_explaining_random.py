"""Random operations and random rights: what is explained is what happens."""

from typing import Any

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auth.scopes import Scope
from schema.graph import Graph
from schema.operation import OperationRequest
from schema.streaming import Stream
from tests.ask import caller_of
from tests.clock import HeldClock
from tests.estate import Estate
from tests.explaining import EXPLAIN, Explained, told
from tests.following import HeldStanding
from tests.reaching import nobodys
from tests.tokens import ask_as

QUERIES = st.lists(
    st.sampled_from([
        "me { name tenant { name } }", "tenant { name }", "a: tenants { nodes { slug } }", "locations { totalCount }",
        "b: devices { nodes { serial location { name organization { name } } } }", "areas { nodes { ...A } }",
        "node(id: $device) { id }", "nodes(ids: [$device, $area]) { ... on Node { id } }",
        "c: node(id: $area) { ...A ... on Device { type { name } } }",
        "deleteImpact(id: $location) { counts { count } }",
        '_entities(representations: [{__typename: "Area", id: $area}]) { __typename ... on Tenant { name } }',
        "__schema { queryType { name } }", "_service { sdl }", "tokens { totalCount }", "__typename",
    ]), min_size=1, max_size=4, unique=True,
)  # fmt: skip
MUTATIONS = st.lists(
    st.sampled_from([
        "deleteDevice(input: {id: $device}) { __typename }", 'updateArea(input: {id: $area, name: "x"}) { ...A }',
        "restoreLocation(input: {id: $location}) { ... on Location { name tenant { name } } }",
    ]), min_size=1, max_size=3, unique=True,
)  # fmt: skip
FOLLOWING = st.sampled_from([
    "estateChanged { number }", "estateChanged(types: [AREA, DEVICE]) { thing { id ...A } }",
    "estateChanged(types: [TENANT]) { number }", "exportDevices { text }",
])  # fmt: skip
OPERATIONS = st.one_of(
    QUERIES.map(lambda parts: ("query", parts)),
    MUTATIONS.map(lambda parts: ("mutation", parts)),
    FOLLOWING.map(lambda part: ("subscription", [part])),
)
VARIABLES = {"device": "Device", "area": "Area", "location": "Location"}
SCOPES = st.frozensets(st.sampled_from([scope for scope in Scope if scope.split(".")[1] in {
    "context", "locations", "areas", "devices", "device_types", "organizations", "tokens", "schema", "tenants",
}]))  # fmt: skip


def document(kind: str, parts: list[str]) -> str:
    """An operation of these parts, with the variables and the fragment that they use."""
    body = " ".join(parts)
    used = ", ".join(f"${name}: ID!" for name in VARIABLES if f"${name}" in body)
    fragment = "fragment A on Area { location { name } ... on Node { id } }" if "...A" in body else ""
    return f"{kind} {f'({used})' if used else ''} {{ {body} }} {fragment}"


@settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(operation=OPERATIONS, scopes=SCOPES)
async def test_what_is_explained_is_what_happens(
    *, graph: Graph, clock: HeldClock, acme: Estate, operation: tuple[str, list[str]], scopes: frozenset[Scope]
) -> None:
    """Allowed is what runs without a refusal for scopes; the smallest set is let through, and none that is less."""
    text = document(*operation)
    ids = {name: nobodys(clock, acme.ids[VARIABLES[name]]) for name in VARIABLES if f"${name}" in text}

    async def explain(held: frozenset[Scope]) -> Explained:
        caller = caller_of(acme.tenant, clock, held)
        return told(await ask_as(graph, caller, EXPLAIN, operation=text, variables=ids))

    async def let_through(held: frozenset[Scope]) -> bool:
        standing = HeldStanding(caller_of(acme.tenant, clock, held))
        answer = await graph.open(OperationRequest(text, ids), standing, "a-request")
        if isinstance(answer, Stream):
            await answer.aclose()
            return True
        errors: list[dict[str, Any]] = orjson.loads(answer.body).get("errors", [])
        return "FORBIDDEN_SCOPE" not in {each["extensions"]["code"] for each in errors}

    explanation = await explain(scopes)
    smallest = frozenset(map(Scope, explanation["smallestScopes"]))
    assert explanation["allowed"] == await let_through(scopes), text
    assert explanation["lacking"] == sorted(smallest - scopes)
    assert (await explain(smallest))["allowed"], text
    assert await let_through(smallest), text
    for scope in smallest:
        assert not await let_through(smallest - {scope}), (text, scope)

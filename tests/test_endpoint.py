"""`/graphql` over HTTP: what is taken, what is refused and how, byte by byte."""

from collections.abc import AsyncIterator

import httpx
import orjson
import pytest

from auth.scopes import Scope
from models.clock import Clock
from schema.graph import Graph
from tenantry.databases import Databases
from tests.estate import Estate
from tests.http import GRAPHQL, JSON, QUERY, client_of, code, message, token_of


@pytest.fixture
async def token(databases: Databases, clock: Clock, acme: Estate) -> str:
    """A token of acme's that reads devices."""
    return await token_of(databases, clock, acme, Scope.DEVICES_READ)


@pytest.fixture
async def client(databases: Databases, graph: Graph, clock: Clock, token: str) -> AsyncIterator[httpx.AsyncClient]:
    """A caller with that token."""
    async with client_of(databases, graph, clock, token) as opened:
        yield opened


@pytest.fixture
async def stranger(databases: Databases, graph: Graph, clock: Clock) -> AsyncIterator[httpx.AsyncClient]:
    """A caller without credentials."""
    async with client_of(databases, graph, clock, None) as opened:
        yield opened


async def test_a_query_is_answered(client: httpx.AsyncClient, acme: Estate) -> None:
    """The main road: a POST of JSON, rows of the token's tenant."""
    response = await client.post("/graphql", json={"query": "{ devices(first: 5) { nodes { serial } } }"})
    assert response.status_code == 200
    assert response.json() == {"data": {"devices": {"nodes": [{"serial": acme.device.serial}]}}}
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"


async def test_a_query_in_an_address_is_answered(client: httpx.AsyncClient, acme: Estate) -> None:
    """GET carries the same four parameters."""
    response = await client.get(
        "/graphql",
        params={
            "query": "query A($n: Int!) { devices(first: $n) { nodes { serial } } } query B { __typename }",
            "variables": '{"n": 1}',
            "operationName": "A",
            "extensions": "{}",
            "cache-buster": "1",
        },
    )
    assert response.json() == {"data": {"devices": {"nodes": [{"serial": acme.device.serial}]}}}


async def test_a_mutation_in_an_address_is_refused(client: httpx.AsyncClient) -> None:
    """A link must not change anything."""
    response = await client.get("/graphql", params={"query": "mutation { __typename }"}, headers={"accept": GRAPHQL})
    assert 400 <= response.status_code < 500


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        (None, "application/json"),
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("application/json", "application/json"),
        (GRAPHQL, GRAPHQL),
        (f"{GRAPHQL}, application/json", GRAPHQL),
        (f"application/json, {GRAPHQL}", GRAPHQL),
        (f"{GRAPHQL};q=0.5, application/json", "application/json"),
        (f"{GRAPHQL};q=0.9, */*;q=0.1", GRAPHQL),
        (f"{GRAPHQL}, application/graphql+json, application/json, text/event-stream, multipart/mixed", GRAPHQL),
        ("text/event-stream, application/json;q=0.1", "application/json"),
        ('Application/JSON; Charset="UTF-8"', "application/json"),
        ("application/json;q=0, */*", GRAPHQL),
    ],
)
async def test_the_best_accepted_media_type_is_answered(
    client: httpx.AsyncClient, accept: str | None, answered: str
) -> None:
    """Old clients that accept anything get JSON; those that name the newer type get it."""
    request = client.build_request("POST", "/graphql", json={"query": QUERY})
    del request.headers["accept"]
    if accept is not None:
        request.headers["accept"] = accept
    response = await client.send(request)
    assert (response.status_code, response.headers["content-type"]) == (200, f"{answered}; charset=utf-8")


@pytest.mark.parametrize(
    "accept",
    [
        "text/event-stream;q=0",
        "text/html",
        "application/json;q=0",
        "application/json;charset=utf-16",
        "*/*;q=0",
        "json",
    ],
)
async def test_an_answer_that_nobody_accepts_is_not_made(client: httpx.AsyncClient, accept: str) -> None:
    """A stream is not what a plain query gets, even for clients that ask for nothing else."""
    response = await client.post("/graphql", json={"query": QUERY}, headers={"accept": accept})
    assert (response.status_code, code(response)) == (406, "NOT_ACCEPTABLE")


@pytest.mark.parametrize(
    ("query", "found"), [("{", "GRAPHQL_PARSE_FAILED"), ("{ nothing }", "GRAPHQL_VALIDATION_FAILED")]
)
async def test_a_faulty_document_has_a_status_of_its_own_in_the_newer_type_only(
    client: httpx.AsyncClient, query: str, found: str
) -> None:
    """`application/json` says 200 to every well-formed request; neither answer has data."""
    for accept, status in ((GRAPHQL, 400), ("application/json", 200)):
        response = await client.post("/graphql", json={"query": query}, headers={"accept": accept})
        assert (response.status_code, code(response)) == (status, found)
        assert "data" not in response.json()


async def test_a_missing_scope_is_403_in_either_type(client: httpx.AsyncClient) -> None:
    """A refusal for who is asking is not a fault of the document."""
    for accept in (GRAPHQL, "application/json"):
        response = await client.post(
            "/graphql", json={"query": "{ locations { totalCount } }"}, headers={"accept": accept}
        )
        assert (response.status_code, code(response)) == (403, "FORBIDDEN_SCOPE")


async def test_a_stranger_is_refused_before_the_body_is_looked_at(stranger: httpx.AsyncClient) -> None:
    """Without a token nothing is parsed, so garbage and a query get the same answer."""
    for body in (orjson.dumps({"query": QUERY}), b"garbage", b"x" * 200_000):
        response = await stranger.post("/graphql", content=body, headers=JSON)
        assert (response.status_code, code(response)) == (401, "UNAUTHENTICATED")
        assert response.headers["www-authenticate"] == 'Bearer realm="tenantry"'


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_another_method_is_refused(client: httpx.AsyncClient, method: str) -> None:
    """The answer says which methods there are."""
    response = await client.request(method, "/graphql")
    assert (response.status_code, code(response)) == (405, "METHOD_NOT_ALLOWED")
    assert response.headers["allow"] == "GET, POST"


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ([], "Content-Type: application/json"),
        ([("content-type", "text/plain")], "Content-Type: application/json"),
        ([("content-type", "application/x-www-form-urlencoded")], "Content-Type: application/json"),
        ([("content-type", "multipart/form-data; boundary=x")], "Content-Type: application/json"),
        ([("content-type", "application/graphql")], "Content-Type: application/json"),
        ([("content-type", "application/json"), ("content-type", "application/json")], "once"),
        ([("content-type", "application/json; charset=utf-16")], "UTF-8"),
        ([("content-type", "application/json"), ("content-encoding", "gzip")], "without Content-Encoding"),
        ([("content-type", "application/json"), ("content-encoding", "br")], "without Content-Encoding"),
    ],
)
async def test_a_body_that_is_not_plain_json_is_not_read(
    client: httpx.AsyncClient, headers: list[tuple[str, str]], said: str
) -> None:
    """Nor can a browser's form send a query unasked."""
    response = await client.post("/graphql", content=orjson.dumps({"query": QUERY}), headers=headers)
    assert (response.status_code, code(response)) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert said in message(response)


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON;charset=UTF-8"])
async def test_utf_8_may_be_named(client: httpx.AsyncClient, content_type: str) -> None:
    """It is what is read anyway."""
    body = orjson.dumps({"query": QUERY})
    response = await client.post("/graphql", content=body, headers={"content-type": content_type})
    assert response.status_code == 200


async def test_an_unknown_tenant_and_two_tenants_are_refused(client: httpx.AsyncClient, acme: Estate) -> None:
    """A doubtful tenant never becomes the token's own."""
    unknown = await client.post("/graphql", json={"query": QUERY}, headers={"x-tenant-id": "nobody"})
    assert (unknown.status_code, code(unknown)) == (404, "TENANT_NOT_FOUND")
    twice = [("x-tenant-id", acme.tenant.slug), ("x-tenant-id", acme.tenant.slug)]
    doubtful = await client.post("/graphql", json={"query": QUERY}, headers=twice)
    assert (doubtful.status_code, code(doubtful)) == (400, "TENANT_AMBIGUOUS")

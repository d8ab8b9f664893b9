"""Requests that are no GraphQL requests: each is told what is wrong, none is a 500 and none hangs."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import orjson
import pytest

from auth.codes import Refusal
from auth.scopes import Scope
from models.clock import Clock
from schema.graph import Graph
from tenantry.body import MOST_DOCUMENT
from tenantry.databases import Databases
from tenantry.endpoint import GraphQLEndpoint
from tests.estate import Estate
from tests.http import GRAPHQL, JSON, QUERY, SETTINGS, client_of, code, message, token_of


@pytest.fixture
async def token(databases: Databases, clock: Clock, acme: Estate) -> str:
    """A token of acme's."""
    return await token_of(databases, clock, acme, Scope.DEVICES_READ)


@pytest.fixture
async def client(databases: Databases, graph: Graph, clock: Clock, token: str) -> AsyncIterator[httpx.AsyncClient]:
    """A caller with that token."""
    async with client_of(databases, graph, clock, token) as opened:
        yield opened


MALFORMED: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "The body is empty"),
    "no JSON": (b'{ "not', "The body is not JSON: "),
    "trailing comma": (b'{"query": "{a}",}', "trailing comma"),
    "a byte order mark": (b"\xef\xbb\xbf{}", "byte order mark"),
    "not UTF-8": (b'{"query": "\xff"}', "not valid UTF-8"),
    "a lone surrogate": (b'{"query": "\\ud800"}', "surrogate"),
    "5,000 levels": (b"[" * 5000 + b"]" * 5000, "depth limit"),
    "5,000 digits": (b'{"query": "{a}", "variables": {"n": ' + b"1" * 5000 + b"}}", "number"),
    "a batch": (b'[{"query": "{a}"}]', "Batches are not taken"),
    "a string": (b'"query"', "not a JSON object"),
    "no query": (b'{"qeury": "{a}"}', "There is no `query`"),
    "a query that is null": (b'{"query": null}', "There is no `query`"),
    "a query that is a list": (b'{"query": ["{a}"]}', "`query` is not a string"),
    "variables in a list": (b'{"query": "{a}", "variables": []}', "`variables` is neither"),
    "variables in a string": (b'{"query": "{a}", "variables": "{}"}', "`variables` is neither"),
    "extensions that are false": (b'{"query": "{a}", "extensions": false}', "`extensions` is neither"),
    "a name that is 0": (b'{"query": "{a}", "operationName": 0}', "`operationName` is neither"),
}


@pytest.mark.parametrize(("body", "said"), MALFORMED.values(), ids=MALFORMED)
async def test_a_malformed_body_is_told_what_is_wrong(client: httpx.AsyncClient, body: bytes, said: str) -> None:
    """400 in either media type, since no GraphQL request came through."""
    for accept in (GRAPHQL, "application/json"):
        response = await client.post("/graphql", content=body, headers={**JSON, "accept": accept})
        assert (response.status_code, code(response)) == (400, "BAD_REQUEST")
        assert said in message(response)


@pytest.mark.parametrize(
    ("query_string", "said"),
    [
        ("", "There is no `query`"),
        ("query=", "There is no `query`"),
        ("query={a}&query={b}", "`query` is given more than once"),
        ("query={a}&variables={}&variables={}", "`variables` is given more than once"),
        ("query={a}&variables={", "The parameter `variables` is not JSON"),
        ("query={a}&variables=[]", "`variables` is neither"),
        ("query={a}&extensions=1", "`extensions` is neither"),
        ("query=%ff", "not UTF-8"),
        ("query=%ed%a0%80", "not UTF-8"),
        ("query={a}&" + "&".join(f"x{number}=1" for number in range(30)), "more than 20 parameters"),
    ],
)
async def test_a_malformed_address_is_told_what_is_wrong(
    client: httpx.AsyncClient, query_string: str, said: str
) -> None:
    """As strict as a body."""
    response = await client.get(f"/graphql?{query_string}")
    assert (response.status_code, code(response)) == (400, "BAD_REQUEST")
    assert said in message(response)


async def test_null_and_blank_mean_absent(client: httpx.AsyncClient) -> None:
    """Clients send what they have no value for."""
    body = {"query": QUERY, "variables": None, "operationName": None, "extensions": None}
    assert (await client.post("/graphql", json=body)).json() == {"data": {"__typename": "Query"}}
    address = f"/graphql?query={QUERY}&variables=&operationName=&extensions="
    assert (await client.get(address)).json() == {"data": {"__typename": "Query"}}


async def test_gzip_bytes_that_claim_to_be_json_are_malformed(client: httpx.AsyncClient) -> None:
    """Nothing is unpacked, whatever it is called."""
    response = await client.post("/graphql", content=b"\x1f\x8b\x08\x00\x00", headers=JSON)
    assert (response.status_code, code(response)) == (400, "BAD_REQUEST")


async def test_a_body_over_the_bound_is_refused(client: httpx.AsyncClient) -> None:
    """At the bound it is read, one byte over it is not."""
    empty = len(orjson.dumps({"query": QUERY, "pad": ""}))
    for over, status in ((0, 200), (1, 413)):
        pad = "x" * (SETTINGS.max_body_bytes - empty + over)
        response = await client.post("/graphql", content=orjson.dumps({"query": QUERY, "pad": pad}), headers=JSON)
        assert response.status_code == status
    assert code(response) == "PAYLOAD_TOO_LARGE"


async def test_a_body_is_counted_and_not_believed(client: httpx.AsyncClient) -> None:
    """Chunks without a length are read no further than the bound."""
    sent = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(1000):
            sent += 1
            yield b" " * 65_536

    response = await client.post("/graphql", content=chunks(), headers=JSON)
    assert (response.status_code, code(response)) == (413, "PAYLOAD_TOO_LARGE")
    assert sent <= SETTINGS.max_body_bytes // 65_536 + 2


async def test_an_address_over_the_bound_is_refused(
    databases: Databases, graph: Graph, clock: Clock, token: str
) -> None:
    """A query string is a body by another name."""
    async with client_of(databases, graph, clock, token, replace(SETTINGS, max_body_bytes=1024)) as client:
        response = await client.get(f"/graphql?query={'x' * 1024}")
    assert (response.status_code, code(response)) == (413, "PAYLOAD_TOO_LARGE")


async def test_a_document_is_bounded_whatever_the_body_may_hold(client: httpx.AsyncClient) -> None:
    """In bytes: at the bound it is read, one over it is not."""
    for over, status in ((0, 200), (1, 413)):
        query = QUERY + " " * (MOST_DOCUMENT - len(QUERY) + over)
        response = await client.post("/graphql", content=orjson.dumps({"query": query}), headers=JSON)
        assert response.status_code == status
    assert (code(response), "`query` is larger than 131072 bytes" in message(response)) == ("PAYLOAD_TOO_LARGE", True)
    wide = QUERY + "#" + "\u00e9" * (MOST_DOCUMENT // 2)
    assert code(await client.post("/graphql", json={"query": wide})) == "PAYLOAD_TOO_LARGE"


async def test_an_address_is_no_longer_than_a_document(graph: Graph) -> None:
    """However large a body may be; no client of ours sends one as long, so the door itself is asked."""
    callers: Any = None
    door = GraphQLEndpoint(graph, callers, asyncio.Event(), SETTINGS.max_body_bytes)
    scope = {"method": "GET", "query_string": b"query=" + b"x" * MOST_DOCUMENT}
    with pytest.raises(Refusal) as refused:
        await door._request(scope, asyncio.Event().wait)  # type: ignore[arg-type]
    assert (refused.value.code, "131072 bytes" in refused.value.message) == ("PAYLOAD_TOO_LARGE", True)


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        (b"{}," * 10_000, "more than 10,000 objects"),
        (b"0," * 50_000, "more than 50,000 values"),
        (b"[[]]," * 200_000, "more than 50,000 values"),
    ],
)
async def test_variables_of_too_many_parts_are_refused(client: httpx.AsyncClient, parts: bytes, said: str) -> None:
    """A mebibyte of the smallest things would hold the server up for seconds when it is fitted to the schema."""
    body = b'{"query": "{ __typename }", "variables": {"a": [' + parts + b"0]}}"
    response = await client.post("/graphql", content=body, headers=JSON)
    assert (response.status_code, code(response)) == (413, "PAYLOAD_TOO_LARGE")
    assert said in message(response)

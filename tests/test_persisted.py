"""Automatic persisted queries: a document that came with its hash once runs by the hash alone."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest

from auth.scopes import Scope
from models.clock import Clock
from schema.graph import Graph
from schema.manifest import Manifest
from schema.persisted import PersistedOperations
from schema.safelist import Mode, Safelist
from tenantry.app import create_app
from tenantry.databases import Databases
from tenantry.negotiation import EVENT_STREAM
from tenantry.websocket.closing import CloseCode
from tests.estate import Estate
from tests.http import GRAPHQL, SETTINGS, client_of, code, message, token_of
from tests.persisting import DEVICES, NOT_FOUND, get, hash_of, keep, named, post
from tests.sockets import client_at, serving_here

JSON = "application/json"
MUTATION = "mutation { __typename }"
SEVERAL = "query A { __typename } query B($n: Int!) { devices(first: $n) { nodes { serial } } }"
EXPORT = "subscription { exportDevices(format: NDJSON) { text } }"
READS = [scope for scope in Scope if scope.startswith("tenant.") and scope.endswith(".read")]
SendingAs = Callable[[httpx.AsyncClient, dict[str, Any], str], Awaitable[httpx.Response]]
Sending = Callable[[httpx.AsyncClient, dict[str, Any]], Awaitable[httpx.Response]]


@pytest.fixture
def operations(graph: Graph, clock: Clock) -> PersistedOperations:
    """The graph, with what is named before it."""
    return PersistedOperations(graph, Safelist(Manifest(), Mode.OFF, clock))


@pytest.fixture
async def client(
    databases: Databases, operations: PersistedOperations, clock: Clock, acme: Estate
) -> AsyncIterator[httpx.AsyncClient]:
    """A caller of acme's that reads devices."""
    async with client_of(
        databases, operations, clock, await token_of(databases, clock, acme, Scope.DEVICES_READ)
    ) as it:
        yield it


@pytest.fixture
async def neighbour(
    databases: Databases, operations: PersistedOperations, clock: Clock, globex: Estate
) -> AsyncIterator[httpx.AsyncClient]:
    """A caller of globex's, at the same server."""
    async with client_of(
        databases, operations, clock, await token_of(databases, clock, globex, Scope.DEVICES_READ)
    ) as it:
        yield it


async def test_a_stranger_does_not_learn_whether_a_document_is_kept(
    databases: Databases, operations: PersistedOperations, clock: Clock, client: httpx.AsyncClient
) -> None:
    """The same answer, but for its id, for one that is and one that never was."""
    kept = await keep(client, DEVICES)
    async with client_of(databases, operations, clock, None) as stranger:
        answers = [await send(stranger, named(each)) for each in (kept, hash_of("other")) for send in (post, get)]
    assert {(each.status_code, each.text) for each in answers} == {(401, answers[0].text)}
    assert code(answers[0]) == "UNAUTHENTICATED"


async def test_a_neighbours_hash_runs_with_ones_own_rights(
    client: httpx.AsyncClient, neighbour: httpx.AsyncClient, globex: Estate
) -> None:
    """A document holds no rows: those are the caller's own."""
    response = await post(neighbour, named(await keep(client, DEVICES)))
    assert response.json() == {"data": {"devices": {"nodes": [{"serial": globex.device.serial}]}}}


async def test_a_missing_scope_is_missing_by_hash_too(
    databases: Databases, operations: PersistedOperations, clock: Clock, client: httpx.AsyncClient, acme: Estate
) -> None:
    """What an operation asks is asked at each request, whoever had it kept."""
    kept = await keep(client, DEVICES)
    async with client_of(
        databases, operations, clock, await token_of(databases, clock, acme, Scope.AREAS_READ)
    ) as narrow:
        response = await post(narrow, named(kept))
    assert (response.status_code, code(response)) == (403, "FORBIDDEN_SCOPE")


@pytest.mark.parametrize("accept", [GRAPHQL, JSON])
@pytest.mark.parametrize("send", [post, get])
async def test_an_unknown_hash_is_told_in_the_words_that_clients_look_for(
    client: httpx.AsyncClient, accept: str, send: SendingAs
) -> None:
    """With 200, or some of them would not look at the words; never cached, since the next answer is another."""
    response = await send(client, named(hash_of(DEVICES)), accept)
    assert (response.status_code, response.headers["cache-control"]) == (200, "no-store")
    assert response.json() == {"errors": [{"message": NOT_FOUND, "extensions": {"code": "PERSISTED_QUERY_NOT_FOUND"}}]}


@pytest.mark.parametrize("accept", [GRAPHQL, JSON])
@pytest.mark.parametrize("send", [post, get])
async def test_a_hash_that_is_not_the_documents_is_refused(
    client: httpx.AsyncClient, accept: str, send: SendingAs
) -> None:
    """Nothing runs and nothing is kept, under either hash."""
    for wrong in (hash_of("{ __typename }"), hash_of(DEVICES).upper(), "garbage"):
        response = await send(client, named(wrong, DEVICES), accept)
        assert (response.status_code, code(response)) == (400, "BAD_REQUEST")
        assert "`sha256Hash` is not that of `query`" in message(response)
        assert message(await post(client, named(wrong))) == NOT_FOUND
    assert message(await post(client, named(hash_of(DEVICES)))) == NOT_FOUND


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"extensions": {"persistedQuery": []}}, "`extensions.persistedQuery` is not {"),
        ({"extensions": {"persistedQuery": "x"}}, "`extensions.persistedQuery` is not {"),
        ({"extensions": {"persistedQuery": {"sha256Hash": "x"}}}, "there is no other version"),
        ({"extensions": {"persistedQuery": {"version": 2, "sha256Hash": "x"}}}, "there is no other version"),
        ({"extensions": {"persistedQuery": {"version": 1}}}, "sha256Hash` is not a string of 1 to 200 characters"),
        (named(""), "sha256Hash` is not a string of 1 to 200 characters"),
        (named("x" * 201), "sha256Hash` is not a string of 1 to 200 characters"),
        ({"extensions": {"persistedQuery": {"version": 1, "sha256Hash": 1}}}, "is not a string"),
        ({"documentId": 1}, "`documentId` is not a string of 1 to 200 characters"),
        ({"documentId": "x", "query": "{ __typename }"}, "Send `query` or `documentId`, not both."),
        ({"documentId": "x", **named("x")}, "Name the document once"),
        ({"extensions": {"persistedQuery": None}}, "There is no `query`"),
        ({"extensions": {}}, "There is no `query`"),
    ],
)
async def test_a_name_that_is_none_is_told_what_is_wrong(
    client: httpx.AsyncClient, request_: dict[str, Any], said: str
) -> None:
    """As malformed as a request without a query."""
    for accept in (GRAPHQL, JSON):
        response = await post(client, request_, accept)
        assert (response.status_code, code(response)) == (400, "BAD_REQUEST")
        assert said in message(response)


async def test_an_id_is_given_once_in_an_address(client: httpx.AsyncClient) -> None:
    """Two could be meant."""
    response = await client.get("/graphql?documentId=a&documentId=b")
    assert (response.status_code, message(response)) == (400, "The parameter `documentId` is given more than once.")


@pytest.mark.parametrize(
    ("document", "found"),
    [
        ("{ devices {", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ a" + " a" * 1000 + " }", "LIMIT_TOKENS"),
        ("{ devices { nodes " + "{ type { devices { nodes " * 20 + "{ id }" + " } } }" * 20 + " } }", "LIMIT_DEPTH"),
    ],
)
async def test_a_document_that_could_not_run_is_not_kept(client: httpx.AsyncClient, document: str, found: str) -> None:
    """It is answered as ever, and asked for again."""
    answers = [await post(client, request) for request in ({"query": document}, named(hash_of(document), document))]
    assert [each.json() for each in answers] == [answers[0].json()] * 2
    assert (answers[0].status_code, code(answers[0])) == (400, found)
    assert message(await post(client, named(hash_of(document)))) == NOT_FOUND


async def test_a_mutation_by_hash_in_an_address_is_refused(client: httpx.AsyncClient) -> None:
    """A short link must not change anything either, whether its document is kept or comes along."""
    hashed = await keep(client, MUTATION)
    assert (await post(client, named(hashed))).json() == {"data": {"__typename": "Mutation"}}
    for request in (named(hashed), named(hashed, MUTATION)):
        response = await get(client, request)
        assert (response.status_code, code(response), response.headers["allow"]) == (405, "METHOD_NOT_ALLOWED", "POST")


@pytest.mark.parametrize("send", [post, get])
async def test_a_document_that_came_once_runs_by_its_hash(
    client: httpx.AsyncClient, acme: Estate, send: Sending
) -> None:
    """Its first request is answered too; variables and the operation's name come along each time."""
    hashed = hash_of(SEVERAL)
    asked: dict[str, Any] = {"variables": {"n": 1}, "operationName": "B"}
    first = await send(client, named(hashed, SEVERAL, **asked))
    again = await send(client, named(hashed, **asked))
    assert first.json() == again.json() == {"data": {"devices": {"nodes": [{"serial": acme.device.serial}]}}}
    assert again.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("prefix", ["", "sha256:"])
async def test_a_document_is_found_by_its_document_id(client: httpx.AsyncClient, prefix: str) -> None:
    """As the draft of persisted documents for GraphQL over HTTP has it, and as urql and Relay send ids."""
    request = {"documentId": prefix + await keep(client, DEVICES)}
    assert "data" in (await post(client, request)).json()
    assert "data" in (await post(client, request | {"query": ""})).json()
    assert "data" in (await get(client, request)).json()
    assert message(await post(client, {"documentId": prefix + hash_of("other")})) == NOT_FOUND


async def test_what_other_clients_add_is_passed_over(client: httpx.AsyncClient) -> None:
    """The retry of urql says `miss` with a document that was not found; other extensions are as they were."""
    request = named(hash_of(DEVICES), DEVICES)
    request["extensions"]["persistedQuery"]["miss"] = True
    request["extensions"]["clientLibrary"] = {"name": "another"}
    assert "data" in (await post(client, request)).json()
    assert "data" in (await post(client, named(hash_of(DEVICES)))).json()


async def test_operations_are_named_over_a_websocket_too(
    databases: Databases, operations: PersistedOperations, clock: Clock, acme: Estate
) -> None:
    """An unknown hash is a result with errors, as over HTTP: clients send the document after it."""
    token = await token_of(databases, clock, acme, Scope.DEVICES_READ)
    async with (
        serving_here(create_app(SETTINGS, databases, operations, clock)) as at,
        client_at(at, token) as socket,
    ):
        await socket.init()
        hashed = hash_of(DEVICES)
        await socket.say("subscribe", id="1", payload=named(hashed))
        assert (await socket.hear_next())["errors"][0]["message"] == NOT_FOUND
        assert await socket.hear() == {"type": "complete", "id": "1"}
        # Clients whose transport sends nothing without a query send an empty one.
        for request in (named(hashed, DEVICES), named(hashed), named(hashed, "")):
            await socket.say("subscribe", id="1", payload=request)
            assert (await socket.hear_next())["data"]["devices"]["nodes"] == [{"serial": acme.device.serial}]
            assert await socket.hear() == {"type": "complete", "id": "1"}
        await socket.say("subscribe", id="1", payload=named("garbage", DEVICES))
        assert (await socket.closed())[0] == CloseCode.BAD_MESSAGE


async def test_a_subscription_is_named_where_only_a_stream_is_accepted(
    databases: Databases, operations: PersistedOperations, clock: Clock, acme: Estate
) -> None:
    """An unknown hash is an event; afterwards what is streamed is the subscription."""
    hashed, token = hash_of(EXPORT), await token_of(databases, clock, acme, *READS)
    async with client_of(databases, operations, clock, token) as client:
        unknown = await post(client, named(hashed), EVENT_STREAM)
        answers = [await post(client, request, EVENT_STREAM) for request in (named(hashed, EXPORT), named(hashed))]
    assert (unknown.status_code, NOT_FOUND in unknown.text) == (200, True)
    assert ["exportDevices" in each.text for each in answers] == [True, True]
    assert {each.headers["content-type"] for each in (unknown, *answers)} == {f"{EVENT_STREAM}; charset=utf-8"}

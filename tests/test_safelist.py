"""Listed operations: what runs in each mode, what is logged, and what is said to who is refused."""

import json
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from graphql import get_introspection_query
from structlog.testing import capture_logs

from auth.scopes import Scope
from schema.graph import Graph
from schema.manifest import Listed, Manifest
from schema.operation import OperationRequest
from schema.persisted import PersistedOperations
from schema.safelist import REMEMBERED, Mode, Safelist
from tenantry.app import create_app
from tenantry.databases import Databases
from tests.ask import Outcome, caller_of
from tests.clock import HeldClock
from tests.estate import Estate
from tests.http import SETTINGS, client_of, code, message, token_of
from tests.persisting import DEVICES, NOT_FOUND, get, hash_of, keep, named, post
from tests.sockets import client_at, serving_here

SERIALS = "query Serials($n: Int! = 5) { devices(first: $n) { nodes { serial } } }"
NOTHING = "mutation Nothing { __typename }"
LISTED = (Listed(hash_of(SERIALS), SERIALS, "Serials"), Listed("nothing-1", NOTHING, "Nothing"))
READS = [scope for scope in Scope if scope.startswith("tenant.") and scope.endswith(".read")]
SPREAD = """
# The same, by another printer.
query Serials($n: Int! = 5) {
  devices(first: $n) {
    nodes { serial, }
  }
}
"""


class Left:
    """What another process left for all; implements `resolvers.ports.SharedDocuments`."""

    def __init__(self, document: str) -> None:
        self._document = document

    async def find(self, sha256: str) -> str | None:
        """That, if it is of this hash."""
        return self._document if hash_of(self._document) == sha256 else None

    async def keep(self, sha256: str, text: str, tenant_id: uuid.UUID) -> None:
        """Nothing is left here."""

    async def close(self) -> None:
        """It holds nothing."""


class Servers:
    """Servers that list the same, each in a mode, and a caller of acme's at them."""

    def __init__(self, databases: Databases, graph: Graph, clock: HeldClock, token: str) -> None:
        self._databases = databases
        self._graph = graph
        self._clock = clock
        self._token = token

    def operations(self, mode: Mode) -> PersistedOperations:
        """What runs at such a server."""
        return PersistedOperations(self._graph, Safelist(Manifest(LISTED), mode, self._clock))

    def client(self, mode: Mode) -> Any:
        """A caller at such a server."""
        return client_of(self._databases, self.operations(mode), self._clock, self._token)


@pytest.fixture
async def token(databases: Databases, clock: HeldClock, acme: Estate) -> str:
    """A token of acme's that reads everything."""
    return await token_of(databases, clock, acme, *READS)


@pytest.fixture
def servers(databases: Databases, graph: Graph, clock: HeldClock, token: str) -> Servers:
    """Those servers."""
    return Servers(databases, graph, clock, token)


@pytest.fixture
async def enforcing(servers: Servers) -> AsyncIterator[httpx.AsyncClient]:
    """A caller where listed operations run alone."""
    async with servers.client(Mode.ENFORCE) as it:
        yield it


@pytest.fixture
async def logging(servers: Servers) -> AsyncIterator[httpx.AsyncClient]:
    """A caller where the others are logged."""
    async with servers.client(Mode.LOG) as it:
        yield it


@pytest.mark.parametrize(
    "request_",
    [
        {"query": DEVICES},
        named(hash_of(DEVICES), DEVICES),
        {"query": SERIALS.replace("serial", "name")},
        {"query": SERIALS + " query Other { me { name } }", "operationName": "Serials"},
        {"query": "{ __typename }"},
        {"query": "{ nothing }"},
    ],
)
async def test_what_is_not_listed_is_refused(enforcing: httpx.AsyncClient, request_: dict[str, Any]) -> None:
    """Alone, with its hash, a little changed or with a listed one in front: in whatever media type and by GET too."""
    for send in (post, get):
        for accept in ("application/json", "application/graphql-response+json"):
            response = await send(enforcing, request_, accept)
            assert (response.status_code, code(response)) == (403, "OPERATION_NOT_LISTED")
            assert message(response).startswith("This server runs listed operations alone, and this is none of them")


@pytest.mark.parametrize("query", [get_introspection_query(), "{ _service { sdl } }", '{ __type(name: "A") { name } }'])
async def test_reading_the_schema_is_refused_with_the_reason(enforcing: httpx.AsyncClient, query: str) -> None:
    """An explorer shows these words to whoever wonders why it has no documentation."""
    response = await post(enforcing, {"query": query})
    assert (response.status_code, code(response)) == (403, "OPERATION_NOT_LISTED")
    assert "reading the schema is none of them: take it from `tenantry schema`" in message(response)


async def test_an_id_that_is_not_listed_is_not_found(enforcing: httpx.AsyncClient) -> None:
    """A client that then sends the document is told why it does not run; it is not kept."""
    unknown = hash_of(DEVICES)
    for _ in range(2):
        for request in (named(unknown), {"documentId": unknown}):
            assert message(await post(enforcing, request)) == NOT_FOUND
        assert code(await post(enforcing, named(unknown, DEVICES))) == "OPERATION_NOT_LISTED"


async def test_what_another_process_kept_is_refused_where_it_is_not_listed(
    graph: Graph, clock: HeldClock, acme: Estate
) -> None:
    """A server that does not enforce its list may share a Redis with one that does."""
    safelist = Safelist(Manifest(LISTED), Mode.ENFORCE, clock)
    operations = PersistedOperations(graph, safelist, shared=Left(DEVICES))
    request = OperationRequest("", document_id=hash_of(DEVICES))
    outcome = Outcome(await operations.run(request, caller_of(acme.tenant, clock, frozenset(READS)), "r"))
    assert outcome.codes == ["OPERATION_NOT_LISTED"]


async def test_a_stranger_is_refused_as_ever(servers: Servers, databases: Databases, clock: HeldClock) -> None:
    """Whether something is listed is nothing to learn without a token."""
    async with client_of(databases, servers.operations(Mode.ENFORCE), clock, None) as stranger:
        for request in ({"query": SERIALS}, {"query": DEVICES}, {"documentId": "nothing-1"}):
            assert code(await post(stranger, request)) == "UNAUTHENTICATED"


async def test_a_listed_operation_asks_for_its_scopes(
    servers: Servers, databases: Databases, clock: HeldClock, acme: Estate
) -> None:
    """A list is no right."""
    narrow = await token_of(databases, clock, acme, Scope.AREAS_READ)
    async with client_of(databases, servers.operations(Mode.ENFORCE), clock, narrow) as client:
        assert code(await post(client, {"documentId": hash_of(SERIALS)})) == "FORBIDDEN_SCOPE"


async def test_a_listed_mutation_in_an_address_is_refused(enforcing: httpx.AsyncClient) -> None:
    """By its id it would be a short link."""
    response = await get(enforcing, {"documentId": "nothing-1"})
    assert (response.status_code, code(response)) == (405, "METHOD_NOT_ALLOWED")
    assert (await post(enforcing, {"documentId": "nothing-1"})).json() == {"data": {"__typename": "Mutation"}}


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize(
    "request_",
    [
        {"query": SERIALS},
        {"query": SPREAD},
        named(hash_of(SERIALS)),
        named(hash_of(SERIALS), SERIALS),
        {"documentId": hash_of(SERIALS)},
        {"documentId": f"sha256:{hash_of(SERIALS)}"},
    ],
)
async def test_a_listed_operation_runs_however_it_is_named(
    servers: Servers, acme: Estate, mode: Mode, request_: dict[str, Any]
) -> None:
    """Whole, by either kind of id, or printed otherwise; and nothing is logged of it."""
    async with servers.client(mode) as client:
        with capture_logs() as lines:
            for send in (post, get):
                response = await send(client, request_ | {"variables": {"n": 1}})
                assert response.json() == {"data": {"devices": {"nodes": [{"serial": acme.device.serial}]}}}
    assert [line["event"] for line in lines] == ["request", "request"]


async def test_a_printed_document_is_kept_by_its_own_hash(enforcing: httpx.AsyncClient) -> None:
    """Where the list knows it by another id, it is sent once and not at each request."""
    assert "data" in (await post(enforcing, named(await keep(enforcing, SPREAD)))).json()


async def test_everything_runs_where_it_is_only_logged(
    logging: httpx.AsyncClient, clock: HeldClock, acme: Estate
) -> None:
    """Each document that is not listed is a line a minute, with what finds it and nothing of what it asks."""
    with capture_logs() as lines:
        for query in (DEVICES, DEVICES, "{ me { name } }", SERIALS, SPREAD):
            assert "data" in (await post(logging, {"query": query})).json()
        assert message(await post(logging, named(hash_of("never sent")))) == NOT_FOUND
        clock.advance(timedelta(seconds=59))
        await post(logging, {"query": DEVICES})
        clock.advance(timedelta(seconds=1))
        await post(logging, {"query": DEVICES})
    noted = [line for line in lines if line["event"] == "operation not listed"]
    assert [(line["sha256"], line["operation"]) for line in noted] == [
        (hash_of(DEVICES), "Devices"),
        (hash_of("{ me { name } }"), None),
        (hash_of(DEVICES), "Devices"),
    ]
    assert {(line["tenant"], line["refused"], line["log_level"]) for line in noted} == {
        (acme.tenant.slug, False, "warning")
    }
    assert "serial" not in json.dumps(noted)


async def test_what_is_refused_is_logged_as_that(enforcing: httpx.AsyncClient) -> None:
    """Whoever enforces a list learns what it stops, once a minute for each document."""
    with capture_logs() as lines:
        for _ in range(3):
            await post(enforcing, {"query": DEVICES})
    noted = [line for line in lines if line["event"] == "operation not listed"]
    assert [(line["operation"], line["refused"]) for line in noted] == [("Devices", True)]


async def test_however_many_documents_are_not_listed_what_is_remembered_of_them_is_bounded(
    graph: Graph, clock: HeldClock, acme: Estate
) -> None:
    """Nothing is lost by it: what was forgotten is noted again."""
    safelist = Safelist(Manifest(LISTED), Mode.LOG, clock)
    caller = caller_of(acme.tenant, clock, frozenset())
    with capture_logs() as lines:
        for number in [*range(REMEMBERED + 1), REMEMBERED, 0]:
            safelist.check(f"{{ a{number} }}", caller)
    assert len(lines) == REMEMBERED + 2


async def test_a_list_that_is_off_only_gives_ids(servers: Servers) -> None:
    """Clients may begin to name what is listed before anybody looks at what is not."""
    async with servers.client(Mode.OFF) as client:
        with capture_logs() as lines:
            assert "data" in (await post(client, {"query": DEVICES})).json()
            assert "data" in (await post(client, {"documentId": "nothing-1"})).json()
            assert message(await post(client, {"documentId": "nothing-2"})) == NOT_FOUND
    assert [line["event"] for line in lines] == ["request"] * 3


async def test_the_other_doors_keep_to_the_list(
    servers: Servers, databases: Databases, clock: HeldClock, token: str, acme: Estate
) -> None:
    """A WebSocket runs what is listed alone; an address that we serve ourselves needs nobody's list."""
    app = create_app(SETTINGS, databases, servers.operations(Mode.ENFORCE), clock)
    async with serving_here(app) as at, client_at(at, token) as socket:
        await socket.init()
        await socket.subscribe("1", "subscription { exportDevices { text } }")
        assert await socket.hear_code() == "OPERATION_NOT_LISTED"
        await socket.say("subscribe", id="1", payload={"documentId": hash_of(SERIALS)})
        assert (await socket.hear_next())["data"]["devices"]["nodes"] == [{"serial": acme.device.serial}]
        headers = {"authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(base_url=f"http://{at}", headers=headers) as client:
            exported = await client.get("/export/devices")
    assert (exported.status_code, acme.device.serial in exported.text) == (200, True)

"""The table of bad input: what is sent, and the clear error that comes back; afterwards everything is as it was."""

import gzip
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import orjson
import pytest

from auth.scopes import Scope
from loaders import cursor, edges
from loaders.window import Window
from resolvers.tokens import create_token, revoke_token
from schema.graph import Graph
from tenantry.databases import Databases
from tests.clock import HeldClock
from tests.estate import Estate, make_estate
from tests.http import GRAPHQL, JSON, client_of, code, message

ME = "{ me { kind } }"
DEVICES = "query ($first: Int, $after: String) { devices(first: $first, after: $after) { nodes { id } } }"


@dataclass(frozen=True)
class Bad:
    """A request that must be refused: how it differs from a good one, and how it is refused."""

    code: str
    status: int
    query: str = ME
    variables: dict[str, Any] = field(default_factory=dict)
    headers: list[tuple[str, str]] = field(default_factory=list)
    content: bytes | None = None
    says: str = ""


def bomb(levels: int) -> str:
    """Each fragment spreads the next one twice: 2 to the power of `levels` fields."""
    parts = [f"fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }}" for n in range(levels)]
    return "{ ...f0 } " + " ".join(parts) + f" fragment f{levels} on Query {{ me {{ kind }} }}"


OF_AREAS = cursor.encode(edges.areas_of_tenant, Window(1, "ID"), {"id": "0190b5a2-7c3e-7d51-9f0e-1a2b3c4d5e6f"})
# Five thousand, and yet a small body.
REPRESENTATIONS: list[dict[str, Any]] = [{}] * 5000

TABLE = {
    "an unknown tenant": Bad("TENANT_NOT_FOUND", 404, headers=[("x-tenant-id", "nobody")]),
    "a blank tenant": Bad("TENANT_AMBIGUOUS", 400, headers=[("x-tenant-id", "")]),
    "a tenant twice": Bad("TENANT_AMBIGUOUS", 400, headers=[("x-tenant-id", "a"), ("x-tenant-id", "a")]),
    "a list of tenants": Bad("TENANT_AMBIGUOUS", 400, headers=[("x-tenant-id", "a,b")]),
    "two kinds of credentials": Bad("BAD_REQUEST", 400, headers=[("x-auth-token", "x")]),
    "a credential twice": Bad("BAD_REQUEST", 400, headers=[("authorization", "Bearer y")]),
    "a missing scope": Bad("FORBIDDEN_SCOPE", 403, "{ areas { totalCount } }", says="tenant.areas.read"),
    "a cursor of another list": Bad("BAD_USER_INPUT", 200, DEVICES, {"after": OF_AREAS}, says="another list"),
    "no rows": Bad("BAD_USER_INPUT", 400, DEVICES, {"first": 0}, says="from 1 to 100"),
    "too many rows": Bad("BAD_USER_INPUT", 400, DEVICES, {"first": 101}, says="from 1 to 100"),
    "a query 10,000 deep": Bad("LIMIT_DEPTH", 400, "{ me " * 10_000 + "}" * 10_000),
    "a fragment bomb": Bad("LIMIT_FIELDS", 400, bomb(25)),
    "5,000 representations": Bad(
        "LIMIT_ENTITIES",
        400,
        "query ($of: [_Any!]!) { _entities(representations: $of) { __typename } }",
        {"of": REPRESENTATIONS},
    ),
    "a document that is not GraphQL": Bad("GRAPHQL_PARSE_FAILED", 400, "{ me { kind }"),
    "a field that is not there": Bad("GRAPHQL_VALIDATION_FAILED", 400, "{ you { kind } }"),
    "JSON that is none": Bad("BAD_REQUEST", 400, content=b'{"query": "{ me { kind } }"'),
    "a body 5,000 deep": Bad("BAD_REQUEST", 400, content=b'{"query":' * 5000 + b"1" + b"}" * 5000),
    "bytes that are not UTF-8": Bad("BAD_REQUEST", 400, content=b'{"query": "\xff"}'),
    "several requests at once": Bad("BAD_REQUEST", 400, content=orjson.dumps([{"query": ME}] * 2)),
    "nothing": Bad("BAD_REQUEST", 400, content=b""),
    "a compressed body": Bad(
        "UNSUPPORTED_MEDIA_TYPE",
        415,
        headers=[("content-encoding", "gzip")],
        content=gzip.compress(orjson.dumps({"query": ME})),
    ),
    "gzip bytes called JSON": Bad("BAD_REQUEST", 400, content=gzip.compress(orjson.dumps({"query": ME}))),
    "a form": Bad("UNSUPPORTED_MEDIA_TYPE", 415, headers=[("content-type", "text/plain")]),
    "a body too large": Bad("PAYLOAD_TOO_LARGE", 413, content=b'{"query":"' + b" " * 200_000 + b'"}'),
    "an answer that cannot be": Bad("NOT_ACCEPTABLE", 406, headers=[("accept", "image/png")]),
}


@pytest.fixture
async def client(
    databases: Databases, graph: Graph, clock: HeldClock, acme: Estate
) -> AsyncIterator[httpx.AsyncClient]:
    """A caller whose token reads devices, over the whole application."""
    made = await create_token(databases.app, clock, acme.tenant.id, "t", [Scope.DEVICES_READ])
    async with client_of(databases, graph, clock, made.secret.reveal()) as opened:
        yield opened


def headers_of(client: httpx.AsyncClient, bad: Bad) -> list[tuple[str, str]]:
    """The good request's headers, with the bad one's instead of or beside them."""
    good = {"authorization": client.headers["authorization"], "accept": GRAPHQL, **JSON}
    replaced = {name for name, _ in bad.headers} & {"accept", "content-type"}
    return [(name, value) for name, value in good.items() if name not in replaced] + bad.headers


@pytest.mark.parametrize("bad", TABLE.values(), ids=TABLE)
async def test_bad_input_gets_its_clear_error(client: httpx.AsyncClient, bad: Bad) -> None:
    """One error, its code, its status; and the next good request is answered."""
    content = bad.content if bad.content is not None else orjson.dumps({"query": bad.query, "variables": bad.variables})
    url = httpx.URL("http://tenantry.test/graphql")
    request = httpx.Request("POST", url, headers=headers_of(client, bad), content=content)
    response = await client.send(request)
    assert (response.status_code, code(response)) == (bad.status, bad.code)
    assert bad.says in message(response)
    assert response.headers["x-request-id"]
    good = await client.post("/graphql", json={"query": ME})
    assert good.json() == {"data": {"me": {"kind": "SERVICE"}}}


Spoil = Callable[[str], str]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[:-1] + ("a" if text[-1] != "a" else "b"),
        lambda _: "garbled",
        lambda text: text[:-3],
        str.upper,
    ],
    ids=["one character", "no token", "cut", "upper case"],
)
async def test_a_garbled_token_is_refused(client: httpx.AsyncClient, spoil: Spoil) -> None:
    """401 with a challenge, told like any unknown token."""
    token = client.headers["authorization"].removeprefix("Bearer ")
    response = await client.post("/graphql", json={"query": ME}, headers={"authorization": f"Bearer {spoil(token)}"})
    assert (response.status_code, code(response)) == (401, "UNAUTHENTICATED")
    assert 'error="invalid_token"' in response.headers["www-authenticate"]


async def test_an_expired_token_is_refused(databases: Databases, graph: Graph, clock: HeldClock, acme: Estate) -> None:
    """From the very moment in which it ends, kept answers or not."""
    made = await create_token(
        databases.app, clock, acme.tenant.id, "short", [Scope.DEVICES_READ], expires_in=timedelta(minutes=1)
    )
    async with client_of(databases, graph, clock, made.secret.reveal()) as client:
        before = await client.post("/graphql", json={"query": ME})
        clock.advance(timedelta(minutes=1))
        after = await client.post("/graphql", json={"query": ME})
    assert (before.status_code, after.status_code, code(after)) == (200, 401, "UNAUTHENTICATED")


async def test_a_revoked_token_is_refused_within_five_seconds(
    databases: Databases, graph: Graph, clock: HeldClock, acme: Estate
) -> None:
    """Answers about tokens are kept no longer."""
    made = await create_token(databases.app, clock, acme.tenant.id, "gone", [Scope.DEVICES_READ])
    async with client_of(databases, graph, clock, made.secret.reveal()) as client:
        before = await client.post("/graphql", json={"query": ME})
        await revoke_token(databases.app, clock, acme.tenant.id, "gone")
        clock.advance(timedelta(seconds=5))
        after = await client.post("/graphql", json={"query": ME})
    assert (before.status_code, after.status_code, code(after)) == (200, 401, "UNAUTHENTICATED")


async def test_a_neighbours_tenant_is_as_unknown_as_nobodys(client: httpx.AsyncClient, globex: Estate) -> None:
    """By slug, id and uuid: the same bytes as for a name that nobody has."""
    nobodys = await client.post("/graphql", json={"query": ME}, headers={"x-tenant-id": "nobody"})
    for name in (globex.tenant.slug, f"ten_{globex.tenant.id}", str(globex.tenant.id)):
        response = await client.post("/graphql", json={"query": ME}, headers={"x-tenant-id": name})
        assert (response.status_code, response.content) == (nobodys.status_code, nobodys.content)


async def test_a_neighbours_id_is_null(client: httpx.AsyncClient, globex: Estate) -> None:
    """And nothing says that it is somebody's."""
    query = {"query": "query ($id: ID!) { node(id: $id) { id } }", "variables": {"id": f"dev_{globex.device.id}"}}
    response = await client.post("/graphql", json=query)
    assert response.json() == {"data": {"node": None}}


async def test_a_partner_acts_in_its_customer_by_header(
    databases: Databases, graph: Graph, clock: HeldClock, acme: Estate
) -> None:
    """The one good use of X-Tenant-ID, beside all the bad ones."""
    customer = await make_estate(databases, clock, "customer", acme.tenant)
    made = await create_token(databases.app, clock, acme.tenant.id, "partner", [Scope.LOCATIONS_READ])
    async with client_of(databases, graph, clock, made.secret.reveal()) as client:
        response = await client.post(
            "/graphql",
            json={"query": "{ locations { nodes { name } } }"},
            headers={"x-tenant-id": customer.tenant.slug},
        )
    assert response.json() == {"data": {"locations": {"nodes": [{"name": "Customer Headquarters"}]}}}

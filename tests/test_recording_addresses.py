"""Where a request came from is in its records: by every door, and never what a stranger says of it."""

from dataclasses import replace
from ipaddress import ip_network

import httpx
import pytest
from starlette.applications import Starlette

from auth.scopes import Scope
from models.clock import Clock
from schema.graph import Graph
from tenantry.app import create_app
from tenantry.databases import Databases
from tests.auditing import recorded
from tests.estate import Estate
from tests.http import SETTINGS, token_of
from tests.sockets import client_at, serving_here

CREATE = 'mutation { createArea(input: {code: "c", name: "n", kind: ROOM, place: {locationId: "%s"}}) { __typename } }'


@pytest.fixture
def app(databases: Databases, graph: Graph, clock: Clock) -> Starlette:
    """The application, behind a proxy."""
    return create_app(replace(SETTINGS, trusted_proxies=(ip_network("10.0.0.0/8"),)), databases, graph, clock)


@pytest.fixture
async def token(databases: Databases, clock: Clock, acme: Estate) -> str:
    """May write areas, and nothing else."""
    return await token_of(databases, clock, acme, Scope.AREAS_READ, Scope.AREAS_WRITE)


async def addresses(databases: Databases, estate: Estate) -> list[tuple[str, str | None]]:
    """What the estate's tokens did, and from where."""
    found = await recorded(databases, estate.tenant.id)
    return [(each.action, each.row["address"]) for each in found if each.row["actor_kind"] == "SERVICE"]


@pytest.mark.parametrize(
    "way",
    [
        ("192.0.2.7", None, "192.0.2.7"),
        ("192.0.2.7", "198.51.100.9", "192.0.2.7"),
        ("10.0.0.1", "198.51.100.9", "198.51.100.9"),
        ("10.0.0.1", "203.0.113.1, 2001:db8::7", "2001:db8::7"),
        ("unix", None, None),
    ],
)
async def test_a_record_has_the_address_of_its_request(
    app: Starlette, databases: Databases, acme: Estate, token: str, way: tuple[str, str | None, str | None]
) -> None:
    """Whom a trusted proxy names, and nobody whom a stranger names; of changes and of refusals."""
    peer, forwarded, address = way
    headers = {"authorization": f"Bearer {token}", **({"x-forwarded-for": forwarded} if forwarded else {})}
    transport = httpx.ASGITransport(app, client=(peer, 50000))
    async with httpx.AsyncClient(transport=transport, base_url="http://tenantry.test", headers=headers) as client:
        changed = await client.post("/graphql", json={"query": CREATE % acme.ids["Location"]})
        await client.post("/graphql", json={"query": "{ devices { totalCount } }"})
        await client.get("/export/devices")
    assert changed.json()["data"] == {"createArea": {"__typename": "Area"}}
    assert await addresses(databases, acme) == [
        ("area.created", address), ("access.refused", address), ("access.refused", address),
    ]  # fmt: skip
    [record, *_] = [each for each in await recorded(databases, acme.tenant.id) if each.action == "area.created"]
    assert record.row["request_id"] == changed.headers["x-request-id"]


async def test_what_comes_by_websocket_has_its_address_too(
    app: Starlette, databases: Databases, acme: Estate, token: str
) -> None:
    """That of the connection's peer."""
    async with serving_here(app) as at, client_at(at, token) as client:
        await client.init()
        await client.subscribe("1", CREATE % acme.ids["Location"])
        await client.hear_next()
    assert await addresses(databases, acme) == [("area.created", "127.0.0.1")]


async def test_a_verification_has_the_address_of_its_request(
    app: Starlette, databases: Databases, clock: Clock, acme: Estate
) -> None:
    """Who looked whether the audit holds is recorded as whoever changes something is."""
    headers = {"authorization": f"Bearer {await token_of(databases, clock, acme, Scope.AUDIT_READ)}"}
    transport = httpx.ASGITransport(app, client=("192.0.2.7", 50000))
    async with httpx.AsyncClient(transport=transport, base_url="http://tenantry.test", headers=headers) as client:
        answer = await client.post("/graphql", json={"query": "{ verifyAudit { ok } }"})
    assert answer.json() == {"data": {"verifyAudit": {"ok": True}}}
    assert await addresses(databases, acme) == [("audit.verified", "192.0.2.7")]

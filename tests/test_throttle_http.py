"""The throttle at the doors: HTTP, exports and the WebSocket, from the address that a caller really has."""

from collections.abc import AsyncIterator
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from auth.scopes import Scope, expand
from auth.token import mint
from models.clock import Clock
from models.database import Database
from schema.graph import Graph
from tenantry.app import create_app
from tenantry.databases import Databases
from tests.clock import HeldClock
from tests.estate import Estate
from tests.http import GRAPHQL, JSON, QUERY, SETTINGS, code, message, token_of
from tests.postgres import Urls
from tests.redis_server import redis_server
from tests.sockets import client_at, serving_here
from tests.sql import statements

BODY = {"query": QUERY}
TOO_MANY = "Too many failed authentications from this address; try again in 60 s."


@pytest.fixture
async def token(databases: Databases, clock: Clock, acme: Estate) -> str:
    """A good token of acme's."""
    return await token_of(databases, clock, acme, Scope.DEVICES_READ)


@pytest.fixture
def app(databases: Databases, graph: Graph, clock: Clock) -> Starlette:
    """The application, behind a proxy."""
    return create_app(replace(SETTINGS, trusted_proxies=(ip_network("10.0.0.0/8"),)), databases, graph, clock)


def from_peer(app: Starlette, peer: str = "192.0.2.7") -> httpx.AsyncClient:
    """A client with this address."""
    transport = httpx.ASGITransport(app, client=(peer, 50000))
    return httpx.AsyncClient(transport=transport, base_url="http://tenantry.test", headers={"accept": GRAPHQL})


@pytest.fixture
async def client(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    """A client that comes from outside."""
    async with from_peer(app) as made:
        yield made


async def post(client: httpx.AsyncClient, token: str, forwarded: str | None = None) -> httpx.Response:
    """A query with this token, forwarded for these."""
    headers = {} if forwarded is None else {"x-forwarded-for": forwarded}
    return await client.post("/graphql", json=BODY, headers={"authorization": f"Bearer {token}", **headers})


async def fail(client: httpx.AsyncClient, failures: int = 20, forwarded: str | None = None) -> None:
    """Authenticate so often with a token that nobody made."""
    for _ in range(failures):
        assert (await post(client, mint().reveal(), forwarded)).status_code == 401


async def test_too_many_failures_are_answered_with_429_and_when_to_come_back(client: httpx.AsyncClient) -> None:
    """Without a statement, and without a challenge: there is nothing to try now."""
    await fail(client)
    with statements() as sent:
        response = await post(client, mint().reveal())
    assert (response.status_code, code(response), message(response)) == (429, "RATE_LIMITED", TOO_MANY)
    assert response.headers["retry-after"] == "60"
    assert response.headers["ratelimit-policy"] == '"authentication";q=20;w=60'
    assert response.headers["ratelimit"] == '"authentication";r=0;t=60'
    assert response.headers["cache-control"] == "no-store"
    assert "www-authenticate" not in response.headers
    assert sent == []


async def test_clients_of_the_older_media_type_get_429_too(client: httpx.AsyncClient) -> None:
    """Nothing of the request was read."""
    await fail(client)
    response = await client.post(
        "/graphql", content=b"{", headers={**JSON, "accept": "application/json", "x-auth-token": mint().reveal()}
    )
    assert response.status_code == 429


async def test_an_export_is_refused_like_a_query(client: httpx.AsyncClient) -> None:
    """Its failures count with those of the other doors."""
    await fail(client, 19)
    bad = {"authorization": f"Bearer {mint().reveal()}"}
    assert (await client.get("/export/devices", headers=bad)).status_code == 401
    response = await client.get("/export/devices", headers=bad)
    assert (response.status_code, response.headers["retry-after"]) == (429, "60")


async def test_a_websocket_is_told_to_try_again_later(app: Starlette) -> None:
    """It has no headers, so the reason tells the seconds; 4403 would tell clients to give up."""
    async with serving_here(app) as at:
        for attempt in range(22):
            async with client_at(at, mint().reveal()) as connection:
                await connection.say("connection_init")
                code, reason = await connection.closed()
                assert code == (4403 if attempt < 20 else 1013)
        assert reason == TOO_MANY


async def test_a_known_good_token_is_served_at_every_door_where_others_failed(
    app: Starlette, client: httpx.AsyncClient, databases: Databases, clock: Clock, acme: Estate
) -> None:
    """As if nobody had."""
    token = await token_of(databases, clock, acme, *expand(["tenant.*.read"], platform=False))
    assert (await post(client, token)).status_code == 200
    await fail(client)
    assert (await post(client, token)).status_code == 200
    export = await client.get("/export/devices", headers={"authorization": f"Bearer {token}"})
    assert export.status_code == 200
    async with serving_here(app) as at:
        async with from_peer(app, "127.0.0.1") as here:
            await fail(here)
        async with client_at(at, token) as connection:
            await connection.init()


async def test_another_address_is_served(client: httpx.AsyncClient, app: Starlette, token: str) -> None:
    """Also with a token that was never seen."""
    await fail(client)
    async with from_peer(app, "192.0.2.8") as other:
        assert (await post(other, token)).status_code == 200


async def test_a_stranger_cannot_take_anothers_address(client: httpx.AsyncClient, app: Starlette, token: str) -> None:
    """Neither to get around the bound nor to shut somebody out."""
    await fail(client, forwarded="198.51.100.9")
    assert (await post(client, mint().reveal(), forwarded="198.51.100.10")).status_code == 429
    async with from_peer(app, "198.51.100.9") as other:
        assert (await post(other, token)).status_code == 200


async def test_callers_behind_our_proxy_are_told_apart(app: Starlette, token: str) -> None:
    """By what the proxy says; what it does not say counts against the proxy."""
    async with from_peer(app, "10.0.0.1") as proxy:
        await fail(proxy, forwarded="203.0.113.1, 192.0.2.7")
        assert (await post(proxy, mint().reveal(), forwarded="192.0.2.7")).status_code == 429
        assert (await post(proxy, mint().reveal(), forwarded="203.0.113.1")).status_code == 401
        assert (await post(proxy, mint().reveal(), forwarded="garbage")).status_code == 401
        assert (await post(proxy, token, forwarded="203.0.113.1")).status_code == 200


async def test_a_stranger_without_credentials_is_not_counted(client: httpx.AsyncClient) -> None:
    """A page that asks before its user has signed in has failed at nothing."""
    for _ in range(30):
        assert (await client.post("/graphql", json=BODY)).status_code == 401
    assert (await post(client, mint().reveal())).status_code == 401


async def test_the_bound_is_a_setting(databases: Databases, graph: Graph, clock: Clock) -> None:
    """Two failures are two; none is no bound."""
    async with from_peer(create_app(replace(SETTINGS, auth_failures=2), databases, graph, clock)) as client:
        await fail(client, 2)
        assert (await post(client, mint().reveal())).headers["ratelimit-policy"] == '"authentication";q=2;w=60'
    async with from_peer(create_app(replace(SETTINGS, auth_failures=0), databases, graph, clock)) as client:
        await fail(client, 30)


def own(urls: Urls) -> Databases:
    """Pools that an application may close."""
    return Databases(app=Database(urls.app), platform=Database(urls.platform), owner_url=urls.owner)


async def test_two_processes_with_one_redis_count_together(
    urls: Urls, databases: Databases, graph: Graph, clock: HeldClock, tmp_path: Path
) -> None:
    """Failures at the one are felt at the other; one without Redis counts for itself."""
    async with redis_server(tmp_path) as url:
        settings = replace(SETTINGS, redis_url=url)
        one, other = (create_app(settings, own(urls), graph, clock) for _ in range(2))
        alone = create_app(SETTINGS, databases, graph, clock)
        async with (
            one.router.lifespan_context(one),
            other.router.lifespan_context(other),
            from_peer(one) as first,
            from_peer(other) as second,
            from_peer(alone) as third,
        ):
            await fail(first, 10)
            await fail(second, 10)
            assert (await post(first, mint().reveal())).status_code == 429
            assert (await post(second, mint().reveal())).status_code == 429
            assert (await post(third, mint().reveal())).status_code == 401

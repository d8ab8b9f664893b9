"""Who may connect to the WebSocket, as whom, and for how long: the denials first."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import update
from starlette.applications import Starlette
from websockets.exceptions import InvalidStatus

from auth.scopes import Scope
from models import Tenant
from models.clock import Clock, SystemClock
from resolvers.tokens import create_token, revoke_presented
from schema.graph import Graph
from tenantry.app import create_app
from tenantry.databases import Databases
from tenantry.settings import Settings, SettingsError
from tenantry.websocket.closing import CloseCode
from tenantry.websocket.credentials import is_welcome
from tests.clock import HeldClock
from tests.estate import Estate, make_tenant
from tests.http import SETTINGS, token_of
from tests.sockets import Scripted, client_at, door_of, serving_here

SLUG = "{ tenant { slug } }"
GARBLED = "The token is unknown or was revoked."
EXPIRED = "The token has expired."
ONCE = "Send one credential, once: Authorization or X-Auth-Token, not both, neither twice."
ONE_TENANT = "Send X-Tenant-ID once, with one tenant's id or slug, in lower case and without blanks."
NO_TENANT = "There is no such tenant, or not for this token."


@pytest.fixture
async def token(databases: Databases, clock: Clock, acme: Estate) -> str:
    """A token of acme's that reads devices."""
    return await token_of(databases, clock, acme, Scope.DEVICES_READ, Scope.CONTEXT_READ)


@pytest.fixture
def app(databases: Databases, graph: Graph, clock: Clock) -> Starlette:
    """The application; pages of one other origin may connect."""
    settings = replace(SETTINGS, origins=("https://dashboard.example",))
    return create_app(settings, databases, graph, clock)


@pytest.fixture
async def at(app: Starlette) -> AsyncIterator[str]:
    """Where it is served."""
    async with serving_here(app) as address:
        yield address


async def refused(at: str, payload: Mapping[str, object], **headers: str) -> tuple[int, str]:
    """How a connection with these credentials is closed."""
    async with client_at(at, headers=headers) as client:
        await client.say("connection_init", payload=payload)
        return await client.closed()


async def test_without_credentials_nobody_is_served(at: str) -> None:
    """The reason says how to send some."""
    code, reason = await refused(at, {})
    assert code == 4403
    assert reason.startswith("Send a token: ")


async def test_another_scheme_is_not_known(at: str) -> None:
    """Nor does a token in it help."""
    code, reason = await refused(at, {"authorization": "Basic dTpw"})
    assert code == 4403
    assert reason.startswith("Another scheme than Bearer is not known here.")


@pytest.mark.parametrize("given", ["tnt_svc_nonsense", "Bearer tnt_svc_nonsense", "\u20ac", "a\r\nb: c", "a b", "\x00"])
async def test_a_bad_token_is_refused(at: str, given: str) -> None:
    """Whatever is in it."""
    code, _ = await refused(at, {"X-Auth-Token": given})
    assert code == 4403


async def test_a_credential_in_both_places_is_refused(at: str, token: str) -> None:
    """Although it is the same: neither place wins."""
    bearer = f"Bearer {token}"
    assert await refused(at, {"Authorization": bearer}, authorization=bearer) == (4403, ONCE)
    assert await refused(at, {"Authorization": bearer}, **{"X-Auth-Token": token}) == (4403, ONCE)


async def test_a_credential_twice_in_the_payload_is_refused(at: str, token: str) -> None:
    """In another case, or by another name."""
    bearer = f"Bearer {token}"
    assert await refused(at, {"Authorization": bearer, "authorization": bearer}) == (4403, ONCE)
    assert await refused(at, {"authorization": bearer, "x-auth-token": token}) == (4403, ONCE)


async def test_a_tenant_named_in_both_places_is_refused(at: str, token: str, acme: Estate) -> None:
    """Although both name the same."""
    given = {"authorization": f"Bearer {token}", "X-Tenant-ID": acme.tenant.slug}
    assert await refused(at, given, **{"x-tenant-id": acme.tenant.slug}) == (4403, ONE_TENANT)


async def test_a_neighbours_tenant_is_refused(at: str, token: str, globex: Estate) -> None:
    """As one that never was, byte for byte."""
    there = await refused(at, {"authorization": f"Bearer {token}", "x-tenant-id": globex.tenant.slug})
    never = await refused(at, {"authorization": f"Bearer {token}", "x-tenant-id": "never"})
    assert there == never == (4403, NO_TENANT)


@pytest.mark.parametrize("value", [1, None, ["a"], {"a": "b"}])
async def test_a_credential_that_is_no_string_is_malformed(at: str, value: object) -> None:
    """The reason names it as it was sent."""
    assert await refused(at, {"Authorization": value}) == (
        4400,
        "The Authorization of `connection_init` is not a string.",
    )


async def test_a_missing_scope_refuses_the_operation_alone(at: str, token: str) -> None:
    """It is named, and the connection stays."""
    async with client_at(at, token) as client:
        await client.init()
        await client.subscribe("1", "{ locations { totalCount } }")
        assert await client.hear_code() == "FORBIDDEN_SCOPE"
        await client.subscribe("1", "{ devices { totalCount } }")
        assert await client.hear_next() == {"data": {"devices": {"totalCount": 1}}}


async def test_a_neighbours_row_is_not_found(at: str, token: str, globex: Estate) -> None:
    """As over HTTP."""
    async with client_at(at, token) as client:
        await client.init()
        await client.subscribe("1", "query ($id: ID!) { node(id: $id) { id } }", id=globex.ids["Device"])
        assert (await client.hear_next())["data"] == {"node": None}


@pytest.mark.parametrize("name", ["authorization", "Authorization", "AUTHORIZATION"])
async def test_a_token_may_come_in_the_payload(at: str, token: str, name: str, acme: Estate) -> None:
    """As browsers must send it, in any case."""
    async with client_at(at) as client:
        await client.init(**{name: f"Bearer {token}"})
        await client.subscribe("1", SLUG)
        assert await client.hear_next() == {"data": {"tenant": {"slug": acme.tenant.slug}}}


async def test_a_partner_acts_in_its_customers_tenant(
    at: str, databases: Databases, clock: Clock, acme: Estate
) -> None:
    """The handshake may name the tenant, and the payload the token."""
    customer = await make_tenant(databases, clock, "customer", acme.tenant)
    token = await token_of(databases, clock, acme, Scope.CONTEXT_READ)
    async with client_at(at, headers={"X-Tenant-ID": customer.slug}) as client:
        await client.init(**{"x-auth-token": token})
        await client.subscribe("1", SLUG)
        assert await client.hear_next() == {"data": {"tenant": {"slug": customer.slug}}}


async def test_an_expired_token_is_refused(at: str, clock: HeldClock, token: str) -> None:
    """From the very moment."""
    clock.advance(timedelta(days=90))
    assert await refused(at, {"authorization": f"Bearer {token}"}) == (4403, EXPIRED)


async def test_a_suspended_tenants_token_is_refused(at: str, databases: Databases, token: str, acme: Estate) -> None:
    """It says so."""
    await suspend(databases, acme.tenant)
    assert await refused(at, {"authorization": f"Bearer {token}"}) == (4403, "The token's tenant is suspended.")


async def test_a_revoked_tokens_connection_is_closed_within_five_seconds(
    databases: Databases, graph: Graph, acme: Estate
) -> None:
    """Although nothing happens on it."""
    clock = SystemClock()
    token = await token_of(databases, clock, acme, Scope.DEVICES_READ)
    async with serving_here(create_app(SETTINGS, databases, graph, clock)) as at, client_at(at, token) as client:
        await client.init()
        await revoke_presented(databases.app, databases.platform, clock, token)
        async with asyncio.timeout(5):
            assert await client.closed() == (4403, GARBLED)


async def test_a_connection_ends_with_its_token(databases: Databases, graph: Graph, acme: Estate) -> None:
    """At the second in which it expires."""
    clock = SystemClock()
    brief = await create_token(
        databases.app, clock, acme.tenant.id, "brief", [Scope.DEVICES_READ], expires_in=timedelta(seconds=1)
    )
    app = create_app(SETTINGS, databases, graph, clock)
    async with serving_here(app) as at, client_at(at, brief.secret.reveal()) as client:
        await client.init()
        async with asyncio.timeout(1.5):
            assert await client.closed() == (4403, EXPIRED)
    assert timedelta() <= clock.now() - brief.row["expires_at"] < timedelta(seconds=1)


@pytest.mark.parametrize("query", ["wait", "endless"])
async def test_a_suspended_tenants_connection_is_closed(databases: Databases, acme: Estate, query: str) -> None:
    """What runs on it is stopped."""
    clock, scripted = SystemClock(), Scripted()
    token = await token_of(databases, clock, acme, Scope.DEVICES_READ)
    async with serving_here(door_of(databases, clock, scripted, ask_every=0.1)) as at, client_at(at, token) as client:
        await client.init()
        await client.subscribe("1", query)
        await scripted.asked.wait()
        await suspend(databases, acme.tenant)
        async with asyncio.timeout(2):
            assert await client.closed() == (CloseCode.FORBIDDEN, "The token's tenant is suspended.")
            await scripted.stopped.wait()


async def suspend(databases: Databases, tenant: SimpleNamespace) -> None:
    """As an operator does."""
    async with databases.platform.write(None) as connection:
        await connection.execute(update(Tenant).where(Tenant.id == tenant.id).values(status="SUSPENDED"))


STRANGE = [
    "https://evil.example",
    "http://{at}.evil.example",
    "http://127.0.0.1",
    "http://127.0.0.1:1",
    "null",
    "file://",
    "http://[",
    "http://{at}@evil.example",
    "https://dashboard.example.evil",
    "http://dashboard.example",
]


@pytest.mark.parametrize("origin", STRANGE)
async def test_a_page_of_another_origin_is_refused_at_the_handshake(at: str, token: str, origin: str) -> None:
    """403, whatever it knows."""
    with pytest.raises(InvalidStatus) as caught:
        async with client_at(at, token, origin=origin.format(at=at)):
            raise AssertionError
    assert caught.value.response.status_code == 403
    assert b"TENANTRY_ORIGINS" in caught.value.response.body


def test_a_page_with_two_origins_is_refused() -> None:
    """Never the first of them, whatever server stands before us."""
    host, ours = (b"host", b"tenantry.test"), (b"origin", b"http://tenantry.test")
    assert is_welcome([host, ours], ())
    assert not is_welcome([host, ours, ours], ())
    assert not is_welcome([host, host, ours], ())


@pytest.mark.parametrize("host", ["tenantry.test", "TENANTRY.TEST:443"])
def test_a_port_that_is_the_schemes_own_may_be_named(host: str) -> None:
    """TLS may end at a proxy before us, so that the page is https and we are not."""
    assert is_welcome([(b"host", host.encode()), (b"origin", b"https://tenantry.test")], ())


@pytest.mark.parametrize("origin", ["http://{at}", "HTTP://{at}", "https://dashboard.example"])
async def test_our_own_pages_and_those_that_are_listed_may_connect(at: str, token: str, origin: str) -> None:
    """The explorer, and a dashboard elsewhere."""
    async with client_at(at, token, origin=origin.format(at=at)) as client:
        await client.init()


def test_origins_are_read_as_browsers_send_them() -> None:
    """In lower case, without a slash at the end; a blank between two is no origin."""
    given = {"TENANTRY_ORIGINS": " https://A.example/ ,, http://localhost:3000"}
    assert Settings.from_environment(given).origins == ("https://a.example", "http://localhost:3000")


@pytest.mark.parametrize("origin", ["*", "dashboard.example", "ftp://a.example", "https://a.example/path", "null"])
def test_what_is_no_origin_is_refused_at_the_start(origin: str) -> None:
    """It would never match, and nobody would know why."""
    with pytest.raises(SettingsError, match="TENANTRY_ORIGINS must be origins such as"):
        Settings.from_environment({"TENANTRY_ORIGINS": origin})

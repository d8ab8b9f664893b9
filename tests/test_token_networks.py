"""Where a token may be used from, and what is known of where it was used."""

import asyncio
import logging
from datetime import timedelta
from ipaddress import ip_address

import httpx
import pytest

from auth.authentication import BAD_TOKEN, Authenticator
from auth.counters import InProcessCounters
from auth.networks import allows, covers, network, networks
from auth.principal import Principal, PrincipalKind
from auth.standing import Callers
from auth.tenancy import TenantSelector
from auth.throttle import Throttle
from auth.usage import Usage
from schema.graph import Graph
from tenantry.app import create_app
from tenantry.databases import Databases
from tests.ask import Ask, caller_of
from tests.clock import START, HeldClock
from tests.estate import Estate
from tests.http import GRAPHQL, QUERY, SETTINGS
from tests.sql import statements
from tests.tokens import UPDATE, change, created, listed, shows

HERE = ip_address("192.0.2.7")


@pytest.fixture
def authenticator(databases: Databases, clock: HeldClock) -> Authenticator:
    """As a server makes it."""
    return Authenticator(databases.platform, clock)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no network"),
        ("here", "is no network"),
        ("192.0.2.0/33", "is no network"),
        ("192.0.2.0/-1", "is no network"),
        ("192.0.2.7/24", "did you mean 192.0.2.0/24?"),
        ("2001:db8::1/32", "did you mean 2001:db8::/32?"),
        ("::ffff:192.0.2.0/120", "write it as IPv4"),
        ("fe80::1%eth0", "leave it out"),
    ],
)
def test_what_is_no_network_is_said_to_be_none(text: str, said: str) -> None:
    """With the way to write it."""
    with pytest.raises(ValueError, match="(?i)" + said.replace("?", r"\?")):
        network(text)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("192.0.2.0/24", "192.0.2.0/24"),
        ("192.0.2.7", "192.0.2.7/32"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("2001:DB8:0::/32", "2001:db8::/32"),
        ("::1", "::1/128"),
    ],
)
def test_a_network_has_one_form(text: str, read: str) -> None:
    """An address is the network of itself."""
    assert str(network(text)) == read


@pytest.mark.parametrize(
    ("within", "address", "allowed"),
    [
        ([], HERE, True),
        ([], None, True),
        (["192.0.2.0/24"], None, False),
        (["192.0.2.0/24"], HERE, True),
        (["192.0.2.0/29"], ip_address("192.0.2.8"), False),
        (["192.0.2.0/24"], ip_address("::ffff:192.0.2.7"), True),
        (["2001:db8::/32"], HERE, False),
        (["2001:db8::/32", "192.0.2.7/32"], HERE, True),
        (["0.0.0.0/0"], ip_address("2001:db8::1"), False),
    ],
)
def test_an_address_lies_in_a_network_or_not(within: list[str], address: None, *, allowed: bool) -> None:
    """No networks are all of them; an unknown address lies in none."""
    assert allows(networks(within), address) is allowed


@pytest.mark.parametrize(
    ("wide", "narrow", "covered"),
    [
        ([], [], True),
        ([], ["192.0.2.0/24"], True),
        (["192.0.2.0/24"], [], False),
        (["192.0.2.0/24"], ["192.0.2.0/25", "192.0.2.200/32"], True),
        (["192.0.2.0/24"], ["192.0.2.0/23"], False),
        (["192.0.2.0/24"], ["192.0.2.0/25", "2001:db8::/32"], False),
        (["192.0.2.0/24", "2001:db8::/32"], ["2001:db8:1::/48"], True),
    ],
)
def test_networks_are_narrower_or_not(wide: list[str], narrow: list[str], *, covered: bool) -> None:
    """Each of the narrow ones lies in one of the wide ones."""
    assert covers(networks(wide), networks(narrow)) is covered


@pytest.mark.parametrize("address", [None, ip_address("198.51.100.1"), ip_address("2001:db8::1")])
async def test_a_token_from_elsewhere_is_as_unknown_as_one_that_never_was(
    ask: Ask, acme: Estate, authenticator: Authenticator, address: None, caplog: pytest.LogCaptureFixture
) -> None:
    """In the same words; the log knows better, and knows no secret."""
    made = await created(ask, acme, networks=["192.0.2.0/24"])
    with caplog.at_level(logging.WARNING):
        assert await shows(authenticator, made["secret"], address) == BAD_TOKEN
    assert made["token"]["id"].removeprefix("tok_") in caplog.text
    assert f"outside its networks: {address}" in caplog.text
    assert made["secret"] not in caplog.text


async def test_a_token_is_good_within_its_networks(ask: Ask, acme: Estate, authenticator: Authenticator) -> None:
    """And what is kept of it is asked for its networks each time: one statement for both."""
    made = await created(ask, acme, networks=["192.0.2.0/24"])
    assert isinstance(await shows(authenticator, made["secret"], HERE), Principal)
    with statements() as sent:
        await authenticator.authenticate([(b"x-auth-token", made["secret"].encode())], address=HERE)
    assert sent == []


async def test_networks_that_are_narrowed_count_within_five_seconds(
    ask: Ask, acme: Estate, clock: HeldClock, authenticator: Authenticator
) -> None:
    """Wherever the token is kept."""
    made = await created(ask, acme)
    headers = [(b"x-auth-token", made["secret"].encode())]
    await authenticator.authenticate(headers, address=HERE)
    await change(ask, acme, UPDATE, id=made["token"]["id"], networks=["198.51.100.0/24"])
    clock.advance(timedelta(seconds=5))
    with pytest.raises(Exception, match=BAD_TOKEN):
        await authenticator.authenticate(headers, address=HERE)


async def used(ask: Ask, estate: Estate) -> list[tuple[str | None, str | None]]:
    """When and from where the tenant's tokens were used, by their names."""
    return [(each["lastUsedAt"], each["lastUsedFrom"]) for each in await listed(ask, estate)]


async def test_a_use_is_written_once_a_minute(
    ask: Ask, databases: Databases, acme: Estate, clock: HeldClock, authenticator: Authenticator
) -> None:
    """By whichever process sees it first; the version stays, for nothing was changed by anybody."""
    made = await created(ask, acme)
    principal = await shows(authenticator, made["secret"])
    assert isinstance(principal, Principal)
    one, other = Usage(databases.app, clock), Usage(databases.app, clock)
    one.note(principal, HERE)
    await one.flush()
    assert await used(ask, acme) == [("2026-03-01T12:00:00.123Z", "192.0.2.7")]
    clock.advance(timedelta(seconds=59))
    one.note(principal, None)
    other.note(principal, None)
    with statements() as sent:
        await one.flush()
    assert sent == []
    await other.flush()
    assert await used(ask, acme) == [("2026-03-01T12:00:00.123Z", "192.0.2.7")]
    clock.advance(timedelta(seconds=1))
    one.note(principal, ip_address("2001:db8::1"))
    await one.flush()
    assert await used(ask, acme) == [("2026-03-01T12:01:00.123Z", "2001:db8::1")]
    assert [each["version"] for each in await listed(ask, acme)] == [1]


async def test_uses_that_wait_are_bounded(databases: Databases, acme: Estate, clock: HeldClock) -> None:
    """What is too much is let go; nothing grows without end."""
    usage = Usage(databases.app, clock, most_waiting=1)
    principal = caller_of(acme.tenant, clock, frozenset()).principal
    usage.note(principal, HERE)
    for _ in range(3):
        token_id = clock.new_id()
        usage.note(
            Principal(PrincipalKind.SERVICE, "x", token_id, principal.expires_at, frozenset(), principal.home), HERE
        )
    with statements() as sent:
        await usage.flush()
    assert len(sent) == 1


async def test_a_use_that_cannot_be_written_is_let_go(
    ask: Ask, databases: Databases, acme: Estate, clock: HeldClock, authenticator: Authenticator
) -> None:
    """No request hears of it, and it is not tried for ever."""
    made = await created(ask, acme)
    principal = await shows(authenticator, made["secret"])
    assert isinstance(principal, Principal)
    usage = Usage(databases.platform, clock)  # May not write tokens.
    usage.note(principal, HERE)
    await usage.flush()
    assert await used(ask, acme) == [(None, None)]
    with statements() as sent:
        await usage.flush()
    assert sent == []


async def test_what_is_noted_is_written_when_the_process_ends(
    ask: Ask, databases: Databases, acme: Estate, clock: HeldClock, authenticator: Authenticator
) -> None:
    """Cancelled while it waits, it writes before it ends."""
    made = await created(ask, acme)
    principal = await shows(authenticator, made["secret"])
    assert isinstance(principal, Principal)
    usage = Usage(databases.app, clock)
    running = asyncio.create_task(usage.run())
    await asyncio.sleep(0)
    usage.note(principal, HERE)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert await used(ask, acme) == [("2026-03-01T12:00:00.123Z", "192.0.2.7")]


async def test_a_use_is_written_in_the_tokens_own_tenant(
    ask: Ask, databases: Databases, acme: Estate, globex: Estate, clock: HeldClock
) -> None:
    """Whichever tenant the request acted in; nobody else's token is touched."""
    for estate in (acme, globex):
        made = await created(ask, estate)
    principal = await shows(Authenticator(databases.platform, clock), made["secret"])
    assert isinstance(principal, Principal)
    usage = Usage(databases.app, clock)
    usage.note(principal, HERE)
    await usage.flush()
    assert await used(ask, acme) == [(None, None)]
    assert await used(ask, globex) == [("2026-03-01T12:00:00.123Z", "192.0.2.7")]


@pytest.mark.parametrize(("address", "status"), [("192.0.2.7", 200), ("198.51.100.1", 401)])
async def test_the_endpoint_asks_where_a_request_comes_from(
    ask: Ask, databases: Databases, graph: Graph, acme: Estate, *, address: str, status: int
) -> None:
    """The address of the connection, as the door sees it."""
    made = await created(ask, acme, networks=["192.0.2.0/24"])
    app = create_app(SETTINGS, databases, graph, HeldClock(START, 1))
    transport = httpx.ASGITransport(app, client=(address, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://tenantry.test") as client:
        headers = {"authorization": f"Bearer {made['secret']}", "accept": GRAPHQL}
        response = await client.post("/graphql", json={"query": QUERY}, headers=headers)
    assert response.status_code == status
    assert ('error="invalid_token"' in response.headers.get("www-authenticate", "")) == (status == 401)


async def test_every_request_is_a_use(
    ask: Ask, databases: Databases, acme: Estate, clock: HeldClock, authenticator: Authenticator
) -> None:
    """From its address; to note it costs the request no statement."""
    made = await created(ask, acme)
    usage = Usage(databases.app, clock)
    throttle = Throttle(InProcessCounters(clock))
    callers = Callers(authenticator, TenantSelector(databases.app, clock), throttle, clock, usage)
    headers = [(b"x-auth-token", made["secret"].encode())]
    with statements() as sent:
        await callers.caller(headers, HERE)
    assert len(sent) == 1
    await usage.flush()
    assert await used(ask, acme) == [("2026-03-01T12:00:00.123Z", "192.0.2.7")]

"""What the accounts of who signs in are called: people as their issuer does, programs as their tenant does."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from auth.authentication import Authenticator
from models import ServiceAccount
from models.ids import Prefix, encode
from tenantry.databases import Databases
from tests.accounts import PROGRAM, server, shows, signed_in
from tests.ask import Ask
from tests.clock import HeldClock
from tests.estate import Estate, add
from tests.oidc import now, token
from tests.principal_changes import changed, listed


@pytest.fixture
def authenticator(databases: Databases, clock: HeldClock, acme: Estate) -> Authenticator:
    """One process."""
    return server(databases, clock, acme)


async def test_people_are_called_what_their_issuer_calls_them(
    ask: Ask, clock: HeldClock, acme: Estate, authenticator: Authenticator
) -> None:
    """From the next token on; a token that tells no name leaves the name as it is."""
    account = await signed_in(authenticator)
    clock.advance(timedelta(minutes=1))
    assert (await signed_in(authenticator, iat=now() + 30, name="Countess Lovelace")).name == "Countess Lovelace"
    assert [each["name"] for each in await listed(ask, acme, "User")] == ["Countess Lovelace"]
    nameless = await signed_in(authenticator, iat=now() + 40, name=None)
    assert (nameless.id, nameless.name) == (account.id, "Countess Lovelace")


async def test_programs_are_called_what_their_tenant_calls_them(
    ask: Ask, clock: HeldClock, acme: Estate, authenticator: Authenticator
) -> None:
    """At first as their issuer does; renamed, they keep the name, whatever a token says."""
    first = await shows(authenticator, token(**PROGRAM))
    assert (first.kind, first.called) == ("SERVICE", "portal")
    assert first.account is not None
    its = encode(Prefix.SERVICE_ACCOUNT, first.account.id)
    await changed(ask, acme, "updateServiceAccount", id=its, name="Our portal")
    clock.advance(timedelta(minutes=1))
    again = await shows(authenticator, token(**PROGRAM, iat=now() + 30, app_displayname="Somebody else"))
    assert (again.called, again.account and again.account.id) == ("Our portal", first.account.id)
    assert [each["name"] for each in await listed(ask, acme, "ServiceAccount")] == ["Our portal"]


async def test_a_programs_name_that_is_taken_gets_an_end(
    databases: Databases, clock: HeldClock, acme: Estate, authenticator: Authenticator
) -> None:
    """Names are unique, and whoever has them first keeps them: who signs in is let in all the same."""
    await add(databases, clock, ServiceAccount, acme.tenant.id, name="portal")
    await add(databases, clock, ServiceAccount, acme.tenant.id, name="portal portal")
    account = await signed_in(authenticator, **PROGRAM)
    assert account.name.startswith("portal ")
    assert account.name not in {"portal", "portal portal"}


async def test_programs_of_one_name_sign_in_at_once(databases: Databases, clock: HeldClock, acme: Estate) -> None:
    """Each is let in, with a name of its own."""
    processes = [server(databases, clock, acme) for _ in range(6)]
    claims = [{"sub": f"app-{at}", "client_id": f"app-{at}", "app_displayname": "Portal"} for at in range(6)]
    found = await asyncio.gather(*(signed_in(each, **its) for each, its in zip(processes, claims, strict=True)))
    assert len({account.id for account in found}) == len({account.name for account in found}) == 6


@pytest.mark.parametrize("claims", [{"name": None}, {"name": "n" * 255}, {"name": None, "client_id": "s" * 255}])
async def test_whatever_the_issuer_says_has_room(authenticator: Authenticator, claims: dict[str, Any]) -> None:
    """The longest subject and the longest name that a token may have."""
    account = await signed_in(authenticator, sub="s" * 255, **claims)
    assert 0 < len(account.name) <= 200

"""Who gets in with which headers, and what it costs."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, update

from auth.authentication import Authenticator
from auth.bearer import bearer_of
from auth.codes import Code, Refusal
from auth.credentials import Headers
from auth.principal import PrincipalKind, TenantRef
from auth.scopes import Scope
from auth.token import digest, mint
from models import PLATFORM_ID, Credential, Tenant, TenantStatus, Token
from resolvers.tokens import Created, create_token, revoke_token
from tenantry.databases import Databases
from tests.clock import HeldClock
from tests.estate import Estate
from tests.sql import statements

TOKEN = b"tnt_svc_0123456789ABCDEFGHIJKLMNOPQRSTUV0opWdM"


@pytest.fixture
def authenticator(databases: Databases, clock: HeldClock) -> Authenticator:
    """As a server makes it."""
    return Authenticator(databases.platform, clock)


@pytest.fixture
async def made(databases: Databases, clock: HeldClock, acme: Estate) -> Created:
    """A good token of acme's."""
    return await create_token(databases.app, clock, acme.tenant.id, "dashboard", [Scope.DEVICES_READ])


def bearer(token: Created) -> Headers:
    """The header that carries a token."""
    return [(b"host", b"localhost"), (b"authorization", b"Bearer " + token.secret.reveal().encode())]


async def refused(authenticator: Authenticator, headers: Headers) -> Refusal:
    """The refusal that these headers meet."""
    with pytest.raises(Refusal) as refusal:
        await authenticator.authenticate(headers)
    return refusal.value


def challenge_of(refusal: Refusal) -> str:
    """What WWW-Authenticate says."""
    return dict(refusal.headers)["www-authenticate"]


async def set_tenant_status(databases: Databases, estate: Estate, status: TenantStatus) -> None:
    """Suspend or delete a tenant."""
    async with databases.platform.write(None) as connection:
        await connection.execute(update(Tenant).where(Tenant.id == estate.tenant.id).values(status=status))


@pytest.mark.parametrize(
    "text",
    [
        b"x",
        b"tnt_svc_",
        TOKEN[:-1],
        TOKEN + b"0",
        TOKEN[:-1] + b"N",
        TOKEN.lower(),
        b"\xff\x00" + TOKEN,
        b"a" * 8000,
    ],
)
async def test_a_garbled_token_costs_no_statement(authenticator: Authenticator, text: bytes) -> None:
    """What fails its checksum is refused before the database hears of it."""
    with statements() as sent:
        refusal = await refused(authenticator, [(b"x-auth-token", text)])
    assert refusal.code is Code.UNAUTHENTICATED
    assert 'error="invalid_token"' in challenge_of(refusal)
    assert sent == []


async def test_an_unknown_token_is_asked_for_once(authenticator: Authenticator, clock: HeldClock) -> None:
    """That there is no such token is kept for five seconds, too."""
    headers = [(b"authorization", b"Bearer " + mint().reveal().encode())]
    with statements() as sent:
        first = await refused(authenticator, headers)
        again = await refused(authenticator, headers)
    assert len(sent) == 1
    assert first.code is again.code is Code.UNAUTHENTICATED
    clock.advance(timedelta(seconds=5))
    with statements() as sent:
        await refused(authenticator, headers)
    assert len(sent) == 1


async def test_unknown_garbled_revoked_and_deleted_are_told_alike(
    authenticator: Authenticator,
    databases: Databases,
    clock: HeldClock,
    made: Created,
    globex: Estate,
) -> None:
    """Nobody learns from a refusal that a token was once good."""
    homeless = await create_token(databases.app, clock, globex.tenant.id, "dashboard", [Scope.DEVICES_READ])
    await set_tenant_status(databases, globex, TenantStatus.DELETED)
    await revoke_token(databases.app, clock, made.row["tenant_id"], "dashboard")
    answers = {
        (refusal.code, refusal.message, refusal.headers)
        for refusal in [
            await refused(authenticator, [(b"x-auth-token", mint().reveal().encode())]),
            await refused(authenticator, [(b"x-auth-token", b"garbage")]),
            await refused(authenticator, bearer(made)),
            await refused(authenticator, bearer(homeless)),
        ]
    }
    assert len(answers) == 1


async def test_an_expired_token_is_refused_although_it_is_kept(
    authenticator: Authenticator, databases: Databases, clock: HeldClock, acme: Estate
) -> None:
    """Expiry is compared with the clock each time: three seconds are three seconds."""
    short = await create_token(
        databases.app, clock, acme.tenant.id, "short", [Scope.DEVICES_READ], expires_in=timedelta(seconds=3)
    )
    await authenticator.authenticate(bearer(short))
    clock.advance(timedelta(seconds=2.999))
    await authenticator.authenticate(bearer(short))
    clock.advance(timedelta(seconds=0.001))
    with statements() as sent:
        refusal = await refused(authenticator, bearer(short))
    assert refusal.code is Code.UNAUTHENTICATED
    assert 'error="invalid_token", error_description="The token has expired."' in challenge_of(refusal)
    assert sent == []


async def test_a_token_of_a_suspended_tenant_is_refused(
    authenticator: Authenticator, databases: Databases, made: Created, acme: Estate
) -> None:
    """The token is good, its tenant is not: 403, so that nobody throws the token away."""
    await set_tenant_status(databases, acme, TenantStatus.SUSPENDED)
    refusal = await refused(authenticator, bearer(made))
    assert refusal.code is Code.TENANT_SUSPENDED
    assert refusal.code.status == 403


async def test_a_suspension_is_felt_within_five_seconds(
    authenticator: Authenticator, databases: Databases, clock: HeldClock, made: Created, acme: Estate
) -> None:
    """What was kept from before the suspension does not outlive its five seconds."""
    await authenticator.authenticate(bearer(made))
    await set_tenant_status(databases, acme, TenantStatus.SUSPENDED)
    clock.advance(timedelta(seconds=5))
    assert (await refused(authenticator, bearer(made))).code is Code.TENANT_SUSPENDED


async def test_a_revocation_is_felt_within_five_seconds(
    authenticator: Authenticator, databases: Databases, clock: HeldClock, made: Created, acme: Estate
) -> None:
    """A revoked token dies with what was kept of it."""
    await authenticator.authenticate(bearer(made))
    await revoke_token(databases.app, clock, acme.tenant.id, "dashboard")
    clock.advance(timedelta(seconds=5))
    assert (await refused(authenticator, bearer(made))).code is Code.UNAUTHENTICATED


async def test_a_forgotten_token_is_asked_for_at_once(
    authenticator: Authenticator, databases: Databases, clock: HeldClock, made: Created, acme: Estate
) -> None:
    """Whoever hears of a revocation need not wait for the five seconds."""
    await authenticator.authenticate(bearer(made))
    await revoke_token(databases.app, clock, acme.tenant.id, "dashboard")
    authenticator.forget(digest(made.secret.reveal()))
    assert (await refused(authenticator, bearer(made))).code is Code.UNAUTHENTICATED


async def test_a_stored_scope_that_is_not_known_grants_nothing(
    authenticator: Authenticator,
    databases: Databases,
    clock: HeldClock,
    acme: Estate,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A scope of another version is left out and logged, with the token's id and without its text."""
    secret = mint().reveal()
    keys: dict[str, Any] = {"tenant_id": acme.tenant.id, "id": clock.new_id()}
    times = {
        "created_at": clock.now(),
        "updated_at": clock.now(),
        "expires_at": clock.now() + timedelta(days=1),
    }
    stored = ["tenant.devices.read", "tenant.everything.write", "*"]
    async with databases.app.write(acme.tenant.id) as connection:
        await connection.execute(insert(Token), {**keys, **times, "name": "odd", "scopes": stored})
        look_up = {"hash": digest(secret), "tenant_id": acme.tenant.id, "token_id": keys["id"]}
        await connection.execute(insert(Credential), look_up)
    principal = await authenticator.authenticate([(b"x-auth-token", secret.encode())])
    assert principal.scopes == {Scope.DEVICES_READ}
    assert str(keys["id"]) in caplog.text
    assert "tenant.everything.write" in caplog.text
    assert secret not in caplog.text


@pytest.mark.parametrize(
    "header",
    [
        (b"authorization", b"Bearer %s"),
        (b"authorization", b"bearer %s"),
        (b"authorization", b"BEARER   %s"),
        (b"x-auth-token", b"%s"),
    ],
)
async def test_a_good_token_tells_its_bearer(
    authenticator: Authenticator, clock: HeldClock, made: Created, acme: Estate, header: tuple[bytes, bytes]
) -> None:
    """Name, scopes, end and home are the token's; the name of a scheme has no case (RFC 9110, 11.1)."""
    name, form = header
    principal = await authenticator.authenticate([(name, form % made.secret.reveal().encode())])
    assert principal.kind is PrincipalKind.SERVICE
    assert principal.name == "dashboard"
    assert principal.token_id == made.row["id"]
    assert principal.scopes == {Scope.DEVICES_READ}
    assert principal.expires_at == clock.now() + timedelta(days=90)
    assert principal.home == TenantRef(
        acme.tenant.id, acme.tenant.slug, TenantStatus.ACTIVE, (PLATFORM_ID, acme.tenant.id)
    )


async def test_a_token_of_the_platform_is_an_operators(
    authenticator: Authenticator, databases: Databases, clock: HeldClock
) -> None:
    """Where a token belongs says what its bearer is."""
    made = await create_token(databases.app, clock, PLATFORM_ID, f"ops {clock.new_id()}", [Scope.PLATFORM_TENANTS_READ])
    principal = await authenticator.authenticate(bearer(made))
    assert principal.kind is PrincipalKind.OPERATOR
    assert principal.home.path == (PLATFORM_ID,)


async def test_a_cold_token_costs_one_statement_and_a_warm_one_none(
    authenticator: Authenticator, clock: HeldClock, made: Created
) -> None:
    """The one look-up serves five seconds of requests."""
    with statements() as sent:
        first = await authenticator.authenticate(bearer(made))
    assert len(sent) == 1
    clock.advance(timedelta(seconds=4.999))
    with statements() as sent:
        assert await authenticator.authenticate(bearer(made)) == first
    assert sent == []
    clock.advance(timedelta(seconds=0.001))
    with statements() as sent:
        assert await authenticator.authenticate(bearer(made)) == first
    assert len(sent) == 1


async def test_many_requests_at_once_look_a_cold_token_up_once(authenticator: Authenticator, made: Created) -> None:
    """A dashboard that opens with fifty requests does not ask fifty times."""
    with statements() as sent:
        await asyncio.gather(*(authenticator.authenticate(bearer(made)) for _ in range(50)))
    assert len(sent) == 1


async def test_a_flood_of_unknown_tokens_does_not_fill_the_memory(databases: Databases, clock: HeldClock) -> None:
    """No more is kept than allowed, negative answers included."""
    small = Authenticator(databases.platform, clock, keep_at_most=2)
    for _ in range(4):
        await refused(small, [(b"x-auth-token", mint().reveal().encode())])
    assert len(small._found) == 2


async def test_a_bearer_is_the_same_by_its_tokens_id(
    authenticator: Authenticator, databases: Databases, acme: Estate, globex: Estate, made: Created
) -> None:
    """Whoever looks it up so learns what a request with the token's good secret would; in its own tenant alone."""
    found = await bearer_of(databases.platform, acme.tenant.id, made.row["id"])
    assert found is not None
    assert found.principal == await authenticator.authenticate(bearer(made))
    assert await bearer_of(databases.platform, globex.tenant.id, made.row["id"]) is None

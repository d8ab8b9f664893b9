"""Signing in with an issuer's token: who that is, what it may do where, and what it never may."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from auth.authentication import Authenticator
from auth.codes import Code, Refusal
from auth.oidc.keys import Keys
from auth.oidc.trust import Claim, Cohort, Trust
from auth.oidc.verifier import Verifier
from auth.principal import Caller, Principal
from auth.requirement import any_of
from auth.roles import BY_KEY
from auth.scopes import Scope
from auth.sign_in import SignIn
from auth.tenancy import TenantSelector
from models import Tenant
from models.hierarchy import Node, ReachKind
from resolvers.signing_in import SigningIn
from tenantry.databases import Databases
from tests.clock import HeldClock
from tests.estate import Estate, make_tenant
from tests.oidc import ISSUER, Published, published, rsa_pair, token
from tests.sql import statements

DEVICES = any_of(Scope.DEVICES_READ)


@pytest.fixture
def source() -> Published:
    """What the issuer publishes."""
    return published()


@pytest.fixture
def authenticator(databases: Databases, clock: HeldClock, source: Published, acme: Estate) -> Authenticator:
    """That trusts the issuer for acme's people: guards of a building, admins of all, everybody sees who acme is."""
    location = Node(ReachKind.LOCATION, acme.location.id)
    cohorts = (
        Cohort(Claim.ROLE, "guard", BY_KEY["device-operator"], location),
        Cohort(Claim.GROUP, "admins", BY_KEY["tenant-admin"]),
        Cohort(Claim.EVERYONE, "", BY_KEY["customer"]),
    )
    trust = Trust(acme.tenant.slug, ISSUER, cohorts)
    sign_ins = SigningIn(databases.app, clock)
    sign_in = SignIn(Verifier(Keys(source, clock), clock), [trust], databases.platform, clock, sign_ins)
    return Authenticator(databases.platform, clock, sign_in=sign_in)


def bearer(text: str, *more: tuple[bytes, bytes]) -> list[tuple[bytes, bytes]]:
    """The headers that present it."""
    return [(b"authorization", f"Bearer {text}".encode()), *more]


async def signed_in(authenticator: Authenticator, **claims: Any) -> Principal:
    """Who a good token's bearer is."""
    return await authenticator.authenticate(bearer(token(**claims)))


async def refused(authenticator: Authenticator, text: str) -> Refusal:
    """Why it is refused."""
    with pytest.raises(Refusal) as refusal:
        await authenticator.authenticate(bearer(text))
    return refusal.value


async def test_a_token_that_another_signed_is_refused(authenticator: Authenticator) -> None:
    """401 with the challenge that says so."""
    refusal = await refused(authenticator, token(rsa_pair("stranger")))
    assert refusal.code is Code.UNAUTHENTICATED
    assert 'error="invalid_token"' in dict(refusal.headers)["www-authenticate"]


async def test_an_issuer_that_nobody_trusts_is_refused(authenticator: Authenticator, source: Published) -> None:
    """And nothing is asked of it."""
    refusal = await refused(authenticator, token(iss="https://evil.example"))
    assert (refusal.code, source.fetches) == (Code.UNAUTHENTICATED, 0)


async def test_who_is_in_no_cohort_but_everybodys_may_do_no_more(authenticator: Authenticator, acme: Estate) -> None:
    """The scopes in a token are the issuer's business: they give nothing here."""
    principal = await signed_in(authenticator, scope="tenant.devices.write")
    assert Caller(principal, principal.home).scopes == {Scope.CONTEXT_READ}
    assert Scope.PLATFORM_TENANTS_READ in BY_KEY["customer"].scopes  # which is for the platform's own people


async def test_a_person_is_who_the_issuer_says_and_never_an_address(authenticator: Authenticator) -> None:
    """The same subject under another name and e-mail is the same person; another subject is not."""
    ada = await signed_in(authenticator)
    renamed = await signed_in(authenticator, name="Countess Lovelace", email="other@acme.example", jti="2")
    other = await signed_in(authenticator, sub="person-2")
    assert (ada.kind, ada.name) == ("USER", "Ada Lovelace")
    assert ada.token_id == renamed.token_id != other.token_id


async def test_cohorts_add_up_each_on_its_node(authenticator: Authenticator, acme: Estate) -> None:
    """A guard sees devices of one building; an admin who is a guard too sees all."""
    guard = await signed_in(authenticator, roles=["guard"])
    both = await signed_in(authenticator, roles=["guard"], groups=["admins"])
    assert Caller(guard, guard.home).reach(DEVICES) == ((Node(ReachKind.LOCATION, acme.location.id),),)
    assert Scope.DEVICES_WRITE not in Caller(guard, guard.home).scopes
    assert Caller(both, both.home).reach(DEVICES) is None


async def test_who_is_bound_to_a_node_acts_in_no_other_tenant(
    authenticator: Authenticator, databases: Databases, clock: HeldClock, acme: Estate
) -> None:
    """Beneath acme a guard has nothing but what everybody has; an admin has all."""
    customer = await make_tenant(databases, clock, "customer", acme.tenant)
    selector = TenantSelector(databases.app, clock)
    there = [(b"x-tenant-id", customer.slug.encode())]
    guard = await selector.select(await signed_in(authenticator, roles=["guard"]), there)
    admin = await selector.select(await signed_in(authenticator, groups=["admins"]), there)
    assert Scope.DEVICES_READ not in guard.scopes
    assert Scope.DEVICES_READ in admin.scopes


@pytest.mark.parametrize("ended", [("SUSPENDED", Code.TENANT_SUSPENDED), ("DELETED", Code.UNAUTHENTICATED)])
async def test_a_tenant_that_is_not_active_lets_nobody_in(
    authenticator: Authenticator, databases: Databases, acme: Estate, clock: HeldClock, ended: tuple[str, Code]
) -> None:
    """Within five seconds, although the token is good and was used a moment ago."""
    status, code = ended
    text = token()
    await authenticator.authenticate(bearer(text))
    async with databases.platform.write(None) as connection:
        await connection.execute(update(Tenant).where(Tenant.id == acme.tenant.id).values(status=status))
    clock.advance(timedelta(seconds=5))
    assert (await refused(authenticator, text)).code is code


async def test_a_warm_token_costs_no_statement(authenticator: Authenticator) -> None:
    """Neither the issuer nor the database is asked again."""
    text = token()
    await authenticator.authenticate(bearer(text))
    with statements() as sent:
        await authenticator.authenticate(bearer(text))
    assert sent == []


async def test_without_trusted_issuers_a_signed_token_is_as_any_other_text(
    databases: Databases, clock: HeldClock
) -> None:
    """It costs no statement, and the words are those for an unknown token."""
    with statements() as sent:
        refusal = await refused(Authenticator(databases.platform, clock), token())
    assert (refusal.code, refusal.message, sent) == (
        Code.UNAUTHENTICATED,
        "The token is unknown or was revoked.",
        [],
    )

"""Which tenant a request acts in, and that a neighbour's cannot be told from one that never was."""

import uuid
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import update

from auth.codes import Code, Refusal
from auth.principal import Caller, Principal, PrincipalKind, TenantRef
from auth.tenancy import TenantSelector
from models import PLATFORM_ID, Tenant, TenantStatus
from models.ids import Prefix, encode
from tenantry.databases import Databases
from tests.clock import HeldClock
from tests.estate import Estate, make_tenant
from tests.sql import statements

PLATFORM = SimpleNamespace(id=PLATFORM_ID, slug="platform", status="ACTIVE", path=[PLATFORM_ID])


@pytest.fixture
def selector(databases: Databases, clock: HeldClock) -> TenantSelector:
    """As a server makes it."""
    return TenantSelector(databases.app, clock)


@pytest.fixture
async def branch(databases: Databases, clock: HeldClock, acme: Estate) -> SimpleNamespace:
    """A customer of acme's, which thereby is a partner."""
    return await make_tenant(databases, clock, "branch", acme.tenant)


def caller_of(tenant: SimpleNamespace, clock: HeldClock) -> Principal:
    """Somebody with a token of this tenant."""
    home = TenantRef(tenant.id, tenant.slug, tenant.status, tuple(tenant.path))
    ends = clock.now() + timedelta(days=1)
    return Principal(PrincipalKind.SERVICE, "test", uuid.UUID(int=0), ends, frozenset(), home)


def named(*values: str) -> list[tuple[bytes, bytes]]:
    """The header, as often as there are values."""
    return [(b"x-tenant-id", value.encode("latin-1")) for value in values]


def spellings(tenant: SimpleNamespace) -> list[str]:
    """The three ways to name a tenant."""
    return [encode(Prefix.TENANT, tenant.id), str(tenant.id), tenant.slug]


async def refused(selector: TenantSelector, principal: Principal, *values: str) -> Refusal:
    """The refusal that this header meets."""
    with pytest.raises(Refusal) as refusal:
        await selector.select(principal, named(*values))
    return refusal.value


@pytest.mark.parametrize(
    "values",
    [
        ("",),
        (" ",),
        ("{slug}", "{slug}"),
        ("{slug}", "{id}"),
        ("{slug}", ""),
        ("{slug},{slug}",),
        ("{slug}, {id}",),
        (",",),
        (" {slug}",),
        ("{slug} ",),
        ("{slug}\t",),
        ("{slug} {slug}",),
        ("{slug}\xa0",),
        ("{SLUG}",),
        ("{ID}",),
        ("ten_{ID}",),
        ("TEN_{id}",),
    ],
)
async def test_an_ambiguous_header_is_refused(
    selector: TenantSelector, clock: HeldClock, acme: Estate, values: tuple[str, ...]
) -> None:
    """Twice, blank, a list, with blanks, in capitals: 400, even where every reading is the caller's own tenant."""
    tenant = acme.tenant
    forms = {"slug": tenant.slug, "id": str(tenant.id), "SLUG": tenant.slug.upper(), "ID": str(tenant.id).upper()}
    with statements() as sent:
        refusal = await refused(selector, caller_of(tenant, clock), *(value.format(**forms) for value in values))
    assert refusal.code is Code.TENANT_AMBIGUOUS
    assert refusal.code.status == 400
    assert sent == []


async def test_what_is_out_of_reach_answers_as_what_never_was(
    selector: TenantSelector, databases: Databases, clock: HeldClock, acme: Estate, globex: Estate
) -> None:
    """A neighbour, what lies above, a deleted one, other ids and nonsense: one and the same 404."""
    deleted = await make_tenant(databases, clock, "deleted", acme.tenant, status=TenantStatus.DELETED)
    neighbours = await make_tenant(databases, clock, "branch", globex.tenant)
    unreachable = [
        *(spelling for tenant in (globex.tenant, neighbours, deleted, PLATFORM) for spelling in spellings(tenant)),
        *spellings(SimpleNamespace(id=clock.new_id(), slug="nobody")),
        encode(Prefix.LOCATION, acme.location.id),
        encode(Prefix.LOCATION, acme.tenant.id),
        acme.tenant.id.hex,
        f"{{{acme.tenant.id}}}",
        f"urn:uuid:{acme.tenant.id}",
        f"{acme.tenant.slug}-",
        "a" * 64,
        "a'--",
        "\x00",
        "\xe9",
        "%",
    ]
    principal = caller_of(acme.tenant, clock)
    answers = {
        (refusal.code, refusal.message, refusal.headers, str(refusal.extensions))
        for refusal in [await refused(selector, principal, text) for text in unreachable]
    }
    assert [code for code, *_ in answers] == [Code.TENANT_NOT_FOUND]


async def test_a_customer_does_not_reach_its_partner(
    selector: TenantSelector, clock: HeldClock, acme: Estate, branch: SimpleNamespace
) -> None:
    """Reach goes down the tree, never up."""
    for spelling in spellings(acme.tenant):
        refusal = await refused(selector, caller_of(branch, clock), spelling)
        assert refusal.code is Code.TENANT_NOT_FOUND


async def test_what_is_kept_for_one_home_is_not_given_to_another(
    selector: TenantSelector, clock: HeldClock, acme: Estate, globex: Estate, branch: SimpleNamespace
) -> None:
    """A partner's look-up doesn't open its customer to a neighbour, nor does the neighbour's failure close it."""
    for spelling in spellings(branch):
        assert (await refused(selector, caller_of(globex.tenant, clock), spelling)).code is Code.TENANT_NOT_FOUND
        await selector.select(caller_of(acme.tenant, clock), named(spelling))
        assert (await refused(selector, caller_of(globex.tenant, clock), spelling)).code is Code.TENANT_NOT_FOUND


async def test_ones_own_tenant_costs_no_statement(selector: TenantSelector, clock: HeldClock, acme: Estate) -> None:
    """Without the header, and with one's own tenant in any spelling, there is nothing to look up."""
    principal = caller_of(acme.tenant, clock)
    with statements() as sent:
        assert await selector.select(principal, [(b"host", b"localhost")]) == Caller(principal, principal.home)
        for spelling in spellings(acme.tenant):
            assert await selector.select(principal, named(spelling)) == Caller(principal, principal.home)
    assert sent == []


async def test_a_partner_acts_in_its_customers_tenant(
    selector: TenantSelector, clock: HeldClock, acme: Estate, branch: SimpleNamespace
) -> None:
    """By id, UUID and slug alike."""
    principal = caller_of(acme.tenant, clock)
    for spelling in spellings(branch):
        caller = await selector.select(principal, named(spelling))
        assert caller == Caller(principal, TenantRef(branch.id, branch.slug, "ACTIVE", tuple(branch.path)))


async def test_an_operator_reaches_every_depth(
    selector: TenantSelector, databases: Databases, clock: HeldClock, branch: SimpleNamespace
) -> None:
    """The platform lies above all."""
    deep = await make_tenant(databases, clock, "deep", branch)
    caller = await selector.select(caller_of(PLATFORM, clock), named(deep.slug))
    assert caller.tenant.path == (*branch.path, deep.id)


async def test_a_suspended_customer_can_still_be_put_in_order(
    selector: TenantSelector, databases: Databases, clock: HeldClock, acme: Estate
) -> None:
    """Suspension refuses the tenant's own tokens, not those of the partner above it."""
    suspended = await make_tenant(databases, clock, "late", acme.tenant, status=TenantStatus.SUSPENDED)
    caller = await selector.select(caller_of(acme.tenant, clock), named(suspended.slug))
    assert caller.tenant.status == TenantStatus.SUSPENDED


async def test_a_look_up_serves_for_five_seconds(
    selector: TenantSelector, clock: HeldClock, acme: Estate, branch: SimpleNamespace
) -> None:
    """One statement, then none, then one; the id in both spellings is one thing to look up."""
    principal = caller_of(acme.tenant, clock)
    for expected in (1, 0):
        with statements() as sent:
            await selector.select(principal, named(str(branch.id)))
            await selector.select(principal, named(encode(Prefix.TENANT, branch.id)))
        assert len(sent) == expected
    clock.advance(timedelta(seconds=5))
    with statements() as sent:
        await selector.select(principal, named(str(branch.id)))
    assert len(sent) == 1


async def test_a_deletion_is_felt_within_five_seconds(
    selector: TenantSelector, databases: Databases, clock: HeldClock, acme: Estate, branch: SimpleNamespace
) -> None:
    """What was kept from before does not outlive its five seconds."""
    principal = caller_of(acme.tenant, clock)
    await selector.select(principal, named(branch.slug))
    async with databases.platform.write(None) as connection:
        await connection.execute(update(Tenant).where(Tenant.id == branch.id).values(status=TenantStatus.DELETED))
    clock.advance(timedelta(seconds=5))
    assert (await refused(selector, principal, branch.slug)).code is Code.TENANT_NOT_FOUND

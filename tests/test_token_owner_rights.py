"""A token's right is its scopes, its node and what its owner may do now: computed anew within five seconds."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import insert, text

from auth.authentication import BAD_TOKEN, DISABLED_OWNER, Authenticator
from auth.bearer import BY_HASH
from auth.codes import Code, Refusal
from auth.principal import Caller
from auth.requirement import any_of
from auth.scopes import Scope
from auth.tenancy import TenantSelector
from auth.token import digest, mint
from models import Credential, RoleBinding, User
from models.hierarchy import Node, ReachKind
from models.ids import Prefix, encode
from resolvers.tokens import create_token
from tenantry.databases import Databases
from tests.ask import Ask
from tests.clock import HeldClock
from tests.estate import Estate, add, make_tenant
from tests.postgres import Urls, run_as_superuser
from tests.principal_changes import change, changed
from tests.principals import Principals, bind, make_principals
from tests.sql import statements

DEVICES, AREAS = Scope.DEVICES_READ, Scope.AREAS_READ
FIVE = timedelta(seconds=5)
Row = SimpleNamespace


@pytest.fixture
async def people(databases: Databases, clock: HeldClock, acme: Estate) -> Principals:
    """Acme's, whose role is to read devices and areas."""
    return await make_principals(databases, clock, acme.tenant.id, DEVICES, AREAS)


@pytest.fixture
def authenticator(databases: Databases, clock: HeldClock) -> Authenticator:
    """As a server makes it, with answers that are kept for five seconds."""
    return Authenticator(databases.platform, clock)


@pytest.fixture(params=["user", "service_account"])
def kind(request: pytest.FixtureRequest) -> str:
    """Whose token it is."""
    return str(request.param)


async def secret_of(databases: Databases, token: Row) -> str:
    """The text of a token that has none yet."""
    secret = mint()
    row = {"hash": digest(secret.reveal()), "tenant_id": token.tenant_id, "token_id": token.id}
    async with databases.app.write(token.tenant_id) as connection:
        await connection.execute(insert(Credential).values(row))
    return secret.reveal()


def header(secret: str) -> list[tuple[bytes, bytes]]:
    """What presents it."""
    return [(b"x-auth-token", secret.encode())]


async def caller(authenticator: Authenticator, secret: str) -> Caller:
    """Who shows it, in its own tenant."""
    principal = await authenticator.authenticate(header(secret))
    return Caller(principal, principal.home)


async def refusal(authenticator: Authenticator, secret: str) -> Refusal:
    """Why it is refused."""
    with pytest.raises(Refusal) as caught:
        await authenticator.authenticate(header(secret))
    assert 'error="invalid_token"' in dict(caught.value.headers)["www-authenticate"]
    return caught.value


async def test_an_owned_token_costs_one_statement_cold_and_none_warm(
    databases: Databases, authenticator: Authenticator, people: Principals, kind: str
) -> None:
    """Its owner, the owner's bindings and their roles come with it; a garbled one costs none."""
    secret = await secret_of(databases, getattr(people, f"{kind}_token"))
    with statements() as sent:
        cold = await authenticator.authenticate(header(secret))
    assert len(sent) == 1, sent
    with statements() as sent:
        assert await authenticator.authenticate(header(secret)) is cold
        await refusal(authenticator, secret[:-1] + ("0" if secret[-1] != "0" else "1"))
    assert sent == []


async def test_a_token_holds_what_both_it_and_its_owner_hold(
    *, databases: Databases, clock: HeldClock, acme: Estate, authenticator: Authenticator, people: Principals, kind: str
) -> None:
    """Each scope where the owner has it, and beneath the token's node."""
    room = Node(ReachKind.AREA, acme.area.id, acme.location.id)
    owner = getattr(people, kind)
    await bind(databases, clock, acme.tenant.id, **{f"{kind}_id": owner.id}, built_in="auditor", **room_columns(acme))
    token = await create_token(
        databases.app,
        clock,
        acme.tenant.id,
        "narrow",
        [DEVICES, Scope.AUDIT_READ],
        node=acme.ids["Location"],
        owner=encode(Prefix.USER if kind == "user" else Prefix.SERVICE_ACCOUNT, owner.id),
    )
    found = await caller(authenticator, token.secret.reveal())
    location = Node(ReachKind.LOCATION, acme.location.id)
    assert found.scopes == {DEVICES, Scope.AUDIT_READ}
    assert found.reach(any_of(DEVICES)) == ((location,),)
    assert found.reach(any_of(Scope.AUDIT_READ)) == ((room, location),)
    assert found.reach(any_of(AREAS)) == ()


def room_columns(estate: Estate) -> dict[str, Any]:
    """What binds a row to the estate's room."""
    return {"location_id": estate.location.id, "area_id": estate.area.id}


async def test_an_owner_without_a_role_may_do_nothing(
    databases: Databases, clock: HeldClock, acme: Estate, authenticator: Authenticator
) -> None:
    """Whatever its token says; who it is, it may ask."""
    nobody = await add(databases, clock, User, acme.tenant.id, name="Nobody")
    people = await make_principals(databases, clock, acme.tenant.id, *Scope, who="bob")
    async with databases.app.write(acme.tenant.id) as connection:
        await connection.execute(
            text("UPDATE token SET user_id = :to WHERE id = :id"), {"to": nobody.id, "id": people.user_token.id}
        )
    found = await caller(authenticator, await secret_of(databases, people.user_token))
    assert (found.scopes, found.reach(any_of(DEVICES)), found.principal.called) == (frozenset(), (), "Nobody")


Change = Callable[[Ask, Estate, Principals, str], Awaitable[Any]]


def noun(kind: str) -> str:
    """What the graph calls it."""
    return "User" if kind == "user" else "ServiceAccount"


async def _taken(ask: Ask, acme: Estate, people: Principals, kind: str) -> None:
    binding = getattr(people, f"{kind}_binding")
    await changed(ask, acme, "deleteRoleBinding", id=encode(Prefix.ROLE_BINDING, binding.id))


async def _narrowed(ask: Ask, acme: Estate, people: Principals, kind: str) -> None:
    await changed(ask, acme, "updateRole", id=people.ids["Role"], scopes=[AREAS])


@pytest.mark.parametrize(("demote", "left"), [(_taken, set()), (_narrowed, {AREAS})])
async def test_a_demoted_owners_token_shrinks_within_five_seconds(
    *,
    ask: Ask,
    databases: Databases,
    clock: HeldClock,
    acme: Estate,
    authenticator: Authenticator,
    people: Principals,
    kind: str,
    demote: Change,
    left: set[Scope],
) -> None:
    """In every process, whatever it has asked before; and given back, the token holds it again."""
    secret = await secret_of(databases, getattr(people, f"{kind}_token"))
    other = Authenticator(databases.platform, clock)
    for each in (authenticator, other):
        assert (await caller(each, secret)).scopes == {DEVICES, AREAS}
    await demote(ask, acme, people, kind)
    clock.advance(FIVE)
    for each in (authenticator, other):
        assert (await caller(each, secret)).scopes == left
    its = getattr(people, kind).id
    await bind(databases, clock, acme.tenant.id, **{f"{kind}_id": its}, built_in="viewer")
    clock.advance(FIVE)
    assert (await caller(authenticator, secret)).scopes == {DEVICES, AREAS}


@pytest.mark.parametrize(("verb", "said"), [("disable", DISABLED_OWNER), ("delete", BAD_TOKEN)])
async def test_the_token_of_who_is_gone_is_refused_within_five_seconds(
    *,
    ask: Ask,
    databases: Databases,
    clock: HeldClock,
    acme: Estate,
    authenticator: Authenticator,
    people: Principals,
    kind: str,
    verb: str,
    said: str,
) -> None:
    """401 with the challenge; an owner that is enabled again has its tokens again, one that is deleted never."""
    secret = await secret_of(databases, getattr(people, f"{kind}_token"))
    await caller(authenticator, secret)
    its = people.ids[noun(kind)]
    await changed(ask, acme, f"{verb}{noun(kind)}", id=its)
    clock.advance(FIVE)
    refused = await refusal(authenticator, secret)
    assert (refused.code, refused.message) == (Code.UNAUTHENTICATED, said)
    assert authenticator.knows(secret) is False
    if verb == "disable":
        await changed(ask, acme, f"enable{noun(kind)}", id=its)
        clock.advance(FIVE)
        assert (await caller(authenticator, secret)).scopes == {DEVICES, AREAS}


async def test_a_partners_person_reaches_its_customers_for_as_long_as_it_may(
    *, ask: Ask, databases: Databases, clock: HeldClock, acme: Estate, authenticator: Authenticator, people: Principals
) -> None:
    """By a role in the whole tenant; one that is bound to a node of its own estate holds in no other tenant."""
    customer = await make_tenant(databases, clock, "customer", acme.tenant)
    selector = TenantSelector(databases.app, clock)
    there = [(b"x-tenant-id", customer.slug.encode())]
    secret = await secret_of(databases, people.user_token)
    found = await selector.select(await authenticator.authenticate(header(secret)), there)
    assert found.tenant.id == customer.id
    assert found.scopes == {DEVICES, AREAS}
    await bind(databases, clock, acme.tenant.id, user_id=people.user.id, built_in="viewer", **room_columns(acme))
    await _taken(ask, acme, people, "user")
    clock.advance(FIVE)
    principal = await authenticator.authenticate(header(secret))
    assert Caller(principal, principal.home).scopes == {DEVICES, AREAS}
    with pytest.raises(Refusal) as refused:
        await selector.select(principal, there)
    assert refused.value.code is Code.TENANT_NOT_FOUND


async def test_a_role_that_is_bound_is_not_deleted(ask: Ask, acme: Estate, people: Principals) -> None:
    """It says how often it is bound, and goes when the bindings have gone."""
    role = people.ids["Role"]
    answered = await refused_deletion(ask, acme, role)
    assert answered["counts"] == [{"type": "RoleBinding", "count": 2}]
    await _taken(ask, acme, people, "user")
    assert (await refused_deletion(ask, acme, role))["counts"] == [{"type": "RoleBinding", "count": 1}]
    await _taken(ask, acme, people, "service_account")
    assert await changed(ask, acme, "deleteRole", id=role) == {"__typename": "Removal", "id": role}


async def refused_deletion(ask: Ask, estate: Estate, role: str) -> dict[str, Any]:
    """What the deletion of a role that is bound is answered."""
    answered = await change(ask, estate, "deleteRole", id=role)
    assert answered["__typename"] == "NotEmpty", answered
    return answered


@pytest.mark.parametrize("analysed", [False, True])
async def test_an_owners_bindings_are_found_by_an_index(
    *,
    urls: Urls,
    databases: Databases,
    clock: HeldClock,
    acme: Estate,
    people: Principals,
    kind: str,
    analysed: bool,
) -> None:
    """However many others the tenant has: the look-up of a token reads those of its owner alone."""
    users = [{"id": clock.new_id(), "name": f"n{at}"} for at in range(2_000)]
    common = {"tenant_id": acme.tenant.id, "created_at": clock.now()}
    async with databases.app.write(acme.tenant.id) as connection:
        await connection.execute(insert(User), [{**common, "updated_at": clock.now(), **each} for each in users])
        bindings = [{**common, "id": clock.new_id(), "user_id": each["id"], "built_in": "viewer"} for each in users]
        await connection.execute(insert(RoleBinding), bindings)
    if analysed:
        await run_as_superuser(urls.superuser, "ANALYZE role_binding", "ANALYZE tenant_user", "ANALYZE token")
    secret = await secret_of(databases, getattr(people, f"{kind}_token"))
    given = BY_HASH.bound({"hash": digest(secret)})
    async with databases.platform.read(None) as connection:
        raw: Any = (await connection.get_raw_connection()).driver_connection
        plan = "\n".join(line for (line,) in await raw.fetch(f"EXPLAIN {BY_HASH.text}", *given))
    assert "Seq Scan on role_binding" not in plan, plan
    assert "role_binding_pkey" not in plan, plan

"""The accounts of who signs in: made once, found again, disabled and deleted; the denials first."""

import asyncio
from datetime import timedelta
from typing import Any

import orjson
import pytest

from auth.authentication import Authenticator
from auth.codes import Code
from auth.principal import Caller
from auth.requirement import any_of
from auth.roles import BY_KEY
from auth.scopes import Scope
from auth.sign_in import DISABLED
from models.hierarchy import Node, ReachKind
from models.ids import Prefix, encode
from resolvers.auditing.checking import check
from schema.graph import Graph
from tenantry.databases import Databases
from tests.accounts import FIVE, PROGRAM, actions, refusal, server, shows, signed_in
from tests.ask import Ask
from tests.auditing import RECORDS, VALUES, rows_of
from tests.clock import HeldClock
from tests.estate import Estate
from tests.oidc import ABSENT, ENTRA, ISSUER, OID, entra_token, now, token
from tests.principal_changes import change, changed, listed
from tests.principals import bind, everybody
from tests.sql import statements
from tests.tokens import ask_as


@pytest.fixture
def authenticator(databases: Databases, clock: HeldClock, acme: Estate) -> Authenticator:
    """One process."""
    return server(databases, clock, acme)


async def test_who_is_disabled_is_refused_within_five_seconds(
    ask: Ask, databases: Databases, clock: HeldClock, acme: Estate, authenticator: Authenticator
) -> None:
    """Although the issuer's token is good, an older and a newer one; enabled again it signs in as before."""
    account = await signed_in(authenticator)
    its = encode(Prefix.USER, account.id)
    await changed(ask, acme, "disableUser", id=its)
    clock.advance(FIVE)
    told = await actions(databases, acme)
    for text in (token(), token(iat=now() + 5, jti="newer")):
        refused = await refusal(authenticator, text)
        assert (refused.code, refused.message) == (Code.UNAUTHENTICATED, DISABLED)
    assert await actions(databases, acme) == told  # nobody has signed in
    [shown] = await listed(ask, acme, "User")
    assert shown["lastSignedInAt"] == "2026-03-01T12:00:00.000Z"
    await changed(ask, acme, "enableUser", id=its)
    clock.advance(FIVE)
    assert (await signed_in(authenticator)).id == account.id


async def test_who_was_deleted_signs_in_as_somebody_new(
    ask: Ask, databases: Databases, clock: HeldClock, acme: Estate, authenticator: Authenticator
) -> None:
    """With an account of its own, which has none of the roles of the one before."""
    first = await signed_in(authenticator)
    await bind(databases, clock, acme.tenant.id, user_id=first.id, built_in="tenant-admin")
    await changed(ask, acme, "deleteUser", id=encode(Prefix.USER, first.id))
    clock.advance(FIVE)
    second = await signed_in(authenticator)
    assert second.id != first.id
    assert {scope for grant in second.grants for scope in grant.scopes} == {Scope.CONTEXT_READ}
    assert [each["id"] for each in await listed(ask, acme, "User")] == [encode(Prefix.USER, second.id)]


async def test_an_account_is_made_at_the_first_sign_in_and_recorded_with_its_evidence(
    ask: Ask, databases: Databases, acme: Estate, authenticator: Authenticator
) -> None:
    """Who it is by issuer and subject, which cohorts let it do what; and the chain verifies."""
    account = await signed_in(authenticator, groups=["admins"])
    its = encode(Prefix.USER, account.id)
    assert await listed(ask, acme, "User") == [
        {
            "id": its,
            "name": "Ada Lovelace",
            "email": None,
            "issuer": ISSUER.url,
            "subject": "person-1",
            "disabledAt": None,
            "lastSignedInAt": "2026-03-01T12:00:00.000Z",
            "version": 1,
        }
    ]
    found = await rows_of(databases, RECORDS, acme.tenant.id)
    assert [(row["action"], row["actor_id"], row["actor_name"], row["target_id"]) for row in found] == [
        ("user.created", its, None, its), ("sign_in.succeeded", its, None, its),
    ]  # fmt: skip
    values = {
        (row["number"], row["field"]): orjson.loads(row["after"])
        for row in await rows_of(databases, VALUES, acme.tenant.id)
    }
    assert values == {
        (1, "name"): "Ada Lovelace",
        (1, "issuer"): ISSUER.url,
        (1, "subject"): "person-1",
        (2, "issuer"): ISSUER.url,
        (2, "cohorts"): ["group admins: viewer", "everyone : customer"],
    }
    assert (await check(databases.app, acme.tenant.id, [], {})).ok


async def test_an_account_is_found_again_by_issuer_and_subject(
    ask: Ask, databases: Databases, clock: HeldClock, acme: Estate, authenticator: Authenticator
) -> None:
    """Each newer token is one record more; the same one again, or an older one, is none, in no process."""
    account = await signed_in(authenticator)
    again = server(databases, clock, acme)
    for process in (authenticator, again):
        for claims in ({}, {"iat": now() - 60}, {"name": "Countess Lovelace", "iat": now() - 1}):
            assert (await signed_in(process, **claims)).id == account.id
    assert await actions(databases, acme) == ["user.created", "sign_in.succeeded"]
    clock.advance(timedelta(minutes=1))
    for process in (authenticator, again):
        assert (await signed_in(process, iat=now() + 30)).id == account.id
    assert await actions(databases, acme) == ["user.created", "sign_in.succeeded", "sign_in.succeeded"]
    assert len(await listed(ask, acme, "User")) == 1


@pytest.mark.parametrize("claims", [{}, PROGRAM], ids=["person", "program"])
async def test_many_first_requests_at_once_make_one_account(
    databases: Databases, clock: HeldClock, acme: Estate, claims: dict[str, Any]
) -> None:
    """In several processes: one row, one record of each kind, and all are told the same account."""
    processes = [server(databases, clock, acme) for _ in range(3)]
    found = await asyncio.gather(*(signed_in(each, **claims) for each in processes for _ in range(4)))
    assert len({account.id for account in found}) == 1
    rows = await everybody(databases, acme.tenant.id)
    assert len(rows["User"]) + len(rows["ServiceAccount"]) == 1
    kind = "service_account" if claims else "user"
    assert await actions(databases, acme) == [f"{kind}.created", "sign_in.succeeded"]


async def test_a_warm_account_costs_no_statement_and_a_cold_one_two(
    databases: Databases, clock: HeldClock, acme: Estate, authenticator: Authenticator
) -> None:
    """The tenant and the account with its bindings; nothing is written for a token that was seen before."""
    await signed_in(authenticator)
    with statements() as sent:
        await signed_in(authenticator)
    assert sent == []
    with statements() as sent:
        await signed_in(server(databases, clock, acme))
    assert len(sent) == 2, sent


async def test_a_person_whom_an_admin_made_signs_in_as_that_person(
    ask: Ask, databases: Databases, clock: HeldClock, acme: Estate, authenticator: Authenticator
) -> None:
    """By issuer and subject, with the roles that were bound to it before."""
    made = await changed(ask, acme, "createUser", name="Ada", issuer=ISSUER.url, subject="person-1")
    await changed(ask, acme, "createRoleBinding", role=encode(Prefix.ROLE, BY_KEY["auditor"].id), principal=made["id"])
    principal = await shows(authenticator, token())
    assert principal.account is not None
    assert encode(Prefix.USER, principal.account.id) == made["id"]
    assert Scope.AUDIT_READ in Caller(principal, principal.home).scopes
    assert [each["name"] for each in await listed(ask, acme, "User")] == ["Ada Lovelace"]
    assert (await actions(databases, acme))[-1] == "sign_in.succeeded"


@pytest.mark.parametrize("noun", ["User", "ServiceAccount"])
async def test_nobody_takes_an_identity_that_an_account_has(
    ask: Ask, databases: Databases, acme: Estate, authenticator: Authenticator, noun: str
) -> None:
    """A second account of that subject is a conflict; a neighbour may have one of its own."""
    account = await signed_in(authenticator, **(PROGRAM if noun == "ServiceAccount" else {}))
    [shown] = await listed(ask, acme, noun)
    given = {"name": "Thief", "issuer": shown["issuer"], "subject": shown["subject"]}
    answered = await change(ask, acme, f"create{noun}", **given)
    assert answered["__typename"] == "Conflict", answered
    assert [each["name"] for each in await listed(ask, acme, noun)] == [account.name]


async def test_what_is_bound_to_an_account_adds_to_its_cohorts(
    databases: Databases, clock: HeldClock, acme: Estate, authenticator: Authenticator
) -> None:
    """Each on its node: devices in a room by a binding, in the whole tenant by a group."""
    account = await signed_in(authenticator)
    place = {"location_id": acme.location.id, "area_id": acme.area.id}
    await bind(databases, clock, acme.tenant.id, user_id=account.id, built_in="viewer", **place)
    clock.advance(FIVE)
    alone = await shows(authenticator, token())
    both = await shows(authenticator, token(groups=["admins"]))
    room = Node(ReachKind.AREA, acme.area.id, acme.location.id)
    devices = any_of(Scope.DEVICES_READ)
    assert Caller(alone, alone.home).reach(devices) == ((room,),)
    assert Caller(both, both.home).reach(devices) is None


async def test_a_person_of_entra_is_its_object_and_never_its_subject(
    ask: Ask, acme: Estate, authenticator: Authenticator
) -> None:
    """`sub` differs from one application to the next, (tid, oid) does not."""
    first = (await shows(authenticator, entra_token())).account
    again = (await shows(authenticator, entra_token(sub="pairwise-2"))).account
    program = (await shows(authenticator, entra_token(idtyp="app", scp=ABSENT, oid=OID))).account
    assert first is not None
    assert again is not None
    assert program is not None
    assert (first.id, first.prefix) == (again.id, Prefix.USER)
    assert program.prefix is Prefix.SERVICE_ACCOUNT  # the same object is no person where it acts for itself
    [person] = await listed(ask, acme, "User")
    assert (person["issuer"], person["subject"]) == (ENTRA.url, OID)


async def test_two_issuers_have_people_of_their_own(ask: Ask, acme: Estate, authenticator: Authenticator) -> None:
    """The same subject of another issuer is another person."""
    one = await signed_in(authenticator, sub=OID)
    other = (await shows(authenticator, entra_token())).account
    assert other is not None
    assert one.id != other.id
    assert len(await listed(ask, acme, "User")) == 2


@pytest.mark.parametrize("claims", [{}, PROGRAM], ids=["person", "program"])
async def test_the_caller_is_told_its_account(
    graph: Graph, acme: Estate, authenticator: Authenticator, claims: dict[str, Any]
) -> None:
    """What it showed is the issuer's token, which has no other name here than the account."""
    principal = await shows(authenticator, token(**claims))
    query = "{ me { name account { id name } token { id name } } }"
    me = (await ask_as(graph, Caller(principal, principal.home), query)).data["me"]
    assert principal.account is not None
    its = encode(principal.account.prefix, principal.account.id)
    shown = {"id": its, "name": principal.called}
    assert me == {"name": principal.called, "account": shown, "token": shown}

"""Whose a token is: who may make one for whom, and what the graph tells of its owner."""

from dataclasses import replace
from typing import Any

import pytest

from auth.authentication import DISABLED_OWNER, Authenticator
from auth.principal import Account, Principal
from auth.scopes import Scope
from auth.token import TokenPrefix
from models.hierarchy import Node, ReachKind
from models.ids import Prefix, encode
from schema.graph import Graph
from tenantry.databases import Databases
from tests.ask import Ask, caller_of
from tests.changing import EVERYTHING
from tests.clock import HeldClock
from tests.estate import Estate, make_estate
from tests.principal_changes import changed
from tests.principals import Principals, bind, everybody, make_principals, owned_by
from tests.tokens import CREATE, READ, ROTATE, ROTATE_OWN, VERIFY, ask_as, bound_to, created, document, shows

ALL = frozenset(EVERYTHING)
OWNERS = "{ tokens(orderBy: NAME_ASC) { nodes { name user { id name } serviceAccount { id name } } } }"
KINDS = [(Prefix.USER, "user", TokenPrefix.PERSON), (Prefix.SERVICE_ACCOUNT, "service_account", TokenPrefix.SERVICE)]


@pytest.fixture
async def people(databases: Databases, clock: HeldClock, acme: Estate) -> Principals:
    """Acme's, whose role is tenant admin's."""
    return await make_principals(databases, clock, acme.tenant.id, *EVERYTHING)


@pytest.fixture
def authenticator(databases: Databases, clock: HeldClock) -> Authenticator:
    """As a server makes it."""
    return Authenticator(databases.platform, clock)


def asked(owner: str | None = None, **given: Any) -> dict[str, Any]:
    """The input of a token that reads devices."""
    return {"name": "x", "scopes": [READ], "owner": owner, **given}


@pytest.mark.parametrize(("prefix", "kind", "begins"), KINDS)
async def test_a_token_is_its_makers_where_nothing_is_said(
    *,
    graph: Graph,
    clock: HeldClock,
    acme: Estate,
    people: Principals,
    authenticator: Authenticator,
    prefix: Prefix,
    kind: str,
    begins: TokenPrefix,
) -> None:
    """A person's begins with tnt_pat_, a program's with tnt_svc_, also after a rotation; each tells whose it is."""
    owner = getattr(people, kind)
    caller = owned_by(caller_of(acme.tenant, clock, ALL), prefix, owner, [{"scopes": EVERYTHING}])
    for given in (asked(), asked(encode(prefix, owner.id), name="named")):
        made = (await ask_as(graph, caller, document(CREATE), **{"in": given})).data[CREATE]
        assert made["secret"].startswith(begins), made
        principal = await shows(authenticator, made["secret"])
        assert isinstance(principal, Principal)
        assert isinstance(principal.account, Account)
        assert (principal.account.prefix, principal.account.id) == (prefix, owner.id)
        assert (principal.called, principal.kind) == (owner.name, "USER" if kind == "user" else "SERVICE")
        its = {"in": {"id": made["token"]["id"]}}
        rotated = (await ask_as(graph, caller, document(ROTATE), **its)).data[ROTATE]
        assert rotated["secret"].startswith(begins), rotated
    column = "user" if kind == "user" else "serviceAccount"
    shown = {each["name"]: each[column] for each in (await ask_as(graph, caller, OWNERS)).data["tokens"]["nodes"]}
    assert shown["x"] == shown["named"] == {"id": encode(prefix, owner.id), "name": owner.name}


async def test_a_token_of_a_caller_without_an_account_is_the_tenants(
    ask: Ask, acme: Estate, authenticator: Authenticator
) -> None:
    """Nobody owns it, as it was before there were accounts."""
    made = await created(ask, acme)
    principal = await shows(authenticator, made["secret"])
    assert isinstance(principal, Principal)
    assert (principal.account, principal.called) == (None, "dashboard")
    outcome = await ask(acme, OWNERS, *EVERYTHING)
    assert outcome.data["tokens"]["nodes"] == [{"name": "dashboard", "user": None, "serviceAccount": None}]


async def test_a_persons_token_is_made_by_that_person_alone(
    ask: Ask, databases: Databases, acme: Estate, people: Principals, clock: HeldClock
) -> None:
    """Somebody else's is refused, whoever that is, and whether there is such a person or not."""
    before = await everybody(databases, acme.tenant.id)
    answers = [
        (await ask(acme, document(CREATE), *EVERYTHING, **{"in": asked(each)})).answer
        for each in (people.ids["User"], encode(Prefix.USER, clock.new_id()), "usr_nonsense")
    ]
    assert answers == answers[:1] * 3
    assert b'"Forbidden"' in answers[0].body
    assert await everybody(databases, acme.tenant.id) == before


async def test_nobody_is_given_the_secret_of_somebody_elses_token(
    *, ask: Ask, graph: Graph, databases: Databases, clock: HeldClock, acme: Estate, people: Principals
) -> None:
    """Whoever rotated it would act in that person's name, whatever it holds itself; a program's and its own it may."""
    before = await everybody(databases, acme.tenant.id)
    ours, robots = (encode(Prefix.TOKEN, each.id) for each in (people.user_token, people.service_account_token))
    answered = (await ask(acme, document(ROTATE), *EVERYTHING, **{"in": {"id": ours}})).data[ROTATE]
    assert (answered["__typename"], answered["missing"]) == ("Forbidden", [])
    assert await everybody(databases, acme.tenant.id) == before
    answered = (await ask(acme, document(ROTATE), *EVERYTHING, **{"in": {"id": robots}})).data[ROTATE]
    assert answered["__typename"] == "IssuedToken"
    ada = owned_by(caller_of(acme.tenant, clock, ALL), Prefix.USER, people.user, [{"scopes": EVERYTHING}])
    answered = (await ask_as(graph, ada, document(ROTATE), **{"in": {"id": ours}})).data[ROTATE]
    assert answered["__typename"] == "IssuedToken"


async def test_a_token_is_made_for_a_program_of_the_tenant(
    ask: Ask, databases: Databases, clock: HeldClock, acme: Estate, globex: Estate
) -> None:
    """A neighbour's is one that never was, as what is no account at all."""
    ours = await make_principals(databases, clock, acme.tenant.id, Scope.DEVICES_READ)
    theirs = await make_principals(databases, clock, globex.tenant.id, Scope.DEVICES_READ)
    named = [theirs.ids["ServiceAccount"], encode(Prefix.SERVICE_ACCOUNT, clock.new_id()), "nonsense", ours.ids["Role"]]
    answers = [(await ask(acme, document(CREATE), *EVERYTHING, **{"in": asked(each)})).answer for each in named]
    assert answers == answers[:1] * 4
    assert b'"NotFound"' in answers[0].body
    made = await created(ask, acme, owner=ours.ids["ServiceAccount"])
    assert made["secret"].startswith("tnt_svc_")


async def test_a_tokens_owner_has_a_role_with_each_of_its_scopes(
    ask: Ask, databases: Databases, clock: HeldClock, acme: Estate
) -> None:
    """Otherwise it would say more than it gives: the scopes that are missing are named, and none is made."""
    ours = await make_principals(databases, clock, acme.tenant.id, Scope.DEVICES_READ)
    before = await everybody(databases, acme.tenant.id)
    scopes = [READ, "tenant.areas.read", "tenant.areas.write", "tenant.schema.read"]
    given = asked(ours.ids["ServiceAccount"], scopes=scopes)
    answered = (await ask(acme, document(CREATE), *EVERYTHING, **{"in": given})).data[CREATE]
    assert answered["__typename"] == "Invalid", answered
    assert [each["path"] for each in answered["fields"]] == [["scopes"]]
    assert "tenant.areas.read, tenant.areas.write:" in answered["fields"][0]["message"]
    assert await everybody(databases, acme.tenant.id) == before


async def test_a_maker_gives_a_program_no_more_than_itself_holds(
    ask: Ask, graph: Graph, clock: HeldClock, acme: Estate, people: Principals
) -> None:
    """Whatever the program may do: neither a scope nor a node beyond its own."""
    its = people.ids["ServiceAccount"]
    few = (Scope.TOKENS_WRITE, Scope.TOKENS_READ)
    answered = (await ask(acme, document(CREATE), *few, **{"in": asked(its)})).data[CREATE]
    assert (answered["__typename"], answered["missing"]) == ("Forbidden", [READ])
    room = bound_to(acme, clock, Node(ReachKind.AREA, acme.area.id, acme.location.id), ALL)
    answers = [
        (await ask_as(graph, room, document(CREATE), **{"in": asked(each, node=acme.ids["Area"])})).answer
        for each in (its, encode(Prefix.SERVICE_ACCOUNT, clock.new_id()))
    ]
    assert answers[0] == answers[1]  # it has its role in the whole tenant, so that it is not seen from the room
    assert b'"NotFound"' in answers[0].body


async def test_who_sees_no_programs_names_those_where_it_makes_tokens(
    *, graph: Graph, databases: Databases, clock: HeldClock, acme: Estate, people: Principals
) -> None:
    """And no others."""
    place = {"location_id": acme.location.id, "area_id": acme.area.id}
    await bind(
        databases, clock, acme.tenant.id, service_account_id=people.service_account.id, role_id=people.role.id, **place
    )
    room = Node(ReachKind.AREA, acme.area.id, acme.location.id)
    caller = bound_to(acme, clock, room, frozenset({Scope.TOKENS_WRITE, Scope.TOKENS_READ, Scope.DEVICES_READ}))
    for node, said in ((acme.ids["Area"], "IssuedToken"), (acme.ids["Location"], "NotFound")):
        given = asked(people.ids["ServiceAccount"], node=node, name=said)
        outcome = await ask_as(graph, caller, document(CREATE), **{"in": given})
        assert outcome.data[CREATE]["__typename"] == said, outcome.data


@pytest.mark.parametrize(("prefix", "kind", "_begins"), KINDS)
async def test_who_is_disabled_owns_no_new_token(
    *,
    ask: Ask,
    graph: Graph,
    clock: HeldClock,
    acme: Estate,
    people: Principals,
    prefix: Prefix,
    kind: str,
    _begins: Any,
) -> None:
    """Not even by its own hand, in the seconds that are left to it."""
    noun = "User" if kind == "user" else "ServiceAccount"
    caller = owned_by(caller_of(acme.tenant, clock, ALL), prefix, getattr(people, kind), [{"scopes": EVERYTHING}])
    await changed(ask, acme, f"disable{noun}", id=people.ids[noun])
    answered = (await ask_as(graph, caller, document(CREATE), **{"in": asked()})).data[CREATE]
    assert answered["__typename"] == "Conflict", answered
    await changed(ask, acme, f"delete{noun}", id=people.ids[noun])
    answered = (await ask_as(graph, caller, document(CREATE), **{"in": asked()})).data[CREATE]
    assert answered["__typename"] == "NotFound", answered


async def test_what_a_partner_makes_in_a_customers_tenant_is_the_customers(
    graph: Graph, databases: Databases, clock: HeldClock, acme: Estate, people: Principals
) -> None:
    """A partner's person is nobody there: the token has no owner, or a program of that tenant."""
    customer = await make_estate(databases, clock, "customer", acme.tenant)
    theirs = await make_principals(databases, clock, customer.tenant.id, Scope.DEVICES_READ)
    caller = owned_by(
        caller_of(acme.tenant, clock, ALL, customer.tenant), Prefix.USER, people.user, [{"scopes": EVERYTHING}]
    )
    said = {None: "IssuedToken", theirs.ids["ServiceAccount"]: "IssuedToken"}
    said |= {people.ids["User"]: "Forbidden", people.ids["ServiceAccount"]: "NotFound"}
    for number, (owner, answer) in enumerate(said.items()):
        outcome = await ask_as(graph, caller, document(CREATE), **{"in": asked(owner, name=f"n{number}")})
        assert outcome.data[CREATE]["__typename"] == answer, (owner, outcome.data)
    found = (await everybody(databases, customer.tenant.id))["Token"]
    assert {(row["name"], row["user_id"], row["service_account_id"]) for row in found} >= {
        ("n0", None, None), ("n1", None, theirs.service_account.id),
    }  # fmt: skip


@pytest.mark.parametrize("noun", ["User", "ServiceAccount"])
async def test_a_token_of_a_disabled_owner_is_verified_as_such(
    *,
    ask: Ask,
    graph: Graph,
    clock: HeldClock,
    acme: Estate,
    people: Principals,
    authenticator: Authenticator,
    noun: str,
) -> None:
    """It is refused with words of its own; enabled again, it is good again; deleted, it is revoked."""
    owner, prefix = (people.user, Prefix.USER) if noun == "User" else (people.service_account, Prefix.SERVICE_ACCOUNT)
    caller = owned_by(caller_of(acme.tenant, clock, ALL), prefix, owner, [{"scopes": EVERYTHING}])
    made = (await ask_as(graph, caller, document(CREATE), **{"in": asked()})).data[CREATE]
    states = {"disable": "DISABLED", "enable": "ACTIVE", "delete": "REVOKED"}
    for verb, state in states.items():
        await changed(ask, acme, f"{verb}{noun}", id=people.ids[noun])
        verified = (await ask(acme, VERIFY, *EVERYTHING, text=made["secret"])).data["verifyToken"]
        assert (verified["state"], verified["goodUntil"] is not None) == (state, state == "ACTIVE")
        shown = await shows(authenticator, made["secret"])
        assert (shown == DISABLED_OWNER) == (state == "DISABLED")
        assert isinstance(shown, Principal) == (state == "ACTIVE")


@pytest.mark.parametrize(("prefix", "kind", "_begins"), KINDS)
async def test_the_caller_is_told_for_which_account_it_acts(
    *, graph: Graph, clock: HeldClock, acme: Estate, people: Principals, prefix: Prefix, kind: str, _begins: Any
) -> None:
    """By its name, as the one who acts; who acts for no account is told none."""
    owner = getattr(people, kind)
    caller = caller_of(acme.tenant, clock, ALL)
    query = "{ me { name scopes account { id name } token { name } } }"
    nobody = (await ask_as(graph, caller, query)).data["me"]
    assert (nobody["name"], nobody["account"]) == ("a test", None)
    told = (await ask_as(graph, owned_by(caller, prefix, owner, [{"scopes": [READ]}]), query)).data["me"]
    assert told["account"] == {"id": encode(prefix, owner.id), "name": owner.name}
    assert (told["name"], told["token"], told["scopes"]) == (owner.name, {"name": "a test"}, [READ])


async def test_who_signed_in_has_no_token_to_rotate(
    graph: Graph, clock: HeldClock, acme: Estate, people: Principals
) -> None:
    """What it showed is the issuer's."""
    caller = owned_by(caller_of(acme.tenant, clock, ALL), Prefix.USER, people.user, [{"scopes": EVERYTHING}])
    principal = replace(caller.principal, token_id=people.user.id, signed_in=True)
    outcome = await ask_as(graph, replace(caller, principal=principal), document(ROTATE_OWN), **{"in": {}})
    assert outcome.data[ROTATE_OWN]["__typename"] == "NotFound"

"""Whom a reader does not see, it finds nothing of by filters either: whose a token is, and who has which role."""

from typing import Any

import pytest

from auth.principal import Caller
from auth.scopes import Scope
from models.ids import Prefix, encode
from schema.graph import Graph
from tenantry.databases import Databases
from tests.ask import caller_of
from tests.clock import HeldClock
from tests.estate import Estate
from tests.principals import Principals, bind, make_principals, owned_by
from tests.tokens import ask_as

READS = [Scope.TOKENS_READ, Scope.ROLES_READ]
PEOPLE = [Scope.USERS_READ, Scope.SERVICE_ACCOUNTS_READ]
CONDITIONS = ("{eq: $id}", "{in: [$id]}", "{ne: $id}")
OWNERS = [("userId", Prefix.USER, "user"), ("serviceAccountId", Prefix.SERVICE_ACCOUNT, "service_account")]
every_owner = pytest.mark.parametrize(("name", "prefix", "kind"), OWNERS)


@pytest.fixture
async def people(databases: Databases, clock: HeldClock, acme: Estate) -> Principals:
    """Those who have their role in the whole tenant."""
    return await make_principals(databases, clock, acme.tenant.id, Scope.DEVICES_READ)


@pytest.fixture
async def guard(databases: Databases, clock: HeldClock, acme: Estate) -> Principals:
    """Those who have theirs in a room."""
    place = {"location_id": acme.location.id, "area_id": acme.area.id}
    return await make_principals(databases, clock, acme.tenant.id, Scope.DEVICES_READ, who="guard", **place)


def blind(estate: Estate, clock: HeldClock, guard: Principals) -> Caller:
    """Who sees tokens and bindings, and nobody."""
    return caller_of(estate.tenant, clock, frozenset(READS))


def half_blind(estate: Estate, clock: HeldClock, guard: Principals) -> Caller:
    """Who sees tokens and bindings everywhere, and people where they are in the room."""
    everywhere = caller_of(estate.tenant, clock, frozenset([*READS, *PEOPLE]))
    room = {"location_id": estate.location.id, "area_id": estate.area.id}
    bindings: list[dict[str, Any]] = [{"scopes": READS}, {"scopes": PEOPLE, **room}]
    return owned_by(everywhere, Prefix.USER, guard.user, bindings)


def filtered(name: str) -> str:
    """Both lists, filtered by an id in every way."""
    fields = (
        f"{listed}{at}: {listed}(filter: {{{name}: {condition}}}) {{ totalCount nodes {{ id }} }}"
        for listed in ("tokens", "roleBindings")
        for at, condition in enumerate(CONDITIONS)
    )
    return f"query ($id: ID!) {{ {' '.join(fields)} }}"


@every_owner
@pytest.mark.parametrize("reader", [blind, half_blind])
async def test_nobody_is_found_by_an_id_that_the_reader_does_not_see(
    *,
    graph: Graph,
    clock: HeldClock,
    acme: Estate,
    people: Principals,
    guard: Principals,
    reader: Any,
    name: str,
    prefix: Prefix,
    kind: str,
) -> None:
    """The answers are those for an id that never was, byte for byte."""
    caller = reader(acme, clock, guard)
    theirs, nobodys = [
        await ask_as(graph, caller, filtered(name), id=encode(prefix, each))
        for each in (getattr(people, kind).id, clock.new_id())
    ]
    assert theirs.errors == []
    assert theirs.answer == nobodys.answer


@every_owner
async def test_who_is_not_seen_is_nobody(
    *,
    graph: Graph,
    clock: HeldClock,
    acme: Estate,
    people: Principals,
    guard: Principals,
    name: str,
    prefix: Prefix,
    kind: str,
) -> None:
    """A token and a binding of theirs have none, shown so and found so; those of who is seen have theirs."""
    field = "user" if kind == "user" else "serviceAccount"
    shown = f"nodes {{ {field} {{ id }} }}"
    query = " ".join(
        f"{listed}{at}: {listed}(filter: {{{name}: {{isNull: {wanted}}}}}) {{ totalCount {shown} }}"
        for listed in ("tokens", "roleBindings")
        for at, wanted in enumerate(("true", "false"))
    )
    outcome = await ask_as(graph, half_blind(acme, clock, guard), f"{{ {query} }}")
    its = {field: {"id": encode(prefix, getattr(guard, kind).id)}}
    for listed in ("tokens", "roleBindings"):
        assert outcome.data[f"{listed}0"] == {"totalCount": 3, "nodes": [{field: None}] * 3}
        assert outcome.data[f"{listed}1"] == {"totalCount": 1, "nodes": [its]}


@every_owner
async def test_who_sees_everybody_finds_everybody(
    *,
    graph: Graph,
    databases: Databases,
    clock: HeldClock,
    acme: Estate,
    people: Principals,
    name: str,
    prefix: Prefix,
    kind: str,
) -> None:
    """By the id of an owner, its tokens and its bindings and no others."""
    its = getattr(people, kind).id
    more = await bind(databases, clock, acme.tenant.id, **{f"{kind}_id": its}, built_in="viewer")
    query = f"""query ($id: ID!) {{ tokens(filter: {{{name}: {{eq: $id}}}}) {{ nodes {{ id }} }}
      roleBindings(filter: {{{name}: {{eq: $id}}}}) {{ nodes {{ id }} }} }}"""
    everything = caller_of(acme.tenant, clock, frozenset([*READS, *PEOPLE]))
    outcome = await ask_as(graph, everything, query, id=encode(prefix, its))
    tokens, bindings = ([each["id"] for each in outcome.data[listed]["nodes"]] for listed in ("tokens", "roleBindings"))
    assert tokens == [encode(Prefix.TOKEN, getattr(people, f"{kind}_token").id)]
    first = getattr(people, f"{kind}_binding").id
    assert bindings == [encode(Prefix.ROLE_BINDING, each) for each in (first, more.id)]

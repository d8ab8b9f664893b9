"""Repeated requests about who may do what: answered as the first time, to who may still see it."""

from typing import Any

import pytest

from auth.scopes import Scope
from models.hierarchy import Node, ReachKind
from schema.graph import Graph
from tenantry.databases import Databases
from tests.ask import Ask, caller_of
from tests.changing import EVERYTHING
from tests.clock import HeldClock
from tests.estate import Estate
from tests.principal_changes import MATRIX, change, document, listed
from tests.principals import Principals, everybody, make_principals
from tests.tokens import CREATE, READ, REVOKE_OWN, ROTATE_OWN, ask_as, bound_to, created, with_token
from tests.tokens import document as token_document

ALL = frozenset(EVERYTHING)


@pytest.fixture
async def guard(databases: Databases, clock: HeldClock, acme: Estate) -> Principals:
    """People with a role in a room."""
    place = {"location_id": acme.location.id, "area_id": acme.area.id}
    return await make_principals(databases, clock, acme.tenant.id, Scope.DEVICES_READ, **place)


@pytest.mark.parametrize("field", [CREATE, "createRoleBinding"])
async def test_what_has_left_the_reach_is_not_shown_again(
    *, graph: Graph, databases: Databases, clock: HeldClock, acme: Estate, guard: Principals, field: str
) -> None:
    """Of a caller that was bound to the room, and is bound to another place since."""
    room = Node(ReachKind.AREA, acme.area.id, acme.location.id)
    elsewhere = Node(ReachKind.LOCATION, clock.new_id())
    role = {"role": guard.ids["Role"], "principal": guard.ids["User"]}
    # Once more in the room: there it is bound already, so that another role is needed.
    given = {"name": "new", "scopes": [READ]} if field == CREATE else role | {"role": await viewer(graph, clock, acme)}
    asked = {"in": {**given, "node": acme.ids["Area"], "clientMutationId": "once"}}
    query = token_document(field) if field == CREATE else document(field)
    first, again, later = [
        (await ask_as(graph, bound_to(acme, clock, node, ALL), query, **asked)).data[field]
        for node in (room, room, elsewhere)
    ]
    assert again == ({**first, "secret": None} if field == CREATE else first)
    assert (later["__typename"], "reach" in later["message"]) == ("Conflict", True)


async def viewer(graph: Graph, clock: HeldClock, estate: Estate) -> str:
    """The id of a role that every tenant has."""
    outcome = await ask_as(graph, caller_of(estate.tenant, clock, ALL), "{ builtInRoles { id key } }")
    [found] = [each["id"] for each in outcome.data["builtInRoles"] if each["key"] == "viewer"]
    return str(found)


@pytest.mark.parametrize("field", [ROTATE_OWN, REVOKE_OWN])
async def test_ones_own_token_is_always_ones_own(
    graph: Graph, ask: Ask, acme: Estate, clock: HeldClock, field: str
) -> None:
    """Repeated without any right to write tokens, from a node that the token is not bound to."""
    made = (await created(ask, acme))["token"]
    caller = with_token(acme, clock, made["id"], Scope.TOKENS_READ)
    asked = {"in": {"clientMutationId": "once"}}
    first, again = [(await ask_as(graph, caller, token_document(field), **asked)).data[field] for _ in range(2)]
    assert first["__typename"] in {"Token", "IssuedToken"}
    assert again == ({**first, "secret": None} if field == ROTATE_OWN else first)


@pytest.mark.parametrize("field", MATRIX)
async def test_a_repeated_change_is_made_once(
    ask: Ask, databases: Databases, clock: HeldClock, acme: Estate, field: str
) -> None:
    """The answer is that of the first time, and nothing changes any more."""
    people = await make_principals(databases, clock, acme.tenant.id, Scope.DEVICES_READ)
    given: dict[str, Any] = {**MATRIX[field]({**acme.ids, **people.ids}), "clientMutationId": "once"}
    if field == "deleteRole":
        for binding in await listed(ask, acme, "RoleBinding"):
            await change(ask, acme, "deleteRoleBinding", id=binding["id"])
    first = await change(ask, acme, field, **given)
    assert "message" not in first, first
    after = await everybody(databases, acme.tenant.id)
    assert await change(ask, acme, field, **given) == first
    assert await everybody(databases, acme.tenant.id) == after

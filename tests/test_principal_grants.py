"""Nobody grants what they do not hold: by binding, by a role's scopes, by enabling, in no tenant and on no node."""

from types import SimpleNamespace
from typing import Any

import pytest

from auth.bindings import grants_of
from auth.principal import Caller
from auth.roles import BY_KEY
from auth.scopes import Scope
from models import PLATFORM_ID
from models.hierarchy import Node, ReachKind
from models.ids import Prefix, encode
from schema.graph import Graph
from tenantry.databases import Databases
from tests.ask import Ask, caller_of
from tests.changing import EVERYTHING
from tests.clock import HeldClock
from tests.estate import Estate, make_estate
from tests.principal_changes import change, changed, document
from tests.principals import Principals, bind, everybody, make_principals, owned_by
from tests.tokens import ask_as, bound_to

BIND, DEVICES, AREAS = "createRoleBinding", Scope.DEVICES_READ, Scope.AREAS_READ
PLATFORM = SimpleNamespace(id=PLATFORM_ID, slug="platform", status="ACTIVE", path=[PLATFORM_ID])
PLACE = ("organization_id", "location_id", "area_id")
# Enough to bind roles and to be shown what was bound.
BINDING = frozenset({Scope.ROLES_WRITE, Scope.ROLES_READ, Scope.USERS_READ})


@pytest.fixture
async def people(databases: Databases, clock: HeldClock, acme: Estate) -> Principals:
    """Acme's, who read devices."""
    return await make_principals(databases, clock, acme.tenant.id, DEVICES)


def built_in(key: str) -> str:
    """The id of a role that every tenant has."""
    return encode(Prefix.ROLE, BY_KEY[key].id)


def binds(people: Principals, role: str | None = None, node: str | None = None) -> dict[str, Any]:
    """The input of a binding for the person, of the people's own role unless another is named."""
    return {"role": role or people.ids["Role"], "principal": people.ids["User"], "node": node}


async def test_a_role_is_bound_by_who_holds_its_scopes_alone(
    graph: Graph, databases: Databases, clock: HeldClock, acme: Estate, people: Principals
) -> None:
    """Each scope that is missing is named, of a built-in role too, and nothing is bound."""
    before = await everybody(databases, acme.tenant.id)
    caller = caller_of(acme.tenant, clock, BINDING)
    for role, missing in ((None, [DEVICES]), (built_in("tenant-admin"), sorted(set(EVERYTHING) - BINDING))):
        asked = binds(people, role, acme.ids["Area"])
        answered = (await ask_as(graph, caller, document(BIND), **{"in": asked})).data[BIND]
        assert (answered["__typename"], answered["missing"]) == ("Forbidden", missing)
    assert await everybody(databases, acme.tenant.id) == before


@pytest.mark.parametrize(
    ("node", "said"),
    [
        (lambda estate: None, "Forbidden"),
        (lambda estate: encode(Prefix.TENANT, estate.tenant.id), "Forbidden"),
        (lambda estate: estate.ids["Organization"], "NotFound"),
        (lambda estate: estate.ids["Location"], "NotFound"),
        (lambda estate: encode(Prefix.AREA, estate.floor.id), "RoleBinding"),
        (lambda estate: estate.ids["Area"], "RoleBinding"),
    ],
)
async def test_a_role_is_bound_no_further_than_its_binder_reaches(
    *, graph: Graph, databases: Databases, clock: HeldClock, acme: Estate, node: Any, said: str
) -> None:
    """Of a binder who is bound to a floor: the tenant is refused, what is around the floor is not there."""
    place = {"location_id": acme.location.id, "area_id": acme.area.id}
    guard = await make_principals(databases, clock, acme.tenant.id, AREAS, who="guard", **place)
    floor = bound_to(acme, clock, Node(ReachKind.AREA, acme.floor.id, acme.location.id), frozenset(EVERYTHING))
    asked = binds(guard, built_in("viewer"), node(acme))
    outcome = await ask_as(graph, floor, document(BIND), **{"in": asked})
    assert outcome.data[BIND]["__typename"] == said, outcome.data


async def test_a_scope_that_is_held_elsewhere_is_not_held(
    graph: Graph, databases: Databases, clock: HeldClock, acme: Estate, people: Principals
) -> None:
    """Who binds everywhere and reads devices in a room gives on devices in that room alone."""
    caller = mixed(clock, acme, people)
    for node, said in ((acme.ids["Location"], "Forbidden"), (None, "Forbidden"), (acme.ids["Area"], "RoleBinding")):
        outcome = await ask_as(graph, caller, document(BIND), **{"in": binds(people, node=node)})
        assert outcome.data[BIND]["__typename"] == said, (node, outcome.data)


def mixed(clock: HeldClock, estate: Estate, people: Principals, *scopes: Scope) -> Caller:
    """The program, which writes roles and people (and `scopes`) everywhere, and reads devices in a room."""
    everywhere = [*BINDING, Scope.USERS_WRITE, Scope.SERVICE_ACCOUNTS_WRITE, *scopes]
    room = {"scopes": [DEVICES], "location_id": estate.location.id, "area_id": estate.area.id}
    all_of_it = caller_of(estate.tenant, clock, frozenset(EVERYTHING))
    return owned_by(all_of_it, Prefix.SERVICE_ACCOUNT, people.service_account, [{"scopes": everywhere}, room])


async def test_who_is_bound_names_nobody_that_it_does_not_see(
    graph: Graph, databases: Databases, clock: HeldClock, acme: Estate, people: Principals
) -> None:
    """A person with a role in the whole tenant is one that never was; without the right to see anybody, too."""
    for scopes in (frozenset(EVERYTHING), BINDING | {DEVICES}, BINDING - {Scope.USERS_READ} | {DEVICES}):
        room = bound_to(acme, clock, Node(ReachKind.AREA, acme.area.id, acme.location.id), scopes)
        answers = [
            await ask_as(
                graph, room, document(BIND), **{"in": binds(people, node=acme.ids["Area"]) | {"principal": each}}
            )
            for each in (people.ids["User"], encode(Prefix.USER, clock.new_id()))
        ]
        assert answers[0].answer == answers[1].answer
        assert answers[0].data[BIND]["__typename"] == "NotFound"
    assert len((await everybody(databases, acme.tenant.id))["RoleBinding"]) == 2


async def test_who_writes_roles_alone_gives_itself_nothing(
    graph: Graph, databases: Databases, clock: HeldClock, acme: Estate, people: Principals
) -> None:
    """Neither by binding itself, nor by a new role, nor by a scope more in the role that it has."""
    before = await everybody(databases, acme.tenant.id)
    caller = owned_by(
        caller_of(acme.tenant, clock, frozenset(EVERYTHING)), Prefix.USER, people.user, [{"scopes": sorted(BINDING)}]
    )
    more = ["tenant.devices.read", "tenant.devices.write"]
    asked = [
        (BIND, binds(people, built_in("tenant-admin"))),
        ("createRole", {"name": "more", "scopes": more}),
        ("updateRole", {"id": people.ids["Role"], "scopes": more}),
    ]
    for field, given in asked:
        answered = (await ask_as(graph, caller, document(field), **{"in": given})).data[field]
        assert answered["__typename"] == "Forbidden", answered
    assert await everybody(databases, acme.tenant.id) == before


@pytest.mark.parametrize("key", [key for key, role in BY_KEY.items() if role.operators])
async def test_no_tenant_binds_a_role_of_operators(
    *, ask: Ask, graph: Graph, clock: HeldClock, acme: Estate, people: Principals, key: str
) -> None:
    """Not even an operator binds one there; and they are not listed where they cannot be bound."""
    operator = caller_of(PLATFORM, clock, frozenset(Scope), acme.tenant)
    outcome = await ask_as(graph, operator, document(BIND), **{"in": binds(people, built_in(key))})
    assert outcome.data[BIND]["__typename"] == "Forbidden"
    outcome = await ask(acme, "{ builtInRoles { key } }", Scope.ROLES_READ)
    assert key not in {each["key"] for each in outcome.data["builtInRoles"]}


async def test_a_role_gives_nothing_across_tenants_in_a_tenant(
    ask: Ask, databases: Databases, acme: Estate, people: Principals
) -> None:
    """A tenant's admin binds a role that names such a scope: what is bound gives the rest, and is shown so."""
    assert Scope.PLATFORM_TENANTS_READ in BY_KEY["customer"].scopes
    await changed(ask, acme, BIND, **binds(people, built_in("customer")))
    held = grants_of(acme.tenant.id, [{"built_in": "customer", **dict.fromkeys(PLACE)}])
    assert [grant.scopes for grant in held] == [{Scope.CONTEXT_READ}]
    outcome = await ask(acme, "{ roleBindings { nodes { role { key scopes } } } }", Scope.ROLES_READ)
    assert {"key": "customer", "scopes": ["tenant.context.read"]} in [
        each["role"] for each in outcome.data["roleBindings"]["nodes"]
    ]


@pytest.mark.parametrize("field", ["createRole", "updateRole"])
async def test_no_role_of_a_tenant_names_a_scope_across_tenants(
    graph: Graph, clock: HeldClock, acme: Estate, people: Principals, field: str
) -> None:
    """Whoever asks, an operator too: it would give nothing, and say that it does."""
    operator = caller_of(PLATFORM, clock, frozenset(Scope), acme.tenant)
    given: dict[str, Any] = {"scopes": ["platform.tenants.read"]}
    given |= {"name": "across"} if field == "createRole" else {"id": people.ids["Role"]}
    answered = (await ask_as(graph, operator, document(field), **{"in": given})).data[field]
    assert answered["__typename"] == "Invalid", answered
    assert [each["path"] for each in answered["fields"]] == [["scopes"]]


async def test_a_roles_scopes_are_added_by_who_holds_them_everywhere(
    graph: Graph, clock: HeldClock, acme: Estate, people: Principals
) -> None:
    """Everybody who has the role gets them; who reads devices in a room adds nothing, and takes away what it likes."""
    caller = mixed(clock, acme, people)
    role = people.ids["Role"]
    refused: list[tuple[str, dict[str, Any], Scope]] = [
        ("createRole", {"name": "new", "scopes": [DEVICES]}, DEVICES),
        ("updateRole", {"id": role, "scopes": [DEVICES, AREAS]}, AREAS),
    ]
    for field, given, missing in refused:
        answered = (await ask_as(graph, caller, document(field), **{"in": given})).data[field]
        assert answered["__typename"] == "Forbidden", answered
        assert answered["missing"] == [missing]
    narrower = {"id": role, "scopes": ["tenant.users.read"]}
    answered = (await ask_as(graph, caller, document("updateRole"), **{"in": narrower})).data["updateRole"]
    assert answered["scopes"] == ["tenant.users.read"]


@pytest.mark.parametrize(("kind", "noun"), [("user", "User"), ("service_account", "ServiceAccount")])
async def test_what_is_disabled_is_enabled_by_who_holds_all_of_its_roles(
    *, graph: Graph, ask: Ask, acme: Estate, clock: HeldClock, people: Principals, kind: str, noun: str
) -> None:
    """Everywhere, not in one room; who holds less may still disable."""
    its = {"id": people.ids[noun]}
    reading = (Scope.SERVICE_ACCOUNTS_READ,)
    caller = mixed(clock, acme, people, *reading)
    disabled = await ask_as(graph, caller, document(f"disable{noun}"), **{"in": its})
    assert disabled.data[f"disable{noun}"]["disabledAt"] == "2026-03-01T12:00:00.123Z"
    answered = (await ask_as(graph, caller, document(f"enable{noun}"), **{"in": its})).data[f"enable{noun}"]
    assert (answered["__typename"], answered["missing"]) == ("Forbidden", [DEVICES])
    more = mixed(clock, acme, people, *reading, DEVICES)
    answered = (await ask_as(graph, more, document(f"enable{noun}"), **{"in": its})).data[f"enable{noun}"]
    assert (answered["disabledAt"], answered["version"]) == (None, 3)


async def test_a_partner_gives_on_in_a_customers_tenant_what_it_holds(
    graph: Graph, databases: Databases, clock: HeldClock, acme: Estate, people: Principals
) -> None:
    """Its tenant binding reaches its customers; a right that is bound to a node of its own estate reaches none."""
    customer = await make_estate(databases, clock, "customer", acme.tenant)
    theirs = await make_principals(databases, clock, customer.tenant.id, DEVICES, who="carl")
    enough = caller_of(acme.tenant, clock, BINDING | {DEVICES}, customer.tenant)
    narrow = caller_of(acme.tenant, clock, BINDING, customer.tenant)
    room = Node(ReachKind.AREA, acme.area.id, acme.location.id)
    bound = caller_of(acme.tenant, clock, BINDING | {DEVICES}, customer.tenant, node=room)
    asked = binds(theirs, node=customer.ids["Area"])
    assert (await ask_as(graph, narrow, document(BIND), **{"in": asked})).data[BIND]["__typename"] == "Forbidden"
    assert (await ask_as(graph, bound, document(BIND), **{"in": asked})).codes == ["FORBIDDEN_SCOPE"]
    assert (await ask_as(graph, enough, document(BIND), **{"in": asked})).data[BIND]["__typename"] == "RoleBinding"
    for other in (people.ids["User"], encode(Prefix.USER, clock.new_id())):
        outcome = await ask_as(graph, enough, document(BIND), **{"in": asked | {"principal": other}})
        assert outcome.data[BIND]["message"] == "There is no such user or service account in reach."


async def test_a_role_is_taken_away_beneath_the_takers_node_alone(
    graph: Graph, databases: Databases, clock: HeldClock, acme: Estate, people: Principals
) -> None:
    """One that is bound elsewhere is one that never was; to take away asks for no scope of the role."""
    place = {"location_id": acme.location.id, "area_id": acme.area.id}
    inner = await bind(databases, clock, acme.tenant.id, user_id=people.user.id, built_in="viewer", **place)
    floor = bound_to(acme, clock, Node(ReachKind.AREA, acme.floor.id, acme.location.id), BINDING)
    field = "deleteRoleBinding"
    its = encode(Prefix.ROLE_BINDING, inner.id)
    answers = [
        await ask_as(graph, floor, document(field), **{"in": {"id": each}})
        for each in (people.ids["RoleBinding"], encode(Prefix.ROLE_BINDING, clock.new_id()), its, its)
    ]
    assert answers[0].answer == answers[1].answer == answers[3].answer
    assert answers[0].data[field]["__typename"] == "NotFound"
    assert answers[2].data[field] == {"__typename": "Removal", "id": its}


async def test_what_is_bound_already_is_a_conflict(ask: Ask, acme: Estate, people: Principals) -> None:
    """The same role, to the same person, on the same node; on another node it is another binding."""
    answered = await change(ask, acme, BIND, **binds(people))
    assert answered["__typename"] == "Conflict", answered
    assert (await change(ask, acme, BIND, **binds(people, node=acme.ids["Area"])))["__typename"] == "RoleBinding"

"""Who may do what, refused: without the scope, for a neighbour's ids, and beyond the node of the caller's right."""

import uuid
from typing import Any

import pytest

from auth.scopes import Scope
from loaders.entities import BY_NAME
from models import Area
from models.hierarchy import Node, ReachKind
from models.ids import encode
from schema.graph import Graph
from tenantry.databases import Databases
from tests.ask import Ask
from tests.changing import EVERYTHING, parts
from tests.clock import HeldClock
from tests.estate import Estate, add
from tests.principal_changes import BINDING, LISTS, MATRIX, NAMING, READ, SHOWN, WRITE, document
from tests.principals import KINDS, Principals, everybody, make_principals
from tests.tokens import ask_as, bound_to

ALL = frozenset(EVERYTHING)


@pytest.fixture
async def people(databases: Databases, clock: HeldClock, acme: Estate) -> Principals:
    """Acme's."""
    return await make_principals(databases, clock, acme.tenant.id, Scope.DEVICES_READ)


@pytest.fixture
async def theirs(databases: Databases, clock: HeldClock, globex: Estate) -> Principals:
    """The neighbour's, named the same."""
    return await make_principals(databases, clock, globex.tenant.id, Scope.DEVICES_READ)


def never() -> dict[str, str]:
    """Ids of all types that name nothing."""
    return {entity.name: encode(entity.prefix, uuid.uuid4()) for entity in (*KINDS.values(), *BY_NAME.values())}


@pytest.mark.parametrize("field", MATRIX)
async def test_a_change_asks_for_its_scope(
    ask: Ask, databases: Databases, acme: Estate, people: Principals, field: str
) -> None:
    """With every other scope of the vocabulary the whole operation is refused, and nothing changes."""
    before = await everybody(databases, acme.tenant.id)
    needed = WRITE[parts(field)[1]]
    given = MATRIX[field]({**acme.ids, **people.ids})
    outcome = await ask(acme, document(field), *(set(Scope) - {needed}), **{"in": given})
    assert (outcome.status, outcome.codes, outcome.data) == (403, ["FORBIDDEN_SCOPE"], None)
    assert outcome.errors[0]["extensions"]["missing"] == [{"field": f"Mutation.{field}", "scopes": [needed]}]
    assert await everybody(databases, acme.tenant.id) == before


@pytest.mark.parametrize("field", [field for field in MATRIX if not field.startswith("delete")])
async def test_what_an_answer_shows_asks_for_the_scope_to_read_it(
    ask: Ask, databases: Databases, acme: Estate, people: Principals, field: str
) -> None:
    """Who may write and not read is refused as a whole where it asks for the row, and may write without."""
    before = await everybody(databases, acme.tenant.id)
    given = MATRIX[field]({**acme.ids, **people.ids})
    unseeing = ALL - {READ[parts(field)[1]]}
    outcome = await ask(acme, document(field), *unseeing, **{"in": given})
    assert (outcome.status, outcome.codes, outcome.data) == (403, ["FORBIDDEN_SCOPE"], None)
    assert await everybody(databases, acme.tenant.id) == before
    outcome = await ask(acme, document(field, shows=False), *unseeing, **{"in": given})
    assert outcome.data[field] == {"__typename": parts(field)[1]}


@pytest.mark.parametrize("noun", LISTS)
async def test_a_list_asks_for_its_scope(ask: Ask, acme: Estate, people: Principals, noun: str) -> None:
    """Counting needs the same scope as reading; to write is not to read."""
    outcome = await ask(acme, f"{{ {LISTS[noun]} {{ totalCount }} }}", *(set(Scope) - {READ[noun]}))
    assert (outcome.status, outcome.codes, outcome.data) == (403, ["FORBIDDEN_SCOPE"], None)
    outcome = await ask(acme, f"{{ {LISTS[noun]} {{ totalCount }} }}", READ[noun])
    assert outcome.data[LISTS[noun]]["totalCount"] == {"RoleBinding": 2}.get(noun, 1)


async def test_the_roles_that_every_tenant_has_ask_for_the_scope_of_roles(ask: Ask, acme: Estate) -> None:
    """They are roles like any other."""
    outcome = await ask(acme, "{ builtInRoles { name } }", *(set(Scope) - {Scope.ROLES_READ}))
    assert (outcome.status, outcome.codes, outcome.data) == (403, ["FORBIDDEN_SCOPE"], None)


@pytest.mark.parametrize(
    ("path", "needed"),
    [
        ("users { nodes { bindings { totalCount } } }", Scope.ROLES_READ),
        ("users { nodes { tokens { totalCount } } }", Scope.TOKENS_READ),
        ("serviceAccounts { nodes { bindings { totalCount } } }", Scope.ROLES_READ),
        ("serviceAccounts { nodes { tokens { totalCount } } }", Scope.TOKENS_READ),
        ("roleBindings { nodes { user { id } } }", Scope.USERS_READ),
        ("roleBindings { nodes { serviceAccount { id } } }", Scope.SERVICE_ACCOUNTS_READ),
        ("tokens { nodes { user { id } } }", Scope.USERS_READ),
        ("tokens { nodes { serviceAccount { id } } }", Scope.SERVICE_ACCOUNTS_READ),
    ],
)
async def test_what_a_list_leads_to_asks_for_its_own_scope(
    ask: Ask, acme: Estate, people: Principals, path: str, needed: Scope
) -> None:
    """Who sees tokens need not see people."""
    outcome = await ask(acme, f"{{ {path} }}", *(set(Scope) - {needed}))
    assert (outcome.status, outcome.codes, outcome.data) == (403, ["FORBIDDEN_SCOPE"], None)
    assert (await ask(acme, f"{{ {path} }}", *Scope)).errors == []


@pytest.mark.parametrize("noun", LISTS)
async def test_a_list_shows_the_tenants_own_alone(
    ask: Ask, acme: Estate, people: Principals, theirs: Principals, noun: str
) -> None:
    """The neighbour's, named the same, are not among them."""
    outcome = await ask(acme, f"{{ {LISTS[noun]} {{ totalCount nodes {{ id }} }} }}", READ[noun])
    shown = {node["id"] for node in outcome.data[LISTS[noun]]["nodes"]}
    assert people.ids[noun] in shown
    assert theirs.ids[noun] not in shown


@pytest.mark.parametrize("noun", KINDS)
async def test_no_id_of_a_principal_is_a_node(ask: Ask, acme: Estate, people: Principals, noun: str) -> None:
    """The lists are the one way to them."""
    query = (
        "query ($id: ID!) { node(id: $id) { id } nodes(ids: [$id]) { id } deleteImpact(id: $id) { counts { count } } }"
    )
    outcome = await ask(acme, query, *Scope, id=people.ids[noun])
    assert outcome.body == {"data": {"node": None, "nodes": [None], "deleteImpact": None}}


@pytest.mark.parametrize("field", NAMING)
async def test_a_neighbours_is_as_missing_as_one_that_never_was(
    *, ask: Ask, databases: Databases, acme: Estate, globex: Estate, theirs: Principals, field: str
) -> None:
    """The answers are the same bytes, also for what is no id; and nothing of the neighbour's changes."""
    before = await everybody(databases, globex.tenant.id)
    strange = ("nonsense", "", "usr_", "\0", acme.ids["Location"])
    named = [theirs.ids, never(), *(dict.fromkeys(KINDS, text) for text in strange)]
    answers = [(await ask(acme, document(field), *EVERYTHING, **{"in": MATRIX[field](ids)})).answer for ids in named]
    assert answers == answers[:1] * len(named)
    assert b'"NotFound"' in answers[0].body
    assert await everybody(databases, globex.tenant.id) == before


@pytest.mark.parametrize(
    ("argument", "kind"), [("role", "Role"), ("principal", "User"), ("principal", "ServiceAccount"), ("node", "Area")]
)
async def test_nothing_of_a_neighbours_is_bound(
    *,
    ask: Ask,
    databases: Databases,
    acme: Estate,
    globex: Estate,
    people: Principals,
    theirs: Principals,
    argument: str,
    kind: str,
) -> None:
    """Neither its role, nor its people and programs, nor its rooms: the same bytes as for one that never was."""
    own = MATRIX["createRoleBinding"]({**acme.ids, **people.ids})
    named = [{**globex.ids, **theirs.ids}[kind], never()[kind], "nonsense", "", "\0", acme.ids["Device"]]
    answers = [
        (await ask(acme, document("createRoleBinding"), *EVERYTHING, **{"in": own | {argument: each}})).answer
        for each in named
    ]
    assert answers == answers[:1] * len(named)
    assert b'"NotFound"' in answers[0].body
    assert len((await everybody(databases, acme.tenant.id))["RoleBinding"]) == 2


@pytest.mark.parametrize("field", [field for field in MATRIX if field not in BINDING])
async def test_who_is_bound_to_a_node_changes_nothing_that_the_tenant_has(
    *, graph: Graph, databases: Databases, clock: HeldClock, acme: Estate, people: Principals, field: str
) -> None:
    """People, programs and roles are the whole tenant's, whichever is named, one that never was among them."""
    before = await everybody(databases, acme.tenant.id)
    caller = bound_to(acme, clock, Node(ReachKind.ORGANIZATION, acme.organization.id), ALL)
    answers = [
        (await ask_as(graph, caller, document(field), **{"in": MATRIX[field](ids)})).answer
        for ids in ({**acme.ids, **people.ids}, never())
    ]
    assert answers[0] == answers[1]
    assert b'"Forbidden"' in answers[0].body
    assert await everybody(databases, acme.tenant.id) == before


@pytest.fixture
async def guard(databases: Databases, clock: HeldClock, acme: Estate, people: Principals) -> Principals:
    """Those who have their role in a room, beside those who have it in the whole tenant."""
    node = {"location_id": acme.location.id, "area_id": acme.area.id}
    return await make_principals(databases, clock, acme.tenant.id, Scope.DEVICES_READ, who="guard", **node)


NODES: list[Any] = [
    lambda estate: Node(ReachKind.ORGANIZATION, estate.organization.id),
    lambda estate: Node(ReachKind.LOCATION, estate.location.id),
    lambda estate: Node(ReachKind.AREA, estate.floor.id, estate.location.id),
    lambda estate: Node(ReachKind.AREA, estate.area.id, estate.location.id),
]


@pytest.mark.parametrize("node", NODES)
async def test_who_is_bound_to_a_node_sees_who_has_a_role_beneath_it(
    graph: Graph, clock: HeldClock, acme: Estate, guard: Principals, node: Any
) -> None:
    """Those who have theirs in the whole tenant are not there, nor are their bindings; roles are everybody's."""
    lists = " ".join(f"{name} {{ totalCount nodes {{ {SHOWN[noun]} }} }}" for noun, name in LISTS.items())
    outcome = await ask_as(graph, bound_to(acme, clock, node(acme), ALL), f"{{ {lists} builtInRoles {{ key }} }}")
    shown = {name: [each["id"] for each in outcome.data[name]["nodes"]] for name in LISTS.values()}
    assert shown["users"] == [guard.ids["User"]]
    assert shown["serviceAccounts"] == [guard.ids["ServiceAccount"]]
    assert len(shown["roles"]) == 2
    bindings = (guard.user_binding, guard.service_account_binding)
    assert shown["roleBindings"] == [encode(KINDS["RoleBinding"].prefix, each.id) for each in bindings]
    assert [outcome.data[name]["totalCount"] for name in LISTS.values()] == [1, 1, 2, 2]
    assert "viewer" in {each["key"] for each in outcome.data["builtInRoles"]}


async def test_who_is_bound_beside_sees_nobody(
    graph: Graph, databases: Databases, clock: HeldClock, acme: Estate, guard: Principals
) -> None:
    """In a room beside the one that the roles are for."""
    beside = await add(
        databases, clock, Area, acme.tenant.id, location_id=acme.location.id, code="102", name="102", kind="ROOM"
    )
    caller = bound_to(acme, clock, Node(ReachKind.AREA, beside.id, acme.location.id), ALL)
    lists = "users { totalCount } serviceAccounts { totalCount } roleBindings { totalCount }"
    outcome = await ask_as(graph, caller, f"{{ {lists} }}")
    assert {each["totalCount"] for each in outcome.data.values()} == {0}

"""Why a token may have a field or may not: each reason, and which of several is told."""

from dataclasses import replace
from types import SimpleNamespace

from auth.grants import Grant
from auth.principal import Account, Caller
from auth.scopes import Scope
from models.hierarchy import Node, ReachKind
from models.ids import Prefix
from schema.graph import Graph
from tenantry.databases import Databases
from tests.ask import Ask, caller_of
from tests.clock import HeldClock
from tests.estate import Estate, make_tenant
from tests.explaining import EXPLAIN, Explained, by_path, explained, told
from tests.tokens import ask_as

BOTH = "{ devices { totalCount } areas { totalCount } }"
DEVICES, AREAS = Scope.DEVICES_READ, Scope.AREAS_READ


def owned(
    estate: Estate,
    clock: HeldClock,
    scopes: frozenset[Scope],
    *grants: Grant,
    node: Node | None = None,
    acting_in: SimpleNamespace | None = None,
) -> Caller:
    """A caller whose token belongs to somebody who may do this."""
    caller = caller_of(estate.tenant, clock, scopes, acting_in, node=node)
    account = Account(Prefix.USER, clock.new_id(), "Somebody", grants)
    return replace(caller, principal=replace(caller.principal, account=account))


async def asked(graph: Graph, caller: Caller, operation: str = BOTH) -> Explained:
    """What the caller is told about itself."""
    return told(await ask_as(graph, caller, EXPLAIN, operation=operation))


async def test_what_a_token_does_not_hold_is_told_with_the_scope(ask: Ask, acme: Estate) -> None:
    """Only of the paths that ask for it."""
    explanation = await explained(ask, acme, BOTH, DEVICES)
    assert by_path(explanation, "reason") == {
        "devices": "GRANTED",
        "devices.totalCount": "GRANTED",
        "areas": "SCOPE",
        "areas.totalCount": "SCOPE",
    }
    assert by_path(explanation, "missing")["areas"] == ["tenant.areas.read"]
    assert by_path(explanation, "granted")["areas"] is False
    assert (explanation["allowed"], explanation["smallestScopes"], explanation["lacking"]) == (
        False, ["tenant.areas.read", "tenant.devices.read"], ["tenant.areas.read"],
    )  # fmt: skip


async def test_what_the_owner_may_not_do_now_is_told_apart(graph: Graph, clock: HeldClock, acme: Estate) -> None:
    """The token holds both scopes, its owner's roles only one of them now."""
    caller = owned(acme, clock, frozenset({DEVICES, AREAS}), Grant(frozenset({DEVICES})))
    explanation = await asked(graph, caller)
    assert by_path(explanation, "reason")["devices"] == "GRANTED"
    assert by_path(explanation, "reason")["areas"] == "OWNER"
    assert (explanation["allowed"], explanation["lacking"]) == (False, ["tenant.areas.read"])


async def test_an_owner_without_any_role_leaves_a_token_nothing(graph: Graph, clock: HeldClock, acme: Estate) -> None:
    """But what any good token may."""
    caller = owned(acme, clock, frozenset({DEVICES}))
    reasons = by_path(await asked(graph, caller, "{ me { name } devices { totalCount } }"), "reason")
    assert (reasons["me.name"], reasons["devices"]) == ("GRANTED", "OWNER")


async def test_what_the_token_does_not_hold_is_not_the_owners_fault(
    graph: Graph, clock: HeldClock, acme: Estate
) -> None:
    """Whatever the owner may do besides."""
    caller = owned(acme, clock, frozenset({DEVICES}), Grant(frozenset({DEVICES, AREAS})))
    assert by_path(await asked(graph, caller), "reason")["areas"] == "SCOPE"


async def test_where_a_right_is_bound_to_nodes_they_are_told(graph: Graph, clock: HeldClock, acme: Estate) -> None:
    """It is granted, beneath them: the token's node and its owner's at once, or one role's node or another's."""
    location, area = (
        Node(ReachKind.LOCATION, acme.location.id),
        Node(ReachKind.AREA, acme.area.id, acme.location.id),
    )
    organization = Node(ReachKind.ORGANIZATION, acme.organization.id)
    caller = owned(
        acme,
        clock,
        frozenset({DEVICES, AREAS}),
        Grant(frozenset({DEVICES}), (organization,)),
        Grant(frozenset({DEVICES, AREAS}), (area,)),
        node=location,
    )
    explanation = await asked(graph, caller, "{ me { name } devices { totalCount } areas { totalCount } }")
    shown = {kind: {"id": acme.ids[kind.title()], "kind": kind} for kind in ("LOCATION", "AREA", "ORGANIZATION")}
    within = by_path(explanation, "within")
    assert within["devices"] == [[shown["ORGANIZATION"], shown["LOCATION"]], [shown["AREA"], shown["LOCATION"]]]
    assert within["areas"] == [[shown["AREA"], shown["LOCATION"]]]
    assert by_path(explanation, "reason") == {
        "me": "GRANTED", "me.name": "GRANTED", "devices": "REACH", "devices.totalCount": "REACH",
        "areas": "REACH", "areas.totalCount": "REACH",
    }  # fmt: skip
    assert (explanation["allowed"], explanation["lacking"], within["me"]) == (True, [], [])


async def test_what_holds_in_another_tenant_is_told_apart(
    graph: Graph, databases: Databases, clock: HeldClock, acme: Estate
) -> None:
    """A partner's right over one customer, and one that is bound to a node of its own, do not hold in a customer."""
    beneath, other = [await make_tenant(databases, clock, name, acme.tenant) for name in ("beneath", "other")]
    held = frozenset({DEVICES, AREAS, Scope.LOCATIONS_READ})
    grants = (
        Grant(frozenset({AREAS})),
        Grant(frozenset({DEVICES}), (Node(ReachKind.LOCATION, acme.location.id),)),
        Grant(frozenset({Scope.LOCATIONS_READ}), (Node(ReachKind.TENANT, other.id),)),
    )
    operation = "{ areas { totalCount } devices { totalCount } locations { totalCount } }"

    async def reasons(acting_in: SimpleNamespace) -> list[str]:
        caller = owned(acme, clock, held, *grants, acting_in=acting_in)
        found = by_path(await asked(graph, caller, operation), "reason")
        return [found[each] for each in ("areas", "devices", "locations")]

    assert await reasons(acme.tenant) == ["GRANTED", "REACH", "TENANT"]
    assert await reasons(beneath) == ["GRANTED", "TENANT", "TENANT"]
    assert await reasons(other) == ["GRANTED", "TENANT", "GRANTED"]


async def test_of_alternatives_the_ones_that_are_held_are_suggested(ask: Ask, acme: Estate) -> None:
    """An operator who may see every tenant lacks nothing to see one."""
    held = await explained(ask, acme, "{ tenant { name } }", Scope.PLATFORM_TENANTS_READ)
    assert (held["allowed"], held["smallestScopes"]) == (True, ["platform.tenants.read"])
    assert held["fields"][0]["scopes"] == [["tenant.context.read"], ["platform.tenants.read"]]
    bare = await explained(ask, acme, "{ tenant { name } }")
    assert (bare["smallestScopes"], bare["lacking"]) == (["tenant.context.read"],) * 2

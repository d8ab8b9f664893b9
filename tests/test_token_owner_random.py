"""Random bindings and random tokens: what a caller is listed is what the token leaves of what its owner may do."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from auth.authentication import Authenticator
from auth.principal import Caller
from auth.requirement import any_of
from auth.roles import BY_KEY
from auth.scopes import Scope
from auth.token import digest, mint
from loaders.entities import BY_NAME
from models import Credential, Role, ServiceAccount, Token, User
from models.hierarchy import Node, ReachKind
from models.ids import encode
from resolvers.writing.node import columns_of
from schema.graph import Graph
from tenantry.databases import Databases
from tests.clock import HeldClock
from tests.estate import add
from tests.principals import bind
from tests.reach_model import Model, Named, make, shapes
from tests.tokens import ask_as

READS = {
    "organizations": ("Organization", Scope.ORGANIZATIONS_READ),
    "locations": ("Location", Scope.LOCATIONS_READ),
    "areas": ("Area", Scope.AREAS_READ),
    "devices": ("Device", Scope.DEVICES_READ),
    "deviceTypes": ("DeviceType", Scope.DEVICE_TYPES_READ),
}
SCOPES = st.frozensets(st.sampled_from([scope for _, scope in READS.values()]), max_size=5)
ROLES = st.one_of(SCOPES, st.sampled_from(["viewer", "auditor", "super-admin", "gone"]))
# A number stands for a node, among all of the estate; none is the whole tenant.
NODES = st.one_of(st.none(), st.integers(0, 30))


@dataclass(frozen=True)
class Held:
    """Scopes that hold beneath a node."""

    scopes: frozenset[Scope]
    node: Node | None


@settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(
    shape=shapes(),
    bindings=st.lists(st.tuples(ROLES, NODES), max_size=4),
    scopes=SCOPES,
    node=NODES,
    kind=st.sampled_from(["user", "service_account"]),
)
async def test_a_caller_is_listed_what_its_token_leaves_of_its_owners_roles(
    *,
    graph: Graph,
    databases: Databases,
    clock: HeldClock,
    shape: Any,
    bindings: Any,
    scopes: Any,
    node: Any,
    kind: str,
) -> None:
    """Scope by scope and row by row, compared with sets that are reckoned without any predicate of ours."""
    model = await make(databases, clock, shape)
    owner = await add(databases, clock, User if kind == "user" else ServiceAccount, model.tenant.id, name="Owner")
    held = []
    # Two places may be the same node, to which a role is bound once.
    for role, beneath in dict.fromkeys((role, _node(model, place)) for role, place in bindings):
        of_role = await _role(databases, clock, model, role)
        columns = {f"{kind}_id": owner.id, **of_role, **columns_of(beneath)}
        await bind(databases, clock, model.tenant.id, **columns)
        held.append(Held(_scopes(role), beneath))
    token = Held(scopes, _node(model, node))
    caller = await _shown(databases, clock, model, token, **{f"{kind}_id": owner.id})

    assert caller.scopes == {scope for each in held for scope in each.scopes} & token.scopes
    lists = [name for name, (_, scope) in READS.items() if scope in caller.scopes]
    shown = " ".join(f"{name}(first: 100) {{ totalCount nodes {{ id }} }}" for name in lists)
    outcome = await ask_as(graph, caller, f"{{ __typename {shown} }}")
    for name in lists:
        type_, scope = READS[name]
        there = _allowed(model, held, token, scope)
        expected = sorted(encode(BY_NAME[type_].prefix, row_id) for of, row_id in there if of == type_)
        listed = outcome.data[name]
        assert sorted(each["id"] for each in listed["nodes"]) == expected, (name, held, token)
        assert listed["totalCount"] == len(expected)
    for name in READS.keys() - lists:
        outcome = await ask_as(graph, caller, f"{{ {name} {{ totalCount }} }}")
        assert outcome.codes == ["FORBIDDEN_SCOPE"]
        assert caller.reach(any_of(READS[name][1])) == ()


def _allowed(model: Model, held: Iterable[Held], token: Held, scope: Scope) -> set[Named]:
    """What lies both beneath the token's node and beneath that of a binding with the scope."""
    found: set[Named] = set()
    for each in held:
        if scope in each.scopes:
            found |= _beneath(model, each.node) & _beneath(model, token.node)
    return found


def _beneath(model: Model, node: Node | None) -> set[Named]:
    return model.reached(None if node is None else ((node,),))


def _node(model: Model, number: int | None) -> Node | None:
    nodes = [model.node(kind.title(), row_id) for kind in ESTATE for row_id in model.rows[kind.title()]]
    return None if number is None else nodes[number % len(nodes)]


ESTATE = (ReachKind.ORGANIZATION, ReachKind.LOCATION, ReachKind.AREA)


def _scopes(role: frozenset[Scope] | str) -> frozenset[Scope]:
    """What a role gives in a tenant; one that nobody knows gives nothing."""
    given = (BY_KEY[role].scopes if role in BY_KEY else frozenset()) if isinstance(role, str) else role
    return frozenset(scope for scope in given if scope.startswith("tenant."))


async def _role(databases: Databases, clock: HeldClock, model: Model, role: frozenset[Scope] | str) -> dict[str, Any]:
    if isinstance(role, str):
        return {"built_in": role}
    name = f"role {clock.new_id()}"
    return {"role_id": (await add(databases, clock, Role, model.tenant.id, name=name, scopes=sorted(role))).id}


async def _shown(databases: Databases, clock: HeldClock, model: Model, held: Held, **owner: Any) -> Caller:
    """Who shows such a token: known as any server knows it."""
    secret = mint().reveal()
    columns = {"name": "a token", "scopes": sorted(held.scopes), "expires_at": clock.now() + timedelta(days=1)}
    token = await add(databases, clock, Token, model.tenant.id, **columns, **columns_of(held.node), **owner)
    async with databases.app.write(model.tenant.id) as connection:
        row = {"hash": digest(secret), "tenant_id": model.tenant.id, "token_id": token.id}
        await connection.execute(insert(Credential).values(row))
    authenticator = Authenticator(databases.platform, clock)
    principal = await authenticator.authenticate([(b"x-auth-token", secret.encode())])
    return Caller(principal, principal.home)

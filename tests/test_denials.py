"""Every kind of thing, through every way to it: no scope, a neighbour's row, a row that never was."""

import uuid
from dataclasses import dataclass

import pytest

from auth.scopes import Scope
from loaders.entities import ENTITIES
from models import ids
from models.ids import Prefix
from tests.ask import Ask
from tests.estate import Estate


@dataclass(frozen=True)
class Kind:
    """A type of the graph: its root list, the scope it asks for, and where an estate keeps one."""

    name: str
    list: str
    scope: Scope
    prefix: Prefix
    row: str


KINDS = [
    Kind("Tenant", "tenants", Scope.CONTEXT_READ, Prefix.TENANT, "tenant"),
    Kind("Organization", "organizations", Scope.ORGANIZATIONS_READ, Prefix.ORGANIZATION, "organization"),
    Kind("Location", "locations", Scope.LOCATIONS_READ, Prefix.LOCATION, "location"),
    Kind("Area", "areas", Scope.AREAS_READ, Prefix.AREA, "area"),
    Kind("DeviceType", "deviceTypes", Scope.DEVICE_TYPES_READ, Prefix.DEVICE_TYPE, "device_type"),
    Kind("Device", "devices", Scope.DEVICES_READ, Prefix.DEVICE, "device"),
]
every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
NODE = "query ($id: ID!) { node(id: $id) { id __typename } }"
ENTITIES_QUERY = "query ($of: [_Any!]!) { _entities(representations: $of) { __typename } }"


def id_of(kind: Kind, estate: Estate) -> str:
    """The id of the estate's own row of this kind."""
    return ids.encode(kind.prefix, getattr(estate, kind.row).id)


def test_the_table_of_kinds_is_whole() -> None:
    """A kind that is added to the graph is added here."""
    assert {kind.name for kind in KINDS} == {entity.name for entity in ENTITIES}


@every_kind
async def test_a_list_asks_for_the_scope_of_its_rows(ask: Ask, acme: Estate, kind: Kind) -> None:
    """Counting needs the same scope as reading, and the refusal names the field and the scope."""
    outcome = await ask(acme, f"{{ {kind.list} {{ totalCount }} }}", Scope.SCHEMA_READ)
    assert (outcome.status, outcome.codes) == (403, ["FORBIDDEN_SCOPE"])
    missing = outcome.errors[0]["extensions"]["missing"]
    assert {"field": f"Query.{kind.list}", "scopes": [_choices(kind)[0]]} in missing
    assert outcome.data is None


@every_kind
async def test_a_list_shows_the_callers_own_rows_alone(ask: Ask, acme: Estate, globex: Estate, kind: Kind) -> None:
    """The neighbour's row of the same name is not among them."""
    outcome = await ask(acme, f"{{ {kind.list}(first: 100) {{ nodes {{ id }} }} }}", kind.scope)
    shown = {node["id"] for node in outcome.data[kind.list]["nodes"]}
    assert id_of(kind, acme) in shown
    assert id_of(kind, globex) not in shown


@every_kind
async def test_node_asks_for_the_scope_of_what_the_id_names(ask: Ask, acme: Estate, kind: Kind) -> None:
    """Even `{ node(id) { id } }`, which selects no field of the type, would tell that the row exists."""
    outcome = await ask(acme, NODE, *_others(kind), id=id_of(kind, acme))
    assert outcome.codes == ["FORBIDDEN_SCOPE"]
    assert outcome.data == {"node": None}


@every_kind
async def test_node_finds_the_callers_row(ask: Ask, acme: Estate, kind: Kind) -> None:
    """An id goes straight to its row."""
    outcome = await ask(acme, NODE, kind.scope, id=id_of(kind, acme))
    assert outcome.body == {"data": {"node": {"id": id_of(kind, acme), "__typename": kind.name}}}


@every_kind
async def test_a_neighbours_node_is_as_missing_as_one_that_never_was(
    ask: Ask, acme: Estate, globex: Estate, kind: Kind
) -> None:
    """The two answers are the same bytes."""
    neighbours = await ask(acme, NODE, kind.scope, id=id_of(kind, globex))
    nobodys = await ask(acme, NODE, kind.scope, id=ids.encode(kind.prefix, uuid.uuid4()))
    assert neighbours.answer == nobodys.answer
    assert neighbours.data == {"node": None}


@every_kind
async def test_a_representation_asks_for_the_scope_of_its_type(ask: Ask, acme: Estate, kind: Kind) -> None:
    """A gateway that was handed a typename gets no further than the token's scopes."""
    of = [{"__typename": kind.name, "id": id_of(kind, acme)}]
    outcome = await ask(acme, ENTITIES_QUERY, *_others(kind), of=of)
    assert outcome.codes == ["FORBIDDEN_SCOPE"]
    assert outcome.data == {"_entities": [None]}


@every_kind
async def test_a_neighbours_representation_is_as_missing_as_one_that_never_was(
    ask: Ask, acme: Estate, globex: Estate, kind: Kind
) -> None:
    """Null, with an error for itself alone, in the same words."""
    neighbours = await ask(acme, ENTITIES_QUERY, kind.scope, of=[{"__typename": kind.name, "id": id_of(kind, globex)}])
    never = {"__typename": kind.name, "id": ids.encode(kind.prefix, uuid.uuid4())}
    nobodys = await ask(acme, ENTITIES_QUERY, kind.scope, of=[never])
    assert neighbours.answer == nobodys.answer
    assert neighbours.codes == ["NOT_FOUND"]


@every_kind
async def test_a_fragment_on_a_type_asks_for_that_types_scope(ask: Ask, acme: Estate, kind: Kind) -> None:
    """The guard is static: the fragment is refused although the id names something else."""
    query = f"query ($id: ID!) {{ node(id: $id) {{ ... on {kind.name} {{ name }} }} }}"
    outcome = await ask(acme, query, *_others(kind), id="dev_nothing")
    assert (outcome.status, outcome.codes) == (403, ["FORBIDDEN_SCOPE"])


def _choices(kind: Kind) -> list[Scope]:
    return [kind.scope, Scope.PLATFORM_TENANTS_READ] if kind.name == "Tenant" else [kind.scope]


def _others(kind: Kind) -> list[Scope]:
    return [scope for scope in Scope if scope not in _choices(kind)]

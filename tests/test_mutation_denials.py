"""Every mutation, refused: without its scope, and for an id that is not the caller's."""

import uuid
from typing import Any

import pytest
from graphql import GraphQLSchema

from auth.scopes import Scope
from loaders.entities import BY_NAME
from models.ids import encode
from tenantry.databases import Databases
from tests.ask import Ask
from tests.bulk import BULK
from tests.changing import EVERYTHING, document, everything, parts
from tests.estate import Estate
from tests.principal_changes import MATRIX as PRINCIPALS
from tests.tokens import TOKENS

WRITE = {
    "Location": Scope.LOCATIONS_WRITE,
    "Area": Scope.AREAS_WRITE,
    "Organization": Scope.ORGANIZATIONS_WRITE,
    "DeviceType": Scope.DEVICE_TYPES_WRITE,
    "Device": Scope.DEVICES_WRITE,
    "Tenant": Scope.TENANTS_WRITE,
}
# Where another scope would do as well; the refusal names the first of them.
OR_ELSE = {Scope.TENANTS_WRITE: Scope.PLATFORM_TENANTS_WRITE}
# What each mutation is asked for, given the ids that it may name.
MATRIX: dict[str, Any] = {
    "createLocation": lambda ids: {"code": "new", "name": "New", "organizationId": ids["Organization"]},
    "updateLocation": lambda ids: {"id": ids["Location"], "name": "New"},
    "moveLocation": lambda ids: {"id": ids["Location"], "to": {"none": True}},
    "deleteLocation": lambda ids: {"id": ids["Location"], "cascade": True},
    "restoreLocation": lambda ids: {"id": ids["Location"]},
    "createArea": lambda ids: {"code": "n", "name": "N", "kind": "ROOM", "place": {"parentId": ids["Area"]}},
    "updateArea": lambda ids: {"id": ids["Area"], "name": "New"},
    "moveArea": lambda ids: {"id": ids["Area"], "to": {"none": True}},
    "deleteArea": lambda ids: {"id": ids["Area"], "cascade": True},
    "restoreArea": lambda ids: {"id": ids["Area"]},
    "createOrganization": lambda ids: {"key": "new", "name": "New", "parentId": ids["Organization"]},
    "updateOrganization": lambda ids: {"id": ids["Organization"], "name": "New"},
    "moveOrganization": lambda ids: {"id": ids["Organization"], "to": {"none": True}},
    "deleteOrganization": lambda ids: {"id": ids["Organization"], "cascade": True},
    "restoreOrganization": lambda ids: {"id": ids["Organization"]},
    "createDeviceType": None,
    "updateDeviceType": lambda ids: {"id": ids["DeviceType"], "name": "New"},
    "deleteDeviceType": lambda ids: {"id": ids["DeviceType"], "cascade": True},
    "restoreDeviceType": lambda ids: {"id": ids["DeviceType"]},
    "createDevice": lambda ids: {"serial": "new", "name": "New", "typeId": ids["DeviceType"]},
    "updateDevice": lambda ids: {"id": ids["Device"], "name": "New"},
    "moveDevice": lambda ids: {"id": ids["Device"], "to": {"none": True}},
    "deleteDevice": lambda ids: {"id": ids["Device"], "cascade": True},
    "restoreDevice": lambda ids: {"id": ids["Device"]},
    "createTenant": lambda ids: {"slug": "new", "name": "New", "parentId": ids["Tenant"]},
    "updateTenant": lambda ids: {"id": ids["Tenant"], "name": "New"},
    "suspendTenant": lambda ids: {"id": ids["Tenant"]},
    "deleteTenant": lambda ids: {"id": ids["Tenant"], "cascade": True},
    "restoreTenant": lambda ids: {"id": ids["Tenant"]},
}
NAMING = [field for field, given in MATRIX.items() if given]
# Where a change names a second thing, that one may be the neighbour's too.
SECOND: list[tuple[str, str, Any]] = [
    ("createArea", "Location", lambda its: {"code": "n", "name": "N", "kind": "ROOM", "place": {"locationId": its}}),
    ("createDevice", "Area", lambda its: {"serial": "n", "name": "N", "place": {"areaId": its}}),
    ("createDevice", "Location", lambda its: {"serial": "n", "name": "N", "place": {"locationId": its}}),
    ("createDevice", "Device", lambda its: {"serial": "n", "name": "N", "parentId": its}),
    ("createDevice", "Organization", lambda its: {"serial": "n", "name": "N", "organizationId": its}),
    ("updateDevice", "DeviceType", lambda its: {"typeId": its}),
    ("updateDevice", "Device", lambda its: {"parentId": its}),
    ("updateDevice", "Organization", lambda its: {"organizationId": its}),
    ("moveDevice", "Area", lambda its: {"to": {"areaId": its}}),
    ("moveDevice", "Location", lambda its: {"to": {"locationId": its}}),
    ("moveArea", "Area", lambda its: {"to": {"parentId": its}}),
    ("moveLocation", "Organization", lambda its: {"to": {"organizationId": its}}),
    ("moveOrganization", "Organization", lambda its: {"to": {"parentId": its}}),
]


def test_the_matrix_has_every_mutation(built: GraphQLSchema) -> None:
    """A mutation that is added to the graph is added here; many items, people and tokens have tests of their own."""
    assert built.mutation_type is not None
    assert set(MATRIX) | set(BULK) | set(PRINCIPALS) | set(TOKENS) == set(built.mutation_type.fields)


@pytest.mark.parametrize("field", MATRIX)
async def test_a_mutation_asks_for_its_scope(ask: Ask, databases: Databases, acme: Estate, field: str) -> None:
    """With every other scope of the vocabulary the whole operation is refused, and nothing changes."""
    before = await everything(databases, acme)
    given = MATRIX[field](acme.ids) if MATRIX[field] else {"key": "new", "name": "New", "kind": "OTHER"}
    needed = WRITE[parts(field)[1]]
    enough = {needed, OR_ELSE.get(needed, needed)}
    outcome = await ask(acme, document(field), *(scope for scope in Scope if scope not in enough), **{"in": given})
    assert (outcome.status, outcome.codes, outcome.data) == (403, ["FORBIDDEN_SCOPE"], None)
    missing = outcome.errors[0]["extensions"]["missing"]
    assert missing == [{"field": f"Mutation.{field}", "scopes": [needed]}]
    assert await everything(databases, acme) == before


@pytest.mark.parametrize("field", NAMING)
async def test_a_neighbours_thing_is_as_missing_as_one_that_never_was(
    ask: Ask, databases: Databases, acme: Estate, globex: Estate, field: str
) -> None:
    """The two answers are the same bytes, and nobody's estate changes."""
    before = [await everything(databases, estate) for estate in (acme, globex)]
    never = {name: encode(entity.prefix, uuid.uuid4()) for name, entity in BY_NAME.items()}
    theirs, nobodys = [
        await ask(acme, document(field), *EVERYTHING, **{"in": MATRIX[field](ids)}) for ids in (globex.ids, never)
    ]
    assert theirs.answer == nobodys.answer
    assert theirs.data[field]["__typename"] == "NotFound"
    assert [await everything(databases, estate) for estate in (acme, globex)] == before


@pytest.mark.parametrize("second", SECOND, ids=lambda second: f"{second[0]}-{second[1]}")
async def test_nothing_is_hung_on_a_neighbours_thing(
    ask: Ask, databases: Databases, acme: Estate, globex: Estate, second: tuple[str, str, Any]
) -> None:
    """An own thing with a neighbour's beside it: the same bytes as with one that never was."""
    field, target, given = second
    verb, noun = parts(field)
    own = {"id": acme.ids[noun]} if verb != "create" else {}
    own |= {"typeId": acme.ids["DeviceType"]} if field == "createDevice" else {}
    before = await everything(databases, acme)
    theirs, nobodys = [
        await ask(acme, document(field), *EVERYTHING, **{"in": own | given(its)})
        for its in (globex.ids[target], encode(BY_NAME[target].prefix, uuid.uuid4()))
    ]
    assert theirs.answer == nobodys.answer
    assert theirs.data[field]["__typename"] == "NotFound"
    assert await everything(databases, acme) == before


@pytest.mark.parametrize("field", NAMING)
@pytest.mark.parametrize("bad", ["", "nonsense", "loc_", "dev_x", "ten_00000000-0000-0000-0000-000000000001", "\0"])
async def test_an_id_that_is_none_names_nothing(ask: Ask, acme: Estate, field: str, bad: str) -> None:
    """Nor does an id of another kind of thing."""
    outcome = await ask(acme, document(field), *EVERYTHING, **{"in": MATRIX[field](dict.fromkeys(BY_NAME, bad))})
    assert outcome.data[field]["__typename"] == "NotFound"

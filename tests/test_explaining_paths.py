"""The paths of an operation, and what each of them asks for."""

import re
import uuid
from pathlib import Path
from typing import Any

import orjson
import pytest
from graphql import GraphQLObjectType, GraphQLSchema, OperationDefinitionNode, parse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auth.explaining import AccessReason
from auth.guard import demands
from auth.limits import Limits
from auth.scopes import Scope
from models.ids import Prefix, encode
from resolvers.naming import NAMING
from schema.documents import Documents
from tests.ask import Ask
from tests.estate import Estate
from tests.explaining import by_path, explained
from tests.hostile import calls

READS = {
    "Tenant": ["tenant.context.read"], "Location": ["tenant.locations.read"], "Area": ["tenant.areas.read"],
    "Device": ["tenant.devices.read"], "Organization": ["tenant.organizations.read"],
    "DeviceType": ["tenant.device_types.read"],
}  # fmt: skip


@pytest.fixture
def documents(built: GraphQLSchema) -> Documents:
    """Of the graph, with its bounds."""
    return Documents(built, Limits(), at_most=10)


async def asks(ask: Ask, estate: Estate, operation: str, *scopes: Scope, **given: Any) -> dict[str, Any]:
    """What each path asks for."""
    return by_path(await explained(ask, estate, operation, *scopes, **given), "scopes")


async def test_each_field_is_told_by_its_path_in_the_answer(ask: Ask, acme: Estate) -> None:
    """With its aliases; what asks for nothing shows what is asked around it, as the schema prints it."""
    operation = "{ mine: devices { all: nodes { serial at: location { name __typename } } } me { name } }"
    explanation = await explained(ask, acme, operation)
    devices, locations = [READS["Device"]], [READS["Location"]]
    assert by_path(explanation, "scopes") == {
        "mine": devices,
        "mine.all": devices,
        "mine.all.serial": devices,
        "mine.all.at": locations,
        "mine.all.at.name": locations,
        "mine.all.at.__typename": locations,
        "me": [],
        "me.name": [],
    }
    assert by_path(explanation, "coordinate") == {
        "mine": "Query.devices",
        "mine.all": "DeviceConnection.nodes",
        "mine.all.serial": "Device.serial",
        "mine.all.at": "Device.location",
        "mine.all.at.name": "Location.name",
        "mine.all.at.__typename": "Location.__typename",
        "me": "Query.me",
        "me.name": "Me.name",
    }


async def test_a_fragment_is_told_in_every_place_that_spreads_it(ask: Ask, acme: Estate) -> None:
    """Though the guard enters it once; spread twice in one place, it is told once."""
    operation = """{ devices { nodes { type { ...T ...T } children { nodes { type { ...T } } } } } }
      fragment T on DeviceType { key: name }"""
    told = await asks(ask, acme, operation)
    assert [path for path in told if path.endswith("key")] == [
        "devices.nodes.type.key",
        "devices.nodes.children.nodes.type.key",
    ]
    assert told["devices.nodes.type.(DeviceType)"] == [READS["DeviceType"]]


async def test_a_fragment_on_a_type_asks_for_that_type(ask: Ask, acme: Estate) -> None:
    """Also where it selects nothing of that type's own, in whatever fragments it lies."""
    operation = """query ($id: ID!) { node(id: $id) { ... on Device { ...N } ... on Node { ... on Area { name } } } }
      fragment N on Node { id }"""
    assert await asks(ask, acme, operation) == {
        "node": [],
        "node.(Device)": [READS["Device"]],
        "node.id": [READS["Device"]],
        "node.(Area)": [READS["Area"]],
        "node.name": [READS["Area"]],
    }


async def test_what_directives_leave_out_is_told(ask: Ask, acme: Estate) -> None:
    """As it is asked for."""
    assert "areas" in await asks(
        ask, acme, "query ($no: Boolean!) { me { name } areas @include(if: $no) { totalCount } }"
    )


@pytest.mark.parametrize("name", READS)
@pytest.mark.parametrize("field", ["node", "deleteImpact"])
async def test_an_id_asks_for_the_scope_of_its_type(ask: Ask, acme: Estate, field: str, name: str) -> None:
    """As a literal, a variable, or a variable's default; one that is not given names nothing."""
    inside = "{ id }" if field == "node" else "{ counts { count } }"
    literal = await asks(ask, acme, f'{{ {field}(id: "{acme.ids[name]}") {inside} }}')
    variable = f"query ($id: ID!) {{ {field}(id: $id) {inside} }}"
    given = await asks(ask, acme, variable, variables={"id": acme.ids[name]})
    default = await asks(ask, acme, variable.replace("ID!", f'ID! = "{acme.ids[name]}"'))
    assert READS[name] in literal[field]
    assert literal == given == default
    assert (await asks(ask, acme, variable))[field] == []


@pytest.mark.parametrize(
    "id_", ["", "x", "dev_x", 7, encode(Prefix.TOKEN, uuid.UUID(int=1)), encode(Prefix.USER, uuid.UUID(int=1))]
)
async def test_an_id_that_node_does_not_find_asks_for_nothing(ask: Ask, acme: Estate, id_: str | int) -> None:
    """As it answers null for it to everybody."""
    operation = "query ($id: ID!) { node(id: $id) { id } }"
    assert (await asks(ask, acme, operation, variables={"id": id_}))["node"] == []


async def test_several_ids_ask_for_all_of_their_types(ask: Ask, acme: Estate) -> None:
    """In lists with variables in them, and one id in place of a list."""
    both = [[*READS["Area"], *READS["Device"]]]
    operation = f'query ($id: ID!) {{ nodes(ids: ["{acme.ids["Area"]}", $id, "x"]) {{ id }} }}'
    assert (await asks(ask, acme, operation, variables={"id": acme.ids["Device"]}))["nodes"] == both
    single = f'{{ nodes(ids: "{acme.ids["Area"]}") {{ id }} }}'
    assert (await asks(ask, acme, single))["nodes"] == [READS["Area"]]
    operation = "query ($of: [_Any!]!) { _entities(representations: $of) { __typename } }"
    of: list[Any] = [{"__typename": name, "id": "x"} for name in ("Area", "Device", "Nobody", 1)]
    assert (await asks(ask, acme, operation, variables={"of": [*of, 7, {}]}))["_entities"] == both
    literal = '{ _entities(representations: [{__typename: "Area", id: "x"}]) { __typename } }'
    assert (await asks(ask, acme, literal))["_entities"] == [READS["Area"]]


async def test_mutations_are_explained_like_queries(ask: Ask, acme: Estate) -> None:
    """What changes asks for the right to write, what it answers for the right to read."""
    operation = """mutation ($in: CreateAreaInput!, $del: DeleteInput!) {
      createArea(input: $in) { ... on Area { name } ... on Problem { message } }
      gone: deleteDevice(input: $del) { __typename }
      revokeOwnToken(input: {}) { __typename } }"""
    assert await asks(ask, acme, operation) == {
        "createArea": [["tenant.areas.write"]],
        "createArea.(Area)": [READS["Area"]],
        "createArea.name": [READS["Area"]],
        "createArea.message": [["tenant.areas.write"]],
        "gone": [["tenant.devices.write"]],
        "gone.__typename": [["tenant.devices.write"]],
        "revokeOwnToken": [],
        "revokeOwnToken.__typename": [],
    }


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("types: [AREA, DEVICE]", [[*READS["Area"], *READS["Device"]]]),
        ("types: AREA", [READS["Area"]]),
        ("types: $types", [READS["Location"]]),
        ('types: [AREA], locationId: "loc_x", areaId: null', [[*READS["Area"], *READS["Location"]]]),
    ],
)
async def test_following_asks_for_each_type_that_is_followed(
    ask: Ask, acme: Estate, given: str, wanted: list[list[str]]
) -> None:
    """And for the place that it is bound to."""
    operation = f"subscription ($types: [EstateType!]) {{ estateChanged({given}) {{ number }} }}"
    if "$types" not in given:
        operation = operation.replace("($types: [EstateType!])", "")
    assert (await asks(ask, acme, operation, variables={"types": ["LOCATION"]}))["estateChanged"] == wanted


@pytest.mark.parametrize("given", ["", "(types: null)", "(types: [])"])
async def test_following_everything_asks_for_one_type_at_least(ask: Ask, acme: Estate, given: str) -> None:
    """Whoever may read none of them is refused."""
    operation = f"subscription {{ estateChanged{given} {{ number }} }}"
    alternatives = (await asks(ask, acme, operation))["estateChanged"]
    assert sorted(alternatives) == sorted([["platform.tenants.read"], *READS.values()])
    assert (await explained(ask, acme, operation, Scope.AREAS_READ))["smallestScopes"] == READS["Area"]
    assert not (await explained(ask, acme, operation, Scope.TOKENS_READ))["allowed"]


async def test_reading_the_schema_is_told_and_not_gone_into(ask: Ask, acme: Estate) -> None:
    """What lies inside asks for nothing more."""
    schema = [["tenant.schema.read"]]
    assert await asks(ask, acme, "{ s: __schema { types { name } } _service { sdl } __typename }") == {
        "s": schema, "_service": schema, "_service.sdl": schema, "__typename": [],
    }  # fmt: skip


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(),
              st.sampled_from(["AREA", "Area", "dev_00000000-0000-7000-8000-000000000000"])),
    lambda inside: st.one_of(
        st.lists(inside, max_size=3),
        st.dictionaries(st.sampled_from(["id", "__typename", "x"]), inside, max_size=3),
    ),
    max_leaves=8,
)  # fmt: skip
NAMING_ALL = [
    "query ($x: ID!) { node(id: $x) { id } deleteImpact(id: $x) { counts { count } } }",
    "query ($x: [ID!]!) { nodes(ids: $x) { id } }",
    "query ($x: [_Any!]!) { _entities(representations: $x) { __typename } }",
    "subscription ($x: [EstateType!], $y: ID) { estateChanged(types: $x, locationId: $y, areaId: $y) { number } }",
]


@settings(max_examples=200, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(operation=st.sampled_from(NAMING_ALL), variables=st.dictionaries(st.sampled_from(["x", "y", "z"]), JSON))
def test_whatever_variables_hold_is_explained(
    *, documents: Documents, operation: str, variables: dict[str, Any]
) -> None:
    """What names nothing asks for nothing; the operation itself would be refused for it when it is sent."""
    assert documents.examine(operation, variables)


def test_every_field_that_is_looked_into_is_in_the_graph(built: GraphQLSchema) -> None:
    """One that was renamed would silently ask for nothing."""
    for coordinate in NAMING:
        type_, _, field = coordinate.partition(".")
        declared = built.type_map[type_]
        assert isinstance(declared, GraphQLObjectType)
        assert field in declared.fields


async def test_the_document_shows_what_is_answered(ask: Ask, acme: Estate) -> None:
    """Its example, with the operation that it names, and every reason."""
    document = (Path(__file__).parent.parent / "docs" / "explain.md").read_text()
    [shown] = re.findall(r"```json\n(.*?)```", document, re.DOTALL)
    [operation] = re.findall(r"With `(.*?)` as", document)
    explanation = await explained(ask, acme, operation, Scope.DEVICES_READ)
    assert orjson.loads(shown) in explanation["fields"]
    assert re.findall(r"^\| `([A-Z]+)` \|", document, re.MULTILINE) == list(AccessReason)


async def test_one_operation_of_several_is_explained(ask: Ask, acme: Estate) -> None:
    """The one that is named."""
    operation = "query A { me { name } } query B { areas { totalCount } }"
    assert list(await asks(ask, acme, operation, operationName="B")) == ["areas", "areas.totalCount"]


def test_fragments_in_fragments_cost_what_they_come_to(documents: Documents) -> None:
    """Spread twice in one place they are entered once; a bomb of inline fragments in them is no more than its paths."""
    inline = 20
    leaf = "... on Device { ... on Node { ... on Area { ... on Node { " * inline + "id" + " }" * 4 * inline
    levels = "".join(f"fragment f{n} on Device {{ ...f{n + 1} ...f{n + 1} }} " for n in range(8))
    bomb = f"{{ devices {{ nodes {{ ...f0 }} }} }} {levels} fragment f8 on Device {{ {leaf} }}"
    plain = f"{{ devices {{ nodes {{ {leaf} }} }} }}"
    documents.examine(bomb, {}), documents.examine(plain, {})
    assert calls(lambda: documents.examine(bomb, {})) < 2 * calls(lambda: documents.examine(plain, {}))
    assert [".".join(each.path) for each in documents.examine(bomb, {})] == ["devices"] + ["devices.nodes"] * 3 + [
        "devices.nodes.id"
    ]


def test_the_guard_enters_each_fragment_once(built: GraphQLSchema) -> None:
    """Twice the levels of a bomb are twice the work, though they are the square of the fields."""

    def work(levels: int) -> int:
        spread = "".join(
            f"fragment f{n} on Device {{ a: area {{ id }} ...f{n + 1} ...f{n + 1} }} " for n in range(levels)
        )
        document = parse(f"{{ devices {{ nodes {{ ...f0 }} }} }} {spread} fragment f{levels} on Device {{ id }}")
        operation = document.definitions[0]
        assert isinstance(operation, OperationDefinitionNode)
        return calls(lambda: demands(built, document, operation))

    assert work(40) < 2.2 * work(20)

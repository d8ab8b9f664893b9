"""The published schema: committed, described, and with a word for every door."""

from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    build_client_schema,
    get_introspection_query,
    is_specified_scalar_type,
)
from strawberry.types.base import get_object_definition

from auth.codes import Code
from auth.scopes import Scope
from loaders.edges import EDGES
from loaders.entities import ENTITIES, Entity
from schema import query
from schema.build import build, sdl
from schema.field import DeclaredField
from tests.ask import Ask
from tests.estate import Estate

ROOT = Path(__file__).parent.parent


def ours(built: GraphQLSchema) -> list[GraphQLNamedType]:
    """The types that are not GraphQL's own or the link specification's."""
    return [type_ for name, type_ in built.type_map.items() if "__" not in name and not is_specified_scalar_type(type_)]


def test_the_committed_schema_is_the_one_that_is_served() -> None:
    """A change of the graph is seen in review; `make schema` renews the file."""
    assert (ROOT / "schema" / "schema.graphql").read_text() == sdl()


def test_everything_that_partners_see_is_described(built: GraphQLSchema) -> None:
    """Types, fields, arguments, inputs and the values of enums."""
    bare: list[str] = []
    for type_ in ours(built):
        found: dict[str, Any] = {type_.name: type_}
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            found |= {f"{type_.name}.{name}": field for name, field in type_.fields.items()}
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            found |= {
                f"{type_.name}.{name}({argument}:)": declared
                for name, field in type_.fields.items()
                for argument, declared in field.args.items()
            }
        if isinstance(type_, GraphQLEnumType):
            found |= {f"{type_.name}.{name}": value for name, value in type_.values.items()}
        bare += [name for name, declared in found.items() if not declared.description]
    assert bare == []


def test_every_entity_says_what_it_asks_of_its_caller(built: GraphQLSchema) -> None:
    """An entity without one of the three words could be read through `node` and `_entities` by anybody."""
    silent = [entity.name for entity in ENTITIES if built.type_map[entity.name].extensions.get("requirement") is None]
    assert silent == []


def test_every_root_field_says_what_it_asks_of_its_caller(built: GraphQLSchema) -> None:
    """Scopes, authenticated or public: silence is none of the three."""
    assert built.query_type is not None
    silent = [name for name, field in built.query_type.fields.items() if not field.extensions["requirements"]]
    assert silent == []


def test_a_root_field_that_says_nothing_stops_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever can be wrong is found at start-up."""
    definition = get_object_definition(query.Query, strict=True)
    devices = next(field for field in definition.fields if field.python_name == "devices")
    assert isinstance(devices, DeclaredField)
    monkeypatch.setattr(devices, "requirement", None)
    with pytest.raises(ValueError, match=r"Query\.devices does not say"):
        build()


def test_every_list_of_an_entity_asks_for_its_scope(built: GraphQLSchema) -> None:
    """The requirement of the rows stands on each field that leads to a connection of them."""
    lax = []
    for type_ in ours(built):
        for name, field in type_.fields.items() if isinstance(type_, GraphQLObjectType) else ():
            edge = getattr(field.extensions.get("declaration"), "edge", None)
            if edge is not None:
                wanted = built.type_map[edge.target.name].extensions["requirement"]
                lax += [] if wanted in field.extensions["requirements"] else [f"{type_.name}.{name}"]
    assert lax == []


def test_every_declared_edge_is_in_the_graph(built: GraphQLSchema) -> None:
    """An edge that no field follows is dead code."""
    followed = {
        declaration.edge.name
        for type_ in ours(built)
        if isinstance(type_, GraphQLObjectType)
        for field in type_.fields.values()
        if isinstance(declaration := field.extensions.get("declaration"), DeclaredField) and declaration.edge
    }
    assert followed == set(EDGES)


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
def test_only_what_is_shown_can_be_filtered_by(built: GraphQLSchema, entity: Entity) -> None:
    """A column that no field shows could otherwise be guessed, condition by condition."""
    shown = built.type_map[entity.name]
    by = built.type_map[f"{entity.name}Filter"]
    assert isinstance(shown, GraphQLObjectType)
    assert isinstance(by, GraphQLInputObjectType)
    hidden = {name for name in by.fields if name not in shown.fields and name.removesuffix("Id") not in shown.fields}
    assert hidden - {"and", "or", "not"} <= {"logoUrl", "accentColor"}, "branding shows these two"


@pytest.mark.parametrize(
    "field", ["__schema { types { name } }", '__type(name: "Device") { name }', "_service { sdl }"]
)
async def test_reading_the_schema_asks_for_its_scope(ask: Ask, acme: Estate, field: str) -> None:
    """Tokens get it by default; one made without it learns nothing of the graph's shape."""
    refused = await ask(acme, f"{{ {field} }}", *(set(Scope) - {Scope.SCHEMA_READ}))
    allowed = await ask(acme, f"{{ {field} }}", Scope.SCHEMA_READ)
    assert (refused.status, refused.codes) == (403, ["FORBIDDEN_SCOPE"])
    assert (allowed.status, allowed.errors) == (200, [])


async def test_tools_can_read_the_whole_schema(ask: Ask, acme: Estate) -> None:
    """The standard introspection query, with everything that it can ask for, builds the same schema again."""
    query = get_introspection_query(input_value_deprecation=True, schema_description=True, one_of=True)
    outcome = await ask(acme, query, Scope.SCHEMA_READ)
    assert outcome.errors == []
    rebuilt = build_client_schema(outcome.data)
    assert {name for name in rebuilt.type_map if "__" not in name} == {
        name for name in build().type_map if "__" not in name
    }


async def test_the_service_shows_the_whole_schema(ask: Ask, acme: Estate) -> None:
    """A gateway composes from what `_service` says."""
    outcome = await ask(acme, "{ _service { sdl } }", Scope.SCHEMA_READ)
    assert outcome.data["_service"]["sdl"] == sdl().rstrip("\n")


@pytest.mark.parametrize("vocabulary", [Scope, Code], ids=["scopes", "codes"])
def test_each_published_word_is_in_the_docs(vocabulary: type[Scope] | type[Code]) -> None:
    """Partners find every scope and code explained, and no other."""
    text = (ROOT / "docs" / ("scopes.md" if vocabulary is Scope else "errors.md")).read_text()
    documented = [line.split("`")[1] for line in text.splitlines() if line.startswith("| `")]
    assert documented == [str(word) for word in vocabulary]

"""The graph, built once from the declarations: Strawberry declares and prints it, graphql-core runs it.

What is checked here is checked at start-up: every root field and entity says what it asks of its caller.
"""

from typing import Any

import strawberry
from graphql import (
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
)
from strawberry.schema.config import StrawberryConfig

from auth.requirement import AUTHENTICATED, Requirement, any_of
from auth.scopes import Scope
from resolvers.node import entities
from schema.area import Area
from schema.descriptions import describe
from schema.device import Device
from schema.device_type import DeviceType
from schema.field import DeclaredField
from schema.location import Location
from schema.mutation import Mutation
from schema.organization import Organization
from schema.query import Query
from schema.scalars import SCALARS
from schema.subscription import Subscription
from schema.tenant import Tenant

# What federation and introspection add: reading the schema asks for a scope; `_entities` asks for its types'.
SCHEMA_READ = any_of(Scope.SCHEMA_READ)
ADDED: dict[str, Requirement] = {"_entities": AUTHENTICATED, "_service": SCHEMA_READ}


def declared() -> strawberry.federation.Schema:
    """The declarations as Strawberry's schema."""
    return strawberry.federation.Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=[Tenant, Organization, Location, Area, DeviceType, Device],
        config=StrawberryConfig(scalar_map=SCALARS),
    )


def build() -> GraphQLSchema:
    """The graph ready to run: resolvers and requirements hung on graphql-core's schema.

    Raises:
        ValueError: a root field or entity does not say what it asks of its caller.
    """
    source = declared()
    graph = source._schema  # noqa: SLF001 (Strawberry offers no other way to its graphql-core schema)
    describe(graph)
    _mend_introspection(graph)
    for type_ in graph.type_map.values():
        if isinstance(type_, GraphQLObjectType) and not type_.name.startswith("__"):
            _hang(type_)
        elif isinstance(type_, GraphQLInterfaceType | GraphQLUnionType):
            type_.resolve_type = _type_of_row
    _add_federation(graph, source.as_str())
    for type_ in graph.type_map.values():
        if isinstance(type_, GraphQLObjectType) and not type_.name.startswith("__"):
            for name, field in type_.fields.items():
                field.extensions["requirements"] = _requirements(graph, type_, name, field)
    return graph


def connections(graph: GraphQLSchema) -> frozenset[tuple[str, str]]:
    """The fields that lead to a connection, as pairs of their type's name and their own."""
    return frozenset(
        (type_.name, name)
        for type_ in graph.type_map.values()
        if isinstance(type_, GraphQLObjectType) and _lists(type_) is None
        for name, field in type_.fields.items()
        if _lists(get_named_type(field.type)) is not None
    )


def sdl() -> str:
    """The schema as text, as it is committed and compared."""
    source = declared()
    describe(source._schema)  # noqa: SLF001
    return source.as_str() + "\n"


def _type_of_row(row: Any, _info: Any, _abstract: Any) -> str:
    name: str = row["__typename"]
    return name


def _hang(type_: GraphQLObjectType) -> None:
    """Rows are plain dictionaries: no type test, and each field's declared resolver instead of Strawberry's."""
    type_.is_type_of = None
    definition = type_.extensions.get("strawberry-definition")
    type_.extensions["requirement"] = getattr(getattr(definition, "origin", None), "requirement", None)
    for field in type_.fields.values():
        declaration = field.extensions.get("strawberry-definition")
        field.resolve = declaration.resolver if isinstance(declaration, DeclaredField) else None
        field.subscribe = declaration.source if isinstance(declaration, DeclaredField) else None
        field.extensions["declaration"] = declaration


def _mend_introspection(graph: GraphQLSchema) -> None:
    """Strawberry's `isOneOf` fails on lists and on what cannot be null; this one answers as graphql-core's does."""
    introspection = graph.type_map["__Type"]
    assert isinstance(introspection, GraphQLObjectType), "a schema without introspection"
    introspection.fields["isOneOf"].resolve = lambda type_, _info: (
        type_.is_one_of if isinstance(type_, GraphQLInputObjectType) else None
    )


def _add_federation(graph: GraphQLSchema, text: str) -> None:
    query = graph.query_type
    assert query is not None, "a schema without a Query"
    query.fields["_entities"].resolve = entities
    query.fields["_service"].resolve = lambda _root, _info: {"sdl": text}


def _requirements(
    graph: GraphQLSchema, parent: GraphQLObjectType, name: str, field: GraphQLField
) -> tuple[Requirement, ...]:
    """What selecting a field asks for: its own word, and that of the entity that it leads to, listed or not."""
    own: Any = getattr(field.extensions.get("declaration"), "requirement", None)
    if parent in (graph.query_type, graph.mutation_type, graph.subscription_type):
        own = ADDED.get(name, own)
        if own is None:
            raise ValueError(
                f"{parent.name}.{name} does not say what it asks of its caller: scopes, AUTHENTICATED or PUBLIC"
            )
    if _lists(parent):
        return ()
    target = get_named_type(field.type)
    listed = _lists(target)
    if listed is not None:
        target = graph.type_map[listed]
    implied = target.extensions.get("requirement") if isinstance(target, GraphQLObjectType) else None
    return tuple(each for each in (own, implied) if each is not None)


def _lists(type_: Any) -> str | None:
    """The type whose rows a connection lists; None for any other type. Whoever leads to one has asked already."""
    definition = type_.extensions.get("strawberry-definition")
    return getattr(getattr(definition, "origin", None), "lists", None)

"""From the selections of an operation to what a statement can be made of, by the declarations of the fields."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from graphql import (
    FieldNode,
    GraphQLEnumType,
    GraphQLField,
    GraphQLList,
    GraphQLObjectType,
    GraphQLScalarType,
    get_named_type,
    get_nullable_type,
    is_non_null_type,
)

from loaders.edges import Edge
from loaders.entities import TENANT, Entity
from loaders.masking import ANCESTORS, SHOWN, reaching
from loaders.tree import selection
from loaders.tree.forms import Form, form_of, may_be_null
from resolvers import reading
from schema.compiling.arguments import Arguments, Asking, Given, List, ListReader
from schema.compiling.branch import Branch, Lists
from schema.compiling.collecting import Collecting
from schema.compiling.refusal import NotCompilable
from schema.field import DeclaredField

FACTS = {
    "pageInfo": frozenset({"hasNextPage", "hasPreviousPage", "startCursor", "endCursor"}),
    "paging": frozenset({"total", "page", "pages", "size"}),
}


@dataclass
class Walk:
    """One walk through one branch; `places` numbers the lists of the whole operation."""

    collecting: Collecting
    places: Iterator[int] = field(default_factory=count)
    _arguments: dict[int, Arguments[List]] = field(default_factory=dict)
    _entities: set[str] = field(default_factory=set)

    def branch(self, entity: Entity, nodes: list[FieldNode], *, own: bool) -> Branch:
        """What is selected of rows of this entity; `own` says that a tenant is the one that is read. Walked anew.

        Raises:
            NotCompilable: something of it is computed, or leads into other tenants.
        """
        walk = Walk(self.collecting, self.places)
        fields = walk._row(entity, nodes, own=own)
        return Branch(fields, walk.lists())

    def lists(self) -> Lists:
        """What was met."""
        return Lists(self._arguments, frozenset(self._entities))

    def many(self, edge: Edge, around: str, declared: GraphQLField, nodes: list[FieldNode]) -> selection.Many:
        """A list; `around` is the name of the type that has it."""
        named = f"{around}.{nodes[0].name.value}"
        if edge.target.id.key != "id":
            raise NotCompilable(named, "lists what has no id of its own")
        place = next(self.places)
        self._arguments[place] = Arguments(Asking(Given(declared, nodes[0]), ListReader(edge), named))
        self._entities |= reaching(edge.target)
        type_ = get_named_type(declared.type)
        assert isinstance(type_, GraphQLObjectType), "a connection is an object"
        return selection.Many(edge, place, tuple(self._connection(type_, edge.target, nodes)))

    def _row(self, entity: Entity, nodes: list[FieldNode], *, own: bool) -> selection.Fields:
        self._entities.add(entity.name)
        type_ = self.collecting.schema.type_map[entity.name]
        assert isinstance(type_, GraphQLObjectType), f"{entity.name} is no object type"
        return tuple(self._fields(type_, entity, nodes, own=own))

    def _fields(
        self, type_: GraphQLObjectType, entity: Entity, nodes: list[FieldNode], *, own: bool
    ) -> Iterator[tuple[str, selection.Field]]:
        for name, said in self.collecting.fields(type_, [node.selection_set for node in nodes]).items():
            yield name, self._field(type_, entity, said, own=own)

    def _field(self, type_: GraphQLObjectType, entity: Entity, nodes: list[FieldNode], *, own: bool) -> selection.Field:
        name = nodes[0].name.value
        if name == "__typename":
            return typename(type_)
        declared, place = type_.fields[name], f"{type_.name}.{name}"
        declaration = declared.extensions["declaration"]
        if not isinstance(declaration, DeclaredField) or declared.resolve is not declaration.resolver:
            raise NotCompilable(place, "is computed in Python")
        if declaration.edge is not None:
            return self._edge(declaration.edge, entity, declared, nodes, own=own)
        if isinstance(declaration.resolver, reading.RowId):
            return selection.Id(declaration.resolver.entity.prefix)
        if isinstance(declaration.resolver, reading.Column):
            return _value(entity, declaration.resolver.name, declared, place)
        part = get_named_type(declared.type)
        if declaration.resolver is reading.same_row and isinstance(part, GraphQLObjectType):
            return selection.Part(tuple(self._fields(part, entity, nodes, own=own)))
        raise NotCompilable(place, "is computed in Python")

    def _edge(
        self, edge: Edge, entity: Entity, declared: GraphQLField, nodes: list[FieldNode], *, own: bool
    ) -> selection.Field:
        place = f"{entity.name}.{nodes[0].name.value}"
        if entity is TENANT and edge.target is not TENANT and not own:
            raise NotCompilable(place, "may lead into several tenants, and no statement reads two")
        if edge.many:
            return self.many(edge, entity.name, declared, nodes)
        if is_non_null_type(declared.type):
            raise NotCompilable(place, "may not be null, and a row may be out of reach")
        # Rows of an estate name the tenant that they are read as.
        return selection.One(edge, self._row(edge.target, nodes, own=edge.source == "tenant_id"))

    def _connection(
        self, type_: GraphQLObjectType, entity: Entity, nodes: list[FieldNode]
    ) -> Iterator[tuple[str, selection.PageField]]:
        for name, said in self.collecting.fields(type_, [node.selection_set for node in nodes]).items():
            shown = said[0].name.value
            if shown == "__typename":
                yield name, typename(type_)
            elif shown == "nodes":
                yield name, selection.Nodes(self._row(entity, said, own=False))
            elif shown == "edges":
                yield name, selection.Edges(tuple(self._edges(type_, entity, said)))
            elif shown in FACTS:
                yield name, selection.Facts(tuple(self._facts(type_, shown, said)))
            elif shown == "totalCount":
                yield name, selection.Fact(shown)
            else:
                raise NotCompilable(f"{type_.name}.{shown}", "is unknown to compiled lists")

    def _edges(
        self, around: GraphQLObjectType, entity: Entity, nodes: list[FieldNode]
    ) -> Iterator[tuple[str, selection.Constant | selection.Cursor | selection.Node]]:
        type_ = _object(around, "edges")
        for name, said in self.collecting.fields(type_, [node.selection_set for node in nodes]).items():
            shown = said[0].name.value
            if shown == "__typename":
                yield name, typename(type_)
            elif shown == "cursor":
                yield name, selection.Cursor()
            else:
                yield name, selection.Node(self._row(entity, said, own=False))

    def _facts(
        self, around: GraphQLObjectType, of: str, nodes: list[FieldNode]
    ) -> Iterator[tuple[str, selection.Constant | selection.Fact]]:
        type_ = _object(around, of)
        for name, said in self.collecting.fields(type_, [node.selection_set for node in nodes]).items():
            shown = said[0].name.value
            if shown != "__typename" and shown not in FACTS[of]:
                raise NotCompilable(f"{type_.name}.{shown}", "is unknown to compiled lists")
            yield name, typename(type_) if shown == "__typename" else selection.Fact(shown)


def typename(type_: GraphQLObjectType) -> selection.Constant:
    """The name of a type, which no row changes."""
    return selection.Constant(f'"{type_.name}"')


def _object(around: GraphQLObjectType, name: str) -> GraphQLObjectType:
    found = get_named_type(around.fields[name].type)
    assert isinstance(found, GraphQLObjectType), f"{around.name}.{name} is no object"
    return found


def _value(entity: Entity, column: str, declared: GraphQLField, place: str) -> selection.Value:
    form = form_of(entity, column)
    if form is None or form is not _shown_as(declared.type):
        raise NotCompilable(place, "shows its column in a way that PostgreSQL does not write")
    hidden = entity.name in ANCESTORS and column not in SHOWN
    if is_non_null_type(declared.type) and (hidden or may_be_null(entity, column)):
        raise NotCompilable(place, "may not be null, and its column may be")
    return selection.Value(column)


def _shown_as(type_: Any) -> Form | None:
    """The form in which a leaf of this type is written; None for one that is not known here."""
    bare = get_nullable_type(type_)
    if isinstance(bare, GraphQLEnumType):
        return Form.TEXT if all(value.value == name for name, value in bare.values.items()) else None
    name = f"[{bare.of_type}]" if isinstance(bare, GraphQLList) else getattr(bare, "name", "")
    known = {form.value: form for form in Form}
    return known.get(name) if isinstance(bare, GraphQLScalarType | GraphQLList) else None

"""From an operation to its plan: how each root field begins, and what is selected beneath it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from graphql import FieldNode, GraphQLField, GraphQLObjectType, OperationDefinitionNode, OperationType

from loaders.entities import ENTITIES, TENANT, Entity
from loaders.tree.forms import Form, form_of
from loaders.tree.selection import Field, Fields, Many, One, Part, Value
from resolvers import node, tenant
from schema.compiling.arguments import Arguments, Asking, Given
from schema.compiling.branch import Branch
from schema.compiling.collecting import Collecting
from schema.compiling.refusal import NotCompilable
from schema.compiling.roots import Always, ById, ByIds, OfTenant, OneTenant, Possible, RootField
from schema.compiling.walk import Walk, typename
from schema.field import DeclaredField

Plan = tuple[tuple[str, RootField], ...]


def plan(collecting: Collecting, operation: OperationDefinitionNode) -> Plan:
    """What each root field of a query begins with.

    Raises:
        NotCompilable: a field is computed in Python, leads into several tenants, or reads the schema.
    """
    query = collecting.schema.query_type
    assert query is not None, "a schema without a Query"
    if operation.operation is not OperationType.QUERY:
        raise NotCompilable(operation.operation.value.capitalize(), "is not compiled: queries are")
    return tuple(_Planning(collecting, query).roots(operation))


@dataclass(frozen=True)
class Payload:
    """What is selected of a row that a mutation wrote; `place` is where its id is bound."""

    place: int
    branch: Branch


def payload(collecting: Collecting, entity: Entity, said: list[FieldNode]) -> Payload:
    """What a mutation's field selects where its answer is a row of this entity.

    Raises:
        NotCompilable: a field is computed in Python, nothing is selected but what the row holds, or JSON of it is,
            which a repeated change could not spell again as PostgreSQL does.
    """
    if entity is TENANT:
        raise NotCompilable(entity.name, "is written from above, where its estate is not read")
    walk = Walk(collecting)
    branch = walk.branch(entity, said, own=False)
    if not any(isinstance(field, One | Many) for field in _own(branch.fields)):
        raise NotCompilable(entity.name, "is at hand: nothing more of it is asked for")
    for field in _own(branch.fields):
        if isinstance(field, Value) and form_of(entity, field.column) is Form.JSON:
            raise NotCompilable(f"{entity.name}.{field.column}", "is shown as it was written")
    return Payload(next(walk.places), branch)


def _own(fields: Fields) -> Iterator[Field]:
    """The row's own fields, those of its parts among them."""
    for _, field in fields:
        yield field
        if isinstance(field, Part):
            yield from _own(field.fields)


class _Planning:
    def __init__(self, collecting: Collecting, query: GraphQLObjectType) -> None:
        self._collecting = collecting
        self._query = query
        self._walk = Walk(collecting)
        self._begin: dict[Any, Callable[[str, GraphQLField, list[FieldNode]], RootField]] = {
            tenant.tenant: self._tenant,
            node.node: self._by_id,
            node.nodes: self._by_ids,
            node.entities: self._by_ids,
        }

    def roots(self, operation: OperationDefinitionNode) -> Iterator[tuple[str, RootField]]:
        for name, said in self._collecting.fields(self._query, [operation.selection_set]).items():
            yield name, self._root(said[0].name.value, said)

    def _root(self, name: str, said: list[FieldNode]) -> RootField:
        place, declared = f"{self._query.name}.{name}", self._query.fields.get(name)
        if name == "__typename":
            return Always(typename(self._query))
        if declared is None:
            raise NotCompilable(place, "reads the schema")
        declaration = declared.extensions.get("declaration")
        declared_here = isinstance(declaration, DeclaredField) and declared.resolve is declaration.resolver
        if declared_here and declaration.edge is not None:
            walk = Walk(self._collecting, self._walk.places)
            return OfTenant(walk.many(declaration.edge, self._query.name, declared, said), walk.lists())
        begin = self._begin.get(declared.resolve)
        if begin is None:
            raise NotCompilable(place, "is computed in Python")
        return begin(place, declared, said)

    def _tenant(self, place: str, declared: GraphQLField, said: list[FieldNode]) -> RootField:
        own, other = (self._possible(TENANT, said, own=own) for own in (True, False))
        return OneTenant(next(self._walk.places), _as_given(place, declared, said), own, other)

    def _by_id(self, place: str, declared: GraphQLField, said: list[FieldNode]) -> RootField:
        own = self._possible(TENANT, said, own=True)
        return ById(next(self._walk.places), _as_given(place, declared, said), self._branches(said), own)

    def _by_ids(self, place: str, declared: GraphQLField, said: list[FieldNode]) -> RootField:
        strict = declared.resolve is node.entities
        return ByIds(next(self._walk.places), _as_given(place, declared, said), self._branches(said), strict)

    def _branches(self, said: list[FieldNode]) -> dict[str, Possible]:
        return {entity.name: self._possible(entity, said, own=False) for entity in ENTITIES}

    def _possible(self, entity: Entity, said: list[FieldNode], *, own: bool) -> Possible:
        try:
            return self._walk.branch(entity, said, own=own)
        except NotCompilable as refusal:
            return refusal


def _as_given(place: str, declared: GraphQLField, said: list[FieldNode]) -> Arguments[dict[str, Any]]:
    return Arguments(Asking(Given(declared, said[0]), lambda given: given, place))

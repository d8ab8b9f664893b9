"""The scope guard: one static pass for each distinct operation (law 2).

What a field or type asks for is declared in the schema and found here as `extensions["requirements"]` of a field and
`extensions["requirement"]` of an object type. A missing scope refuses the whole operation before anything runs, and
the refusal names every missing scope and the field that asks for it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLCompositeType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    is_composite_type,
)

from auth.codes import Code, Refusal
from auth.requirement import Requirement, any_of
from auth.scopes import Scope

SCHEMA_READ = any_of(Scope.SCHEMA_READ)
META_FIELDS = {"__schema": (SCHEMA_READ,), "__type": (SCHEMA_READ,), "__typename": ()}


@dataclass(frozen=True)
class Demand:
    """One thing that an operation asks of its caller; `field` is a coordinate such as `Query.devices`."""

    field: str
    requirement: Requirement


def demands(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode) -> tuple[Demand, ...]:
    """Everything that a validated operation asks for, whatever `@skip` and `@include` say; linear in the document."""
    root = schema.get_root_type(operation.operation)
    assert root is not None, "validation let an operation through that has no root type"
    walk = _Walk(schema, document)
    walk.selections(root, operation.selection_set)
    return tuple(Demand(field, requirement) for (field, requirement) in walk.found)


def enforce(asked: Iterable[Demand], held: frozenset[Scope]) -> None:
    """Let an operation through, or refuse it whole.

    Raises:
        Refusal: FORBIDDEN_SCOPE with `missing: [{field, scopes}]`.
    """
    missing = [(demand.field, demand.requirement.missing(held)) for demand in asked]
    lacking = [(field, sorted(scopes)) for field, scopes in missing if scopes]
    if not lacking:
        return
    scopes = sorted({scope for _, each in lacking for scope in each})
    fields = "; ".join(f"{field} asks for {', '.join(each)}" for field, each in lacking)
    raise Refusal(
        Code.FORBIDDEN_SCOPE,
        f"The token lacks {', '.join(scopes)}: {fields}.",
        headers=(
            (
                "WWW-Authenticate",
                f'Bearer realm="tenantry", error="insufficient_scope", scope="{" ".join(scopes)}"',
            ),
        ),
        extensions={"missing": [{"field": field, "scopes": each} for field, each in lacking]},
    )


class _Walk:
    """One pass; each fragment is entered once, since what it asks for does not depend on where it is spread."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self._schema = schema
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._entered: set[str] = set()
        self.found: dict[tuple[str, Requirement], None] = {}

    def selections(self, parent: GraphQLCompositeType, selection_set: SelectionSetNode | None) -> None:
        for selection in selection_set.selections if selection_set else ():
            if isinstance(selection, FieldNode):
                self._field(parent, selection)
            elif isinstance(selection, InlineFragmentNode):
                condition = selection.type_condition
                self._condition(parent, condition.name.value if condition else None, selection.selection_set)
            elif isinstance(selection, FragmentSpreadNode) and selection.name.value not in self._entered:
                self._entered.add(selection.name.value)
                fragment = self._fragments[selection.name.value]
                self._condition(parent, fragment.type_condition.name.value, fragment.selection_set)

    def _field(self, parent: GraphQLCompositeType, node: FieldNode) -> None:
        name = node.name.value
        if name in META_FIELDS:
            self._demand(f"Query.{name}", META_FIELDS[name])
            return
        if not isinstance(parent, GraphQLObjectType | GraphQLInterfaceType):
            return
        field = parent.fields[name]
        self._demand(f"{parent.name}.{name}", field.extensions.get("requirements", ()))
        target = get_named_type(field.type)
        if is_composite_type(target):
            self.selections(target, node.selection_set)

    def _condition(self, parent: GraphQLCompositeType, name: str | None, selection_set: SelectionSetNode) -> None:
        """A fragment on a concrete type asks for what that type asks, however its rows were reached."""
        target = self._schema.get_type(name) if name else parent
        if isinstance(target, GraphQLObjectType):
            requirement = target.extensions.get("requirement")
            self._demand(target.name, (requirement,) if requirement else ())
        if target is not None and is_composite_type(target):
            self.selections(target, selection_set)

    def _demand(self, field: str, requirements: tuple[Requirement, ...]) -> None:
        for requirement in requirements:
            if requirement.choices:
                self.found[field, requirement] = None

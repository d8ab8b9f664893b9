"""Which fields an object of a concrete type has in an answer, and in which order (GraphQL's CollectFields)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    BooleanValueNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    NamedTypeNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    is_abstract_type,
)

from auth.limits.fragments import fragments_of

# The nodes that say the same field, by its name in the answer.
Collected = dict[str, list[FieldNode]]


@dataclass(frozen=True)
class Collecting:
    """`switches` are the values of the variables that directives ask for."""

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    switches: Mapping[str, Any]

    def fields(self, type_: GraphQLObjectType, sets: Iterable[SelectionSetNode | None]) -> Collected:
        """What is selected of an object of this type, by its names in the answer."""
        collected: Collected = {}
        spread: set[str] = set()
        for selection_set in sets:
            self._collect(type_, selection_set, collected, spread)
        return collected

    def _collect(
        self, type_: GraphQLObjectType, within: SelectionSetNode | None, collected: Collected, spread: set[str]
    ) -> None:
        for selection in within.selections if within else ():
            if not self._included(selection.directives):
                continue
            if isinstance(selection, FieldNode):
                name = (selection.alias or selection.name).value
                collected.setdefault(name, []).append(selection)
            elif isinstance(selection, InlineFragmentNode):
                if self._applies(selection.type_condition, type_):
                    self._collect(type_, selection.selection_set, collected, spread)
            elif isinstance(selection, FragmentSpreadNode) and selection.name.value not in spread:
                spread.add(selection.name.value)
                fragment = self.fragments[selection.name.value]
                if self._applies(fragment.type_condition, type_):
                    self._collect(type_, fragment.selection_set, collected, spread)

    def _included(self, directives: Iterable[DirectiveNode] | None) -> bool:
        said = {each.name.value: self._switch(each) for each in directives or ()}
        return not said.get("skip", False) and said.get("include", True)

    def _switch(self, directive: DirectiveNode) -> bool:
        [argument] = directive.arguments or ()
        if isinstance(argument.value, VariableNode):
            return bool(self.switches[argument.value.name.value])
        assert isinstance(argument.value, BooleanValueNode), "validation let another value through"
        return argument.value.value

    def _applies(self, condition: NamedTypeNode | None, type_: GraphQLObjectType) -> bool:
        if condition is None or condition.name.value == type_.name:
            return True
        named = self.schema.get_type(condition.name.value)
        return named is not None and is_abstract_type(named) and self.schema.is_sub_type(named, type_)


def switches_of(document: DocumentNode, operation: OperationDefinitionNode) -> tuple[str, ...]:
    """The variables that directives of the operation, or of any fragment, ask for."""
    found: dict[str, None] = {}
    waiting: list[Any] = [operation, *fragments_of(document).values()]
    while waiting:
        node = waiting.pop()
        for directive in node.directives or ():
            for argument in directive.arguments or ():
                if isinstance(argument.value, VariableNode):
                    found[argument.value.name.value] = None
        selection_set = getattr(node, "selection_set", None)
        waiting.extend(selection_set.selections if selection_set else ())
    declared = {each.variable.name.value for each in operation.variable_definitions or ()}
    return tuple(sorted(name for name in found if name in declared))

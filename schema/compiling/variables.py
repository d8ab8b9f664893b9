"""An operation's variables, coerced as graphql-core coerces them, and at once where nothing is to be done."""

from collections.abc import Callable
from typing import Any, TypeAlias

from graphql import (
    GraphQLBoolean,
    GraphQLError,
    GraphQLID,
    GraphQLInputType,
    GraphQLList,
    GraphQLSchema,
    GraphQLString,
    OperationDefinitionNode,
    get_nullable_type,
)
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource, get_variable_values

from schema.compiling.refusal import NotCompilable

# Whether a value is taken as it comes.
Takes: TypeAlias = Callable[[Any], bool]


class Variables:
    """Those that an operation declares."""

    def __init__(self, schema: GraphQLSchema, operation: OperationDefinitionNode) -> None:
        self._schema = schema
        self._declared = operation.variable_definitions or ()
        self._plain = self._all_plain()

    def coerced(self, given: dict[str, Any]) -> VariableValues:
        """Their values in a request. Raises NotCompilable where they do not fit."""
        sources: dict[str, VariableValueSource] = {}
        coerced: dict[str, Any] = {}
        for name, signature, takes in self._plain:
            value = given.get(name)
            if not takes(value):
                break
            sources[name] = VariableValueSource(signature, value)
            coerced[name] = value
        if len(coerced) == len(self._declared):
            return VariableValues(sources, coerced)
        made = get_variable_values(self._schema, self._declared, given, hide_suggestions=True)
        if isinstance(made, list):
            raise NotCompilable("Variables", f"do not fit: {made[0].message}")
        return made

    def _all_plain(self) -> list[tuple[str, GraphQLVariableSignature, Takes]]:
        """Each with its signature and what is taken as it comes, if all have that; nothing otherwise."""
        plain = []
        for node in self._declared:
            signature = get_variable_signature(self._schema, node)
            takes = _takes(signature.type) if isinstance(signature, GraphQLVariableSignature) else None
            if isinstance(signature, GraphQLError) or takes is None:
                return []
            plain.append((signature.name, signature, takes))
        return plain


def _takes(type_: GraphQLInputType) -> Takes | None:
    """What is taken as it comes of a scalar's values, or of lists of them."""
    bare = get_nullable_type(type_)
    if isinstance(bare, GraphQLList):
        each = _takes(bare.of_type)
        return None if each is None else lambda value: type(value) is list and all(map(each, value))
    return SCALARS.get(bare.name)


SCALARS: dict[str, Takes] = {
    GraphQLID.name: lambda value: type(value) is str,
    GraphQLString.name: lambda value: type(value) is str,
    GraphQLBoolean.name: lambda value: type(value) is bool,
    # A federation's representation is any JSON.
    "_Any": lambda value: value is not None,
}

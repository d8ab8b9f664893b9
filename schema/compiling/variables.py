"""An operation's variables, coerced as graphql-core coerces them, and at once where nothing is to be done."""

from typing import Any

from graphql import GraphQLBoolean, GraphQLID, GraphQLNonNull, GraphQLSchema, GraphQLString, OperationDefinitionNode
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource, get_variable_values

from schema.compiling.refusal import NotCompilable

# What a scalar takes as it comes.
AS_IT_COMES: dict[Any, type] = {GraphQLID: str, GraphQLString: str, GraphQLBoolean: bool}


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
        for name, signature, kind in self._plain:
            value = given.get(name)
            if type(value) is not kind:
                break
            sources[name] = VariableValueSource(signature, value)
            coerced[name] = value
        if len(coerced) == len(self._declared):
            return VariableValues(sources, coerced)
        made = get_variable_values(self._schema, self._declared, given, hide_suggestions=True)
        if isinstance(made, list):
            raise NotCompilable("Variables", f"do not fit: {made[0].message}")
        return made

    def _all_plain(self) -> list[tuple[str, GraphQLVariableSignature, type]]:
        """Each with its signature and the type that is taken as it comes, if all have one; nothing otherwise."""
        plain = []
        for node in self._declared:
            signature = get_variable_signature(self._schema, node)
            if not isinstance(signature, GraphQLVariableSignature):
                return []
            bare = signature.type.of_type if isinstance(signature.type, GraphQLNonNull) else signature.type
            if bare not in AS_IT_COMES:
                return []
            plain.append((signature.name, signature, AS_IT_COMES[bare]))
        return plain

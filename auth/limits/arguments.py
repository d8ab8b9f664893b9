"""The values of arguments, as far as counting needs them: whole numbers, and how long lists are."""

from collections.abc import Mapping
from typing import Any

from graphql import (
    FieldNode,
    GraphQLField,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    Undefined,
    ValueNode,
    VariableNode,
)
from graphql.type import GRAPHQL_MAX_INT, GRAPHQL_MIN_INT

# An Int has at most ten digits and a sign; Python refuses to read thousands of them.
INT_LENGTH = 11


class GivenArguments:
    """What an operation's fields are given: literals, variables as they were sent, and defaults.

    What is no Int or no list is none of our business: coercion refuses it, and says why.
    """

    def __init__(self, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> None:
        self._variables = variables
        self._defaults = {each.variable.name.value: each.default_value for each in operation.variable_definitions or ()}

    def number(self, field: FieldNode, name: str, declared: GraphQLField) -> int | None:
        """The Int that an argument has, from its default where it is left out; None for null."""
        node = _argument(field, name)
        value = self._declared_default(declared, name) if node is None else self._value(node)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            return None
        return value if GRAPHQL_MIN_INT <= value <= GRAPHQL_MAX_INT else None

    def count(self, field: FieldNode, name: str, *within: str) -> int:
        """How many items a list has: an argument, or what lies `within` an input object by these names.

        One thing in place of a list is a list of one.
        """
        node = _argument(field, name)
        value = None if node is None else self._value(node)
        for part in within:
            value = self._part(value, part)
        if value is None:
            return 0
        return len(value) if isinstance(value, list | tuple) else 1

    def _part(self, value: Any, name: str) -> Any:
        """A field of an input object, which is a literal or was sent as a variable."""
        if isinstance(value, ObjectValueNode):
            node = next((each.value for each in value.fields if each.name.value == name), None)
            return self._value(node)
        return value.get(name) if isinstance(value, dict) else None

    def _value(self, node: ValueNode | None) -> Any:
        """None for null and for nothing; the items of a list are left as they are."""
        if isinstance(node, VariableNode):
            name = node.name.value
            return self._variables[name] if name in self._variables else self._value(self._defaults.get(name))
        if isinstance(node, IntValueNode) and len(node.value) <= INT_LENGTH:
            return int(node.value)
        if isinstance(node, ListValueNode):
            return node.values
        return None if isinstance(node, NullValueNode) else node

    def _declared_default(self, field: GraphQLField, name: str) -> Any:
        argument = field.args.get(name)
        if argument is None:
            return None
        if argument.default is not None:
            literal = argument.default.literal
            return argument.default.value if literal is None else self._value(literal)
        return None if argument.default_value is Undefined else argument.default_value


def _argument(field: FieldNode, name: str) -> ValueNode | None:
    return next((each.value for each in field.arguments or () if each.name.value == name), None)

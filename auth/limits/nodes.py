"""How many rows and values an operation can answer with, from its page sizes: known before anything is looked up."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
)

from auth.codes import Code, Refusal
from auth.limits.arguments import GivenArguments
from auth.limits.fragments import fragments_of, innermost_first, spreads
from auth.limits.limits import Limits

# Whether a field, by the names of its type and its own, is a connection: built once, from the schema.
IsConnection: TypeAlias = Callable[[str, str], bool]

# The root fields that answer a list of what they are given, and the argument that gives it.
LOOKUPS = {"nodes": "ids", "_entities": "representations"}
# Likewise, of many rows written at once. How many there may be is for the resolver to say; what they come to is ours.
BULK = {"bulkCreateDevices": ("input", "items"), "bulkUpdateDevices": ("input", "items")}


# It is answered with a row for each field of another operation, of which there may be as many as in any.
EXPLAINING = "explainAccess"


class Cost(NamedTuple):
    """Rows of connections, look-ups, explanations and bulk changes, and values of all fields: as many as could be."""

    nodes: int = 0
    values: int = 0

    def beside(self, other: "Cost") -> "Cost":
        """Both selections in one selection set."""
        return Cost(self.nodes + other.nodes, self.values + other.values)

    def times(self, size: int) -> "Cost":
        """A field with this many rows, each with this selection."""
        return Cost(size * (1 + self.nodes), 1 + size * self.values)


def node_cost(
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any],
    schema: GraphQLSchema,
    limits: Limits,
    *,
    is_connection: IsConnection,
) -> int:
    """The rows that an operation of a valid document can answer with at most; `variables` as they were sent.

    A connection is its page size times (1 + what each row selects), a bulk change likewise with its items. Fields that
    execution would merge, or that a directive leaves out, count all the same. Linear: each fragment is counted once.

    Raises:
        Refusal: LIMIT_NODES, LIMIT_FIELDS (too many values), LIMIT_ENTITIES, or BAD_USER_INPUT for a page size.
    """
    fragments = fragments_of(document)
    counting = _Counting(schema, limits, is_connection, GivenArguments(operation, variables), {})
    for fragment in innermost_first(spreads(operation.selection_set), fragments):
        # What a fragment costs depends on its own type alone, wherever it is spread.
        counting.known[fragment.name.value] = counting.selection(
            fragment.selection_set, schema.get_type(fragment.type_condition.name.value)
        )
    cost = counting.selection(operation.selection_set, schema.get_root_type(operation.operation))
    if cost.nodes > limits.nodes:
        raise Refusal(
            Code.LIMIT_NODES,
            f"The operation could answer with {cost.nodes:,} rows, from its page sizes; the limit is {limits.nodes:,}. "
            "Ask for smaller pages (first, last) or for fewer lists in each other.",
            extensions={"counted": cost.nodes, "limit": limits.nodes},
        )
    if cost.values > limits.values:
        raise Refusal(
            Code.LIMIT_FIELDS,
            f"The operation could answer with {cost.values:,} values, from its fields and page sizes; "
            f"the limit is {limits.values:,}. Ask for fewer fields or for smaller pages (first, last).",
            extensions={"counted": cost.values, "limit": limits.values},
        )
    return cost.nodes


@dataclass(frozen=True, slots=True)
class _Counting:
    schema: GraphQLSchema
    limits: Limits
    is_connection: IsConnection
    given: GivenArguments
    known: dict[str, Cost]

    def selection(self, selection_set: SelectionSetNode | None, around: GraphQLNamedType | None) -> Cost:
        total = Cost()
        for selection in selection_set.selections if selection_set else ():
            if isinstance(selection, FieldNode):
                total = total.beside(self.field(selection, around))
            elif isinstance(selection, FragmentSpreadNode):
                total = total.beside(self.known[selection.name.value])
            elif isinstance(selection, InlineFragmentNode):
                condition = selection.type_condition
                inside = self.schema.get_type(condition.name.value) if condition else around
                total = total.beside(self.selection(selection.selection_set, inside))
        return total

    def field(self, node: FieldNode, around: GraphQLNamedType | None) -> Cost:
        name = node.name.value
        declared = around.fields.get(name) if isinstance(around, GraphQLObjectType | GraphQLInterfaceType) else None
        if around is None or declared is None:
            # __typename, and introspection, which has bounds of its own.
            return Cost(values=1)
        below = self.selection(node.selection_set, get_named_type(declared.type))
        if around is self.schema.query_type and name in LOOKUPS:
            return below.times(self.lookups(node, LOOKUPS[name]))
        if around is self.schema.query_type and name == EXPLAINING:
            return below.times(self.limits.fields)
        if around is self.schema.mutation_type and name in BULK:
            return below.times(self.given.count(node, *BULK[name]))
        if self.is_connection(around.name, name):
            return below.times(self.page_size(node, f"{around.name}.{name}", declared))
        return Cost(below.nodes, 1 + below.values)

    def lookups(self, node: FieldNode, argument: str) -> int:
        counted = self.given.count(node, argument)
        if counted > self.limits.entities:
            raise Refusal(
                Code.LIMIT_ENTITIES,
                f"Field '{node.name.value}' is given {counted:,} {argument}; the limit is {self.limits.entities:,}. "
                "Ask in several requests.",
                extensions={"counted": counted, "limit": self.limits.entities},
            )
        return counted

    def page_size(self, node: FieldNode, place: str, declared: GraphQLField) -> int:
        asked: dict[str, int] = {}
        for name in ("first", "last", "page"):
            number = self.given.number(node, name, declared)
            if number is not None:
                asked[name] = number
        page = asked.pop("page", 1)
        for name, number in asked.items():
            self._check_range(name, number, place, self.limits.page_most)
        # Both at once is refused by the resolver; until then, the greater counts.
        size = max(asked.values(), default=self.limits.page_default)
        self._check_range("page", page, place, self.limits.rows_deep // size)
        return size

    def _check_range(self, name: str, number: int, place: str, most: int) -> None:
        if not 1 <= number <= most:
            raise Refusal(
                Code.BAD_USER_INPUT,
                f"Argument '{name}' of '{place}' must be from 1 to {most:,}, not {number:,}.",
                extensions={"argument": name, "field": place},
            )

"""The arguments of a field, coerced as graphql-core coerces them; those without variables once."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from graphql import FieldNode, GraphQLError, GraphQLField, VariableNode, Visitor, visit
from graphql.execution.values import VariableValues, get_argument_values

from auth.codes import Refusal
from loaders.edges import Edge
from loaders.listing import Values, values
from loaders.window import BadArgument, Window
from resolvers import connection
from schema.compiling.refusal import NotCompilable

Asked = TypeVar("Asked")


@dataclass(frozen=True)
class Asking(Generic[Asked]):
    """What a field's arguments ask for; `read` makes it of them, and may refuse them."""

    field: GraphQLField
    node: FieldNode
    read: Callable[[dict[str, Any]], Asked]
    place: str

    def asked(self, variables: VariableValues) -> Asked:
        """What they ask for in a request. Raises NotCompilable for arguments that are refused."""
        try:
            return self.read(get_argument_values(self.field, self.node, variables, hide_suggestions=True))
        except (GraphQLError, Refusal, BadArgument) as error:
            raise NotCompilable(self.place, f"is given arguments that are refused: {error}") from None


class Arguments(Generic[Asked]):
    """The same, kept where no variable changes it."""

    def __init__(self, asking: Asking[Asked]) -> None:
        self._asking = asking
        self._varies = _varies(asking.node)
        self._kept: Asked | None = None

    def asked(self, variables: VariableValues) -> Asked:
        """What they ask for in a request. Raises NotCompilable for arguments that are refused."""
        if self._varies:
            return self._asking.asked(variables)
        if self._kept is None:
            self._kept = self._asking.asked(variables)
        return self._kept


@dataclass(frozen=True, slots=True)
class List:
    """A window, what it is made of, and what its statement depends on of it."""

    window: Window
    values: Values
    shape: tuple[Any, ...]


def of_list(edge: Edge) -> Callable[[dict[str, Any]], List]:
    """Reads the arguments of a connection."""

    def read(given: dict[str, Any]) -> List:
        window = connection.window(edge, given, counted=False)
        return listed(edge, window)

    return read


def listed(edge: Edge, window: Window) -> List:
    """A window of what the edge leads to. Raises BadArgument."""
    taken = values(edge.target, window)
    shape = (
        window.order,
        window.descending,
        window.backward,
        window.after is not None,
        window.before is not None,
        window.offset > 0,
        window.search is not None,
        taken.filter,
    )
    return List(window, taken, shape)


def _varies(node: FieldNode) -> bool:
    found: list[VariableNode] = []

    class _Variables(Visitor):
        def enter_variable(self, variable: VariableNode, *_: Any) -> None:
            found.append(variable)

    for argument in node.arguments or ():
        visit(argument, _Variables())
    return bool(found)

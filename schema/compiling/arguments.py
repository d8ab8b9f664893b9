"""The arguments of a field, coerced as graphql-core coerces them; those without variables once."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from graphql import FieldNode, GraphQLError, GraphQLField, ValueNode, VariableNode, Visitor, visit
from graphql.execution.values import VariableValues, get_argument_values

from auth.codes import Refusal
from loaders.edges import Edge
from loaders.listing import Values, placed, values
from loaders.window import BadArgument, Window
from resolvers import connection
from schema.compiling.refusal import NotCompilable

Asked = TypeVar("Asked")
# Of a field's arguments: each variable may be left out, null, or a value.
MOST_SHAPES = 10


class Given:
    """A field's arguments by their names; what no variable's value changes is coerced once.

    `varies`: variables have a say in them.
    """

    def __init__(self, declared: GraphQLField, node: FieldNode) -> None:
        self._declared = declared
        self._node = node
        arguments = node.arguments or ()
        self._whole = {
            declared.args[said.name.value].out_name or said.name.value: said.value.name.value
            for said in arguments
            if isinstance(said.value, VariableNode)
        }
        inside = any(_varies(said.value) for said in arguments if not isinstance(said.value, VariableNode))
        self.varies = inside or bool(self._whole)
        self._keeps = not inside
        # For each set of variables that are given, or null: those may not do, or leave an argument its default.
        self._fixed: dict[tuple[bool | None, ...], dict[str, Any]] = {}

    def values(self, variables: VariableValues) -> dict[str, Any]:
        """What they are in a request. Raises GraphQLError."""
        coerced = variables.coerced
        whole = {name: coerced[variable] for name, variable in self._whole.items() if variable in coerced}
        shape = tuple([whole[name] is None if name in whole else None for name in self._whole])
        fixed = self._fixed.get(shape)
        if fixed is not None:
            return fixed | whole
        given = get_argument_values(self._declared, self._node, variables, hide_suggestions=True)
        if self._keeps and len(self._fixed) < MOST_SHAPES:
            self._fixed[shape] = {name: value for name, value in given.items() if name not in whole}
        return given


@dataclass(frozen=True)
class Asking(Generic[Asked]):
    """What a field's arguments ask for; `read` makes it of them, and may refuse them."""

    given: Given
    read: Callable[[dict[str, Any]], Asked]
    place: str

    def asked(self, variables: VariableValues) -> Asked:
        """What they ask for in a request. Raises NotCompilable for arguments that are refused."""
        try:
            return self.read(self.given.values(variables))
        except (GraphQLError, Refusal, BadArgument) as error:
            raise NotCompilable(self.place, f"is given arguments that are refused: {error}") from None


class Arguments(Generic[Asked]):
    """The same, kept where no variable changes it."""

    def __init__(self, asking: Asking[Asked]) -> None:
        self._asking = asking
        self._kept: Asked | None = None

    def asked(self, variables: VariableValues) -> Asked:
        """What they ask for in a request. Raises NotCompilable for arguments that are refused."""
        if self._asking.given.varies:
            return self._asking.asked(variables)
        if self._kept is None:
            self._kept = self._asking.asked(variables)
        return self._kept


class List(NamedTuple):
    """A window, what it is made of, and what its statement depends on of it."""

    window: Window
    values: Values
    shape: tuple[Any, ...]


class ListReader:
    """Reads the arguments of a connection, and keeps them: most that come next differ from them by a cursor alone.

    Of a list's window only the shape is looked at, so that one serves for all such.
    """

    def __init__(self, edge: Edge) -> None:
        self._edge = edge
        # What came last with a cursor, and without.
        self._last: dict[tuple[bool, bool], tuple[dict[str, Any], List]] = {}

    def __call__(self, given: dict[str, Any]) -> List:
        """What they ask for. Raises Refusal or BadArgument."""
        rest = given.copy()
        after, before = rest.pop("after", None), rest.pop("before", None)
        ends = after is None, before is None
        last = self._last.get(ends)
        if last is not None and last[0] == rest:
            return self._placed(last[1], after, before)
        made = listed(self._edge, connection.window(self._edge, given, counted=False))
        self._last[ends] = rest, made
        return made

    def _placed(self, like: List, after: str | None, before: str | None) -> List:
        order, descending = like.window.order, like.window.descending
        places = placed(
            after=connection.place(self._edge, order, "after", after, descending=descending),
            before=connection.place(self._edge, order, "before", before, descending=descending),
        )
        return List(like.window, Values(like.values.filter, like.values.named | places), like.shape)


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


def _varies(value: ValueNode) -> bool:
    found: list[VariableNode] = []

    class _Variables(Visitor):
        def enter_variable(self, variable: VariableNode, *_: Any) -> None:
            found.append(variable)

    visit(value, _Variables())
    return bool(found)

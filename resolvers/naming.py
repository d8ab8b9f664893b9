"""What only the arguments of a field tell: of which types its things are, and so which scopes it asks for besides.

At run time the resolvers ask for them (`demand_scopes`); whoever explains an operation finds them here.
"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from graphql import (
    EnumValueNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    StringValueNode,
    ValueNode,
    VariableNode,
)

from auth.walk import Place
from loaders.entities import AREA, BY_NAME, BY_PREFIX, LOCATION
from models import EstateType
from models.ids import decode

# Names of types, of which each group asks for the scope of one of them.
Groups = Iterable[tuple[str, ...]]
Arguments = Mapping[str, Any]


def types_named(place: Place, variables: Arguments) -> Groups:
    """The types that a field's arguments name; `variables` with the defaults of those that are not given."""
    naming = NAMING.get(place.coordinate)
    if naming is None or place.node is None:
        return ()
    return naming({each.name.value: _read(each.value, variables) for each in place.node.arguments or ()})


def given_variables(operation: OperationDefinitionNode, variables: Arguments) -> dict[str, Any]:
    """The variables as they were sent, and the defaults of the others."""
    defaults = {
        each.variable.name.value: _read(each.default_value, {}) for each in operation.variable_definitions or ()
    }
    return {**defaults, **variables}


def _by_ids(argument: str) -> Callable[[Arguments], Groups]:
    def named(given: Arguments) -> Groups:
        for text in _listed(given.get(argument)):
            prefix = decode(text) if isinstance(text, str) else None
            if prefix is not None and prefix[0] in BY_PREFIX:
                yield (BY_PREFIX[prefix[0]].name,)

    return named


def _by_typename(given: Arguments) -> Groups:
    for each in _listed(given.get("representations")):
        name = each.get("__typename") if isinstance(each, dict) else None
        if isinstance(name, str) and name in BY_NAME:
            yield (name,)


def _followed(given: Arguments) -> Groups:
    """Each type that is named; of all of them, where none is, one that may be read is enough."""
    types = [each for each in _listed(given.get("types")) if isinstance(each, str)]
    named = [str(EstateType[each]) for each in types if each in EstateType.__members__]
    yield from ((name,) for name in named) if named else [tuple(str(each) for each in EstateType)]
    for argument, place in (("locationId", LOCATION), ("areaId", AREA)):
        if given.get(argument) is not None:
            yield (place.name,)


# By the coordinates of the fields.
NAMING: Mapping[str, Callable[[Arguments], Groups]] = MappingProxyType(
    {
        "Query.node": _by_ids("id"),
        "Query.nodes": _by_ids("ids"),
        "Query.deleteImpact": _by_ids("id"),
        "Query._entities": _by_typename,
        "Subscription.estateChanged": _followed,
    }
)


def _listed(value: Any) -> list[Any]:
    """One thing in place of a list is a list of one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _read(node: ValueNode | None, variables: Arguments) -> Any:
    """A value as far as it can name something: numbers name nothing."""
    match node:
        case VariableNode():
            return variables.get(node.name.value)
        case StringValueNode() | EnumValueNode():
            return node.value
        case ListValueNode():
            return [_read(each, variables) for each in node.values]
        case ObjectValueNode():
            return {each.name.value: _read(each.value, variables) for each in node.fields}
    return None

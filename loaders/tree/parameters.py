"""The parameters of a compiled statement: what stands in its text for what each request brings.

Only shapes are known where a statement is made: values have names, and are bound when it is run.
"""

from typing import Any, TypeAlias

from sqlalchemy import Uuid, bindparam
from sqlalchemy.types import TypeEngine

from loaders.listing import Say
from models.hierarchy import Node, Reach, ReachKind

TENANT_ID = "tenant"
# Of a reach its kinds of nodes, and whether each says where it lies; None is everything.
ReachShape: TypeAlias = tuple[tuple[tuple[ReachKind, bool], ...], ...] | None


def tenant_id() -> Any:
    """The tenant whose rows are read."""
    return bindparam(TENANT_ID, type_=Uuid)


def at(place: int) -> Say:
    """The values of the list or look-up at this place."""

    def say(name: str, type_: TypeEngine[Any]) -> Any:
        return bindparam(f"{place}_{name}", type_=type_)

    return say


def valued(place: int, values: dict[str, Any]) -> dict[str, Any]:
    """What `at` asks for, by the names of the parameters."""
    return {f"{place}_{name}": value for name, value in values.items()}


def shape_of(reach: Reach) -> ReachShape:
    """What a statement depends on of a reach."""
    if reach is None:
        return None
    return tuple(tuple((node.kind, node.location_id is not None) for node in nodes) for nodes in reach)


def reach_of(name: str, shape: ReachShape) -> Reach:
    """A reach of this shape, its ids parameters; `name` is its entity's."""
    if shape is None:
        return None

    def parameter(*path: object) -> Any:
        return bindparam("_".join(map(str, (name, *path))), type_=Uuid)

    return tuple(
        tuple(
            Node(kind, parameter(group, number), parameter(group, number, "in") if placed else None)
            for number, (kind, placed) in enumerate(nodes)
        )
        for group, nodes in enumerate(shape)
    )


def reached(name: str, reach: Reach) -> dict[str, Any]:
    """What `reach_of` asks for, by the names of the parameters."""
    found: dict[str, Any] = {}
    for group, nodes in enumerate(reach or ()):
        for number, node in enumerate(nodes):
            found |= {f"{name}_{group}_{number}": node.id, f"{name}_{group}_{number}_in": node.location_id}
    return found

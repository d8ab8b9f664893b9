"""The nodes that rights are bound to; a right covers everything beneath its node."""

import uuid
from dataclasses import dataclass
from enum import StrEnum


class ReachKind(StrEnum):
    """What a right is bound to. Published, forever."""

    PLATFORM = "PLATFORM"
    TENANT = "TENANT"
    ORGANIZATION = "ORGANIZATION"
    LOCATION = "LOCATION"
    AREA = "AREA"


@dataclass(frozen=True, slots=True)
class Node:
    """A node of the hierarchy; `location_id` is where an area is, so that its devices are sought in one location."""

    kind: ReachKind
    id: uuid.UUID
    location_id: uuid.UUID | None = None


# Any of these, each of them all its nodes at once; None is everything that the tenant has.
Reach = tuple[tuple[Node, ...], ...] | None


def within(one: Reach, other: Reach) -> Reach:
    """What lies in both."""
    if one is None or other is None:
        return other if one is None else one
    return tuple(dict.fromkeys(tuple(dict.fromkeys((*mine, *theirs))) for mine in one for theirs in other))


def either(reaches: list[Reach]) -> Reach:
    """What lies in one of them; in none, where there are none."""
    if any(reach is None for reach in reaches):
        return None
    return tuple(dict.fromkeys(nodes for reach in reaches if reach is not None for nodes in reach))

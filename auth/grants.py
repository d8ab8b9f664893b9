"""What a principal may do where: scopes, each bound to nodes of the hierarchy.

A token's right is what its own scopes and node leave of what its owner may do at this moment: computed at every
look-up, and stored nowhere.
"""

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from auth.requirement import Requirement
from auth.scopes import Scope
from models.hierarchy import Node, Reach, ReachKind, either, within

ESTATE = frozenset({ReachKind.ORGANIZATION, ReachKind.LOCATION, ReachKind.AREA})


@dataclass(frozen=True, slots=True)
class Grant:
    """Scopes that hold beneath all of these nodes at once."""

    scopes: frozenset[Scope]
    nodes: tuple[Node, ...] = ()


def applicable(grants: Iterable[Grant], home: uuid.UUID, path: Collection[uuid.UUID]) -> tuple[Grant, ...]:
    """The grants that hold in the tenant with this path; what is left of their nodes lies inside that tenant."""
    tenant_id = list(path)[-1]
    found = []
    for grant in grants:
        holds = all(
            tenant_id == home if node.kind in ESTATE else node.kind is ReachKind.PLATFORM or node.id in path
            for node in grant.nodes
        )
        if holds:
            found.append(Grant(grant.scopes, tuple(node for node in grant.nodes if node.kind in ESTATE)))
    return tuple(found)


def narrowed(grants: Iterable[Grant], bound: Grant) -> tuple[Grant, ...]:
    """What another grant leaves of each of these."""
    left = (Grant(grant.scopes & bound.scopes, tuple(dict.fromkeys((*grant.nodes, *bound.nodes)))) for grant in grants)
    return tuple(grant for grant in left if grant.scopes)


def scopes_of(grants: Iterable[Grant]) -> frozenset[Scope]:
    """Every scope that holds somewhere."""
    return frozenset[Scope]().union(*(grant.scopes for grant in grants))


def reach_of(grants: Collection[Grant], requirement: Requirement) -> Reach:
    """Where a requirement is met: nowhere is the empty reach, everywhere None."""
    if not requirement.choices:
        return either([(grant.nodes,) if grant.nodes else None for grant in grants])
    return either([_all_of(grants, choice) for choice in requirement.choices])


def _all_of(grants: Collection[Grant], scopes: frozenset[Scope]) -> Reach:
    reach: Reach = None
    for scope in scopes:
        holding = [grant for grant in grants if scope in grant.scopes]
        reach = within(reach, either([(grant.nodes,) if grant.nodes else None for grant in holding]))
    return reach

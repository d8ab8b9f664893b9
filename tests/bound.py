"""Changing an estate as a caller whose right is bound to a node of it."""

import uuid
from collections.abc import Awaitable, Iterable
from types import SimpleNamespace
from typing import Any, Protocol

from auth.scopes import Scope
from models.clock import Clock
from models.hierarchy import Node, ReachKind
from schema.graph import Graph
from schema.operation import OperationRequest
from tenantry.databases import Databases
from tests.ask import Outcome, caller_of
from tests.changing import EVERYTHING, document, everything
from tests.estate import Estate
from tests.reaching import Half, Halves

KINDS = (ReachKind.ORGANIZATION, ReachKind.LOCATION, ReachKind.AREA)
ESTATE = ("organization", "location", "area", "device_type", "device")
Rows = dict[str, list[dict[str, Any]]]


class Change(Protocol):
    """`outcome = await change(halves, node, "updateArea", {"id": …})`; `node` None is a token that is not bound."""

    def __call__(
        self,
        halves: Halves,
        node: Node | None,
        field: str,
        given: dict[str, Any],
        *,
        scopes: Iterable[Scope] = EVERYTHING,
        query: str | None = None,
    ) -> Awaitable[Outcome]:
        """Run the mutation with every scope of a tenant, unless some are named."""
        ...


def changing(graph: Graph, clock: Clock) -> Change:
    """The way to change things through this graph."""

    async def run(
        halves: Halves,
        node: Node | None,
        field: str,
        given: dict[str, Any],
        *,
        scopes: Iterable[Scope] = EVERYTHING,
        query: str | None = None,
    ) -> Outcome:
        caller = caller_of(halves.tenant, clock, frozenset(scopes), node=node)
        request = OperationRequest(query or document(field), {"in": given})
        return Outcome(await graph.run(request, caller, "a-request"))

    return run


def estate(halves: Halves, half: Half | None = None) -> Estate:
    """One half, the first unless another is named, as the estate of its tenant."""
    own = half or halves.first
    return Estate(
        tenant=halves.tenant,
        organization=own.organization,
        location=own.location,
        floor=own.floor,
        area=own.room,
        device_type=halves.device_type,
        device=own.device,
    )


async def outside(databases: Databases, halves: Halves, node: Node) -> Rows:
    """All rows of the tenant's estate that do not lie beneath the node, found without any predicate of ours."""
    rows = await everything(databases, estate(halves))
    beneath = _beneath(rows, node)
    return {name: [row for row in rows[name] if row["id"] not in beneath] for name in ESTATE}


def _beneath(rows: Rows, node: Node) -> set[uuid.UUID]:
    if node.kind is ReachKind.AREA:
        areas = _tree(rows["area"], node.id)
        return areas | {row["id"] for row in rows["device"] if row["area_id"] in areas}
    organizations = _tree(rows["organization"], node.id) if node.kind is ReachKind.ORGANIZATION else set()
    locations = {row["id"] for row in rows["location"] if row["organization_id"] in organizations}
    locations |= {node.id} if node.kind is ReachKind.LOCATION else set()
    found = organizations | locations | {row["id"] for row in rows["area"] if row["location_id"] in locations}
    for row in (SimpleNamespace(**each) for each in rows["device"]):
        owner = row.organization_id if node.kind is ReachKind.ORGANIZATION else None
        if owner in organizations if owner else row.location_id in locations:
            found.add(row.id)
    return found


def _tree(rows: list[dict[str, Any]], root: uuid.UUID) -> set[uuid.UUID]:
    found = {root}
    while more := {row["id"] for row in rows if row["parent_id"] in found} - found:
        found |= more
    return found

"""Callers of the seeded tenants, and the graph as they ask it in process."""

from datetime import timedelta
from typing import Any

import orjson

from auth.principal import Caller, Principal, TenantRef, kind_of
from auth.scopes import expand
from benchmarks.timed.answers import Unequal
from benchmarks.timed.seeded import Tenant
from models import PLATFORM_ID, TenantStatus
from models.clock import Clock
from models.hierarchy import Node
from schema.graph import Graph
from schema.operation import OperationRequest


def caller(tenant: Tenant, clock: Clock, node: Node | None = None) -> Caller:
    """A service of the tenant that may do everything in it, or beneath a node of it."""
    home = TenantRef(tenant.id, "seeded", TenantStatus.ACTIVE, (PLATFORM_ID, tenant.id))
    principal = Principal(
        kind=kind_of(tenant.id),
        name="make bench-rights",
        token_id=clock.new_id(),
        expires_at=clock.now() + timedelta(days=1),
        scopes=expand(["tenant.*"], platform=False),
        home=home,
        node=node,
    )
    return Caller(principal, home)


async def answered(graph: Graph, by: Caller, document: str, variables: dict[str, Any]) -> Any:
    """What the graph answers. Raises Unequal where it tells of an error."""
    answer = await graph.run(OperationRequest(document, variables), by, "a-request")
    if b'"errors"' in answer.body:
        raise Unequal(answer.body[:500].decode())
    return orjson.loads(answer.body)["data"]

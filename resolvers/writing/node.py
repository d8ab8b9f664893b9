"""What a token or a role is bound to: found in its tenant, and held while the binding is written."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from loaders.entities import AREA, LOCATION, ORGANIZATION, Entity
from loaders.reach import condition
from models import ids
from models.hierarchy import Node, Reach, ReachKind
from models.ids import Prefix
from resolvers.problems import NotFound, Problem

BOUND: dict[Prefix, tuple[Entity, ReachKind]] = {
    Prefix.ORGANIZATION: (ORGANIZATION, ReachKind.ORGANIZATION),
    Prefix.LOCATION: (LOCATION, ReachKind.LOCATION),
    Prefix.AREA: (AREA, ReachKind.AREA),
}
MISSING = NotFound("There is no such organization, location or area in reach.")


@dataclass(frozen=True, slots=True)
class Covered:
    """A node, and for each reach that was asked about whether the node lies in it."""

    node: Node
    by: tuple[bool, ...]


def columns_of(node: Node | None) -> dict[str, uuid.UUID | None]:
    """The columns of a row that bind it to a node, or to none."""
    columns: dict[str, uuid.UUID | None] = dict.fromkeys(("organization_id", "location_id", "area_id"))
    if node is not None:
        columns["location_id"] = node.location_id
        columns[f"{node.kind.lower()}_id"] = node.id
    return columns


def names_tenant(tenant_id: uuid.UUID, text: str | None) -> bool:
    """Whether an input's node is the whole tenant: none, or the tenant's own id, as bindings show it."""
    return text is None or ids.decode(text) == (Prefix.TENANT, tenant_id)


async def found(connection: AsyncConnection, tenant_id: uuid.UUID, text: str, reaches: Sequence[Reach]) -> Covered:
    """The living node that an id names, held until the transaction ends. The first reach decides whether it is seen.

    Raises:
        Problem: NotFound.
    """
    named = ids.decode(text)
    bound = BOUND.get(named[0]) if named else None
    if named is None or bound is None:
        raise Problem(MISSING)
    entity, kind = bound
    table = entity.sql
    covered = [condition(entity, tenant_id, reach).label(f"by_{at}") for at, reach in enumerate(reaches)]
    statement = (
        select(table.c.location_id if entity is AREA else table.c.id.label("location_id"), *covered)
        .where(table.c.tenant_id == tenant_id, table.c.id == named[1], entity.living)
        .with_for_update(read=True, of=table)
    )
    row = (await connection.execute(statement)).one_or_none()
    if row is None or not row.by_0:
        raise Problem(MISSING)
    location_id = row.location_id if kind is ReachKind.AREA else None
    return Covered(Node(kind, named[1], location_id), tuple(bool(each) for each in row[1:]))

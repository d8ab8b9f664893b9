"""Deleting a tenant: softly, in a set with those beneath it. Its estate stays as it is; nobody can act in it."""

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import ARRAY, Uuid, bindparam, func, select, update

from loaders.edges import (
    areas_of_tenant,
    device_types_of_tenant,
    devices_of_tenant,
    locations_of_tenant,
    organizations_of_tenant,
)
from loaders.entities import TENANT
from loaders.window import Row, Window
from models import TenantStatus, ids
from models.event import ChangeKind
from resolvers.context import Context
from resolvers.problems import NotEmpty, Problem
from resolvers.writing.change import Change
from resolvers.writing.delete import shown_counts
from resolvers.writing.nouns import Noun
from resolvers.writing.tenants.beneath import held, named

ESTATE = (locations_of_tenant, areas_of_tenant, organizations_of_tenant, device_types_of_tenant, devices_of_tenant)
Counts = tuple[tuple[str, int], ...]


async def estate(context: Context, given: Mapping[str, Any]) -> Counts:
    """What lives in the estate of the tenant that an input's `id` names, read as that tenant, by the types' names.

    Before the change begins: it would otherwise hold two connections. Nothing for a tenant out of reach.
    """
    tenant_id = named(given["id"])
    if tenant_id is None or tenant_id == context.tenant_id:
        return ()
    if await context.loaders.row(TENANT, context.tenant_id, tenant_id) is None:
        return ()
    counting = Window(size=1, order="ID", counted=True)
    pages = [(each.target.name, await context.loaders.page(each, tenant_id, tenant_id, counting)) for each in ESTATE]
    return tuple((name, page.total) for name, page in pages if page.total)


async def delete(change: Change, noun: Noun, given: Mapping[str, Any], lives: Counts) -> Row:
    """What was deleted: the tenant, and with `cascade` all beneath it. `lives` is its estate, which keeps it otherwise.

    Raises:
        Problem: NotFound, Forbidden, Conflict (a stale `ifVersion`), or NotEmpty.
    """
    row = await held(change, given)
    below = await _below(change, row["id"])
    hanging = (*lives, (noun.entity.name, len(below))) if below else lives
    if hanging and not given.get("cascade"):
        counts = tuple(sorted(hanging))
        listed = ", ".join(f"{count} {name}" for name, count in counts)
        raise Problem(NotEmpty(f"The tenant is not empty ({listed}): empty it, or say cascade.", counts))
    table, now = noun.entity.sql, change.context.clock.now()
    gone = bindparam("gone", [row["id"], *below], type_=ARRAY(Uuid))
    statement = update(table).where(table.c.id == func.any(gone))
    statement = statement.values(
        status=TenantStatus.DELETED,
        status_before=table.c.status,
        deleted_at=now,
        deletion_id=change.context.clock.new_id(),
        updated_at=now,
        version=table.c.version + 1,
    )
    for each in await change.rows(statement.returning(table)):
        change.tell(ChangeKind.DELETED, noun.entity, each, [])
    return {
        "__typename": "Deletion",
        "id": ids.encode(noun.entity.prefix, row["id"]),
        "counts": shown_counts(((noun.entity.name, 1 + len(below)),)),
    }


async def _below(change: Change, root: uuid.UUID) -> list[uuid.UUID]:
    """The living tenants beneath, locked level by level: whoever hangs one on them has done so, or waits."""
    table = TENANT.sql
    found: list[uuid.UUID] = []
    level = [root]
    while level:
        parents = bindparam("parents", level, type_=ARRAY(Uuid))
        statement = (
            select(table.c.id)
            .where(table.c.parent_id == func.any(parents), table.c.status != TenantStatus.DELETED)
            .order_by(table.c.id)
            .with_for_update()
        )
        level = [row["id"] for row in await change.rows(statement)]
        found += level
    return found

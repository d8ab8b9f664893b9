"""Bringing a tenant back: from its suspension, or from its deletion with everything that went with it."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select, update

from loaders.window import Row
from models import TenantStatus, ids
from models.event import ChangeKind
from resolvers.problems import Conflict, Problem
from resolvers.writing.change import Change
from resolvers.writing.nouns import Noun
from resolvers.writing.tenants.beneath import above, held
from resolvers.writing.tenants.update import write


async def restore(change: Change, noun: Noun, given: Mapping[str, Any]) -> Row:
    """The tenant, active again; a deleted one is what it was before, and so are those that were deleted with it.

    Raises:
        Problem: NotFound, Forbidden, or Conflict: it is active, was deleted with another tenant or lies beneath one
            that is deleted, or its slug was taken meanwhile.
    """
    row = await held(change, given, deleted=True)
    if row["status"] == TenantStatus.ACTIVE:
        raise Problem(Conflict("The tenant is neither suspended nor deleted."))
    if row["status"] == TenantStatus.SUSPENDED:
        return await write(change, noun, row, {"status": TenantStatus.ACTIVE}, ChangeKind.RESTORED)
    table = noun.entity.sql
    together = table.c.id == row["id"]
    if row["deletion_id"] is not None:
        together = table.c.deletion_id == row["deletion_id"]
        # Paths of what went together differ in length: the root's is the shortest.
        first = select(table.c.id).where(together).order_by(func.cardinality(table.c.path)).limit(1)
        [root] = await change.rows(first)
        if root["id"] != row["id"]:
            raise Problem(
                Conflict(f"The tenant was deleted with {ids.encode(noun.entity.prefix, root['id'])}: restore that.")
            )
    await _check_above(change, noun, row)
    statement = update(table).where(together)
    statement = statement.values(
        status=func.coalesce(table.c.status_before, TenantStatus.ACTIVE),
        status_before=None,
        deleted_at=None,
        deletion_id=None,
        updated_at=change.context.clock.now(),
        version=table.c.version + 1,
    )
    restored = row
    for back in await change.rows(statement.returning(table)):
        change.tell(ChangeKind.RESTORED, noun.entity, back, [])
        restored = back if back["id"] == row["id"] else restored
    return restored


async def _check_above(change: Change, noun: Noun, row: Row) -> None:
    try:
        await above(change, row["parent_id"])
    except Problem:
        at = ids.encode(noun.entity.prefix, row["parent_id"])
        raise Problem(Conflict(f"The tenant lies beneath {at}, which is deleted: restore that first.")) from None

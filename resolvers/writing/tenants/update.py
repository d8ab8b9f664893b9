"""Updating and suspending a tenant."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import update as sql_update

from loaders.window import Row
from models import AuditAction, TenantStatus
from models.event import ChangeKind
from resolvers.writing.change import Change
from resolvers.writing.nouns import Noun
from resolvers.writing.tenants.beneath import held
from resolvers.writing.values import checked


async def update(change: Change, noun: Noun, given: Mapping[str, Any]) -> Row:
    """The tenant with what the input names changed; null clears, what is not named stays.

    Raises:
        Problem: NotFound, Forbidden, Invalid, or Conflict (a stale `ifVersion`).
    """
    row = await held(change, given)
    return await write(change, noun, row, checked(noun, given, creating=False), ChangeKind.UPDATED)


async def suspend(change: Change, noun: Noun, given: Mapping[str, Any]) -> Row:
    """The tenant, whose own tokens are refused from now on; those of the tenants above it still act in it.

    Raises:
        Problem: NotFound, Forbidden, or Conflict (a stale `ifVersion`).
    """
    row = await held(change, given)
    suspended = {"status": TenantStatus.SUSPENDED}
    return await write(change, noun, row, suspended, ChangeKind.UPDATED, action=AuditAction.TENANT_SUSPENDED)


async def write(
    change: Change,
    noun: Noun,
    row: Row,
    columns: Mapping[str, Any],
    kind: ChangeKind,
    *,
    action: AuditAction | None = None,
) -> Row:
    """The row with these columns, a version on and told; untouched where it has them already."""
    changed = [name for name, value in columns.items() if row[name] != value]
    if not changed:
        return row
    table = noun.entity.sql
    statement = sql_update(table).where(table.c.id == row["id"])
    values = {name: columns[name] for name in changed} | {"updated_at": change.context.clock.now()}
    [written] = await change.rows(statement.values(**values, version=table.c.version + 1).returning(table))
    change.tell(kind, noun.entity, written, changed, before=row, action=action)
    return written

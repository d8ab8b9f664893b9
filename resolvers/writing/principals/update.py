"""Changing a person, a service account or a role; whom an issuer means by it never changes."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import update as sql_update

from loaders.entities import Entity
from loaders.window import Row
from models import AuditAction
from resolvers.recording import action_of
from resolvers.writing.change import Change
from resolvers.writing.nouns import Noun
from resolvers.writing.principals.role_scopes import granted
from resolvers.writing.update import changes, held
from resolvers.writing.values import checked


async def update(change: Change, noun: Noun, given: Mapping[str, Any]) -> Row:
    """The row with what the input names changed; null clears, what is not named stays.

    Raises:
        Problem: NotFound, Invalid, Conflict or Forbidden.
    """
    row = await held(change, noun, given)
    columns = checked(noun, given, creating=False)
    if "scopes" in columns:
        columns["scopes"] = granted(change, columns["scopes"], row["scopes"])
    return await written(change, action_of("updated", noun.entity), noun.entity, row, columns)


async def written(change: Change, action: AuditAction, entity: Entity, row: Row, columns: Mapping[str, Any]) -> Row:
    """A locked row with these columns, one version on; the row itself where it has them already."""
    changed = changes(row, columns)
    if not changed:
        return row
    table = entity.sql
    statement = (
        sql_update(table)
        .where(table.c.tenant_id == change.tenant_id, table.c.id == row["id"])
        .values(**columns, updated_at=change.context.clock.now(), version=table.c.version + 1)
        .returning(table)
    )
    [after] = await change.rows(statement)
    change.record(action, entity, after, changed, before=row)
    return after

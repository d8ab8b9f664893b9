"""Which rows lie within reach, asked of the database: where a row is, and where it would be.

Only callers whose right is bound to nodes are asked about: nobody else costs a statement.
"""

import uuid
from collections.abc import Collection, Mapping
from types import SimpleNamespace
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Uuid, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from loaders.entities import Entity
from loaders.reach import condition
from models.hierarchy import Reach


async def lying(
    connection: AsyncConnection, tenant_id: uuid.UUID, entity: Entity, row_ids: Collection[uuid.UUID], reach: Reach
) -> set[uuid.UUID]:
    """Those of these rows that lie within reach; the deleted ones too, which lie where they were."""
    if reach is None or not row_ids:
        return set(row_ids)
    table = entity.sql
    wanted = bindparam("row_ids", sorted(row_ids), type_=ARRAY(Uuid))
    statement = select(table.c.id).where(
        table.c.tenant_id == tenant_id, table.c.id == func.any(wanted), condition(entity, tenant_id, reach)
    )
    return set(await connection.scalars(statement))


def told(
    entity: Entity, tenant_id: uuid.UUID, reach: Reach, columns: Mapping[str, ColumnElement[Any]]
) -> ColumnElement[bool]:
    """Whether a row would lie within reach, if these were its columns."""
    return condition(entity, tenant_id, reach, table=SimpleNamespace(**columns))

"""Whom an event is told: followers that are bound to nodes, of what lies beneath them and lay there when it happened.

Where a thing is now is asked of the database at each event; a deleted one is where it was. What leaves the reach is
not told, nor is what happened before it came in, nor what was purged.
"""

from typing import Any

from sqlalchemy import Uuid, literal, select

from loaders.entities import BY_NAME, DEVICE, TENANT
from loaders.reach import condition
from loaders.window import Row
from models.hierarchy import Reach
from resolvers.context import Context
from resolvers.reach import told


async def is_told(context: Context, event: Row, reach: Reach) -> bool:
    """Whether the event is of a thing within reach; a statement, unless everything is."""
    if reach is None:
        return True
    entity = BY_NAME[event["entity"]]
    if entity is TENANT:
        return False
    tenant_id, table = context.tenant_id, entity.sql
    statement = select(table.c.id).where(
        table.c.tenant_id == tenant_id, table.c.id == event["entity_id"], condition(entity, tenant_id, reach)
    )
    if entity is DEVICE:
        columns: dict[str, Any] = dict(table.c)
        columns |= {name: literal(event[name], Uuid) for name in ("location_id", "area_id")}
        statement = statement.where(told(entity, tenant_id, reach, columns))
    async with context.database.read(tenant_id) as connection:
        return await connection.scalar(statement) is not None

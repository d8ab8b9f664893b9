"""The tables that an import writes, and which of their rows it sees: the tenant's living ones.

A row that is deleted softly is as if it did not exist: a new one is made beside it, and nothing refers to it.
"""

import uuid
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from loaders import entities
from resolvers.importing.sheet import AREAS, DEVICE_TYPES, DEVICES, LOCATIONS, ORGANIZATIONS
from resolvers.importing.staging import areas, device_types, devices, locations, organizations

ORGANIZATION: Any = entities.ORGANIZATION.sql
LOCATION: Any = entities.LOCATION.sql
AREA: Any = entities.AREA.sql
TYPE: Any = entities.DEVICE_TYPE.sql
DEVICE: Any = entities.DEVICE.sql

# By the names of the sheets.
KEPT = {
    ORGANIZATIONS.name: ORGANIZATION,
    LOCATIONS.name: LOCATION,
    AREAS.name: AREA,
    DEVICE_TYPES.name: TYPE,
    DEVICES.name: DEVICE,
}
# Every column of a line that names a row.
NAMING = (
    (organizations.c.id, ORGANIZATION),
    (organizations.c.parent_id, ORGANIZATION),
    (locations.c.id, LOCATION),
    (locations.c.organization_id, ORGANIZATION),
    (areas.c.id, AREA),
    (areas.c.location_id, LOCATION),
    (areas.c.parent_id, AREA),
    (device_types.c.id, TYPE),
    (devices.c.id, DEVICE),
    (devices.c.location_id, LOCATION),
    (devices.c.area_id, AREA),
    (devices.c.type_id, TYPE),
    (devices.c.parent_id, DEVICE),
    (devices.c.organization_id, ORGANIZATION),
)


def of(table: Any, tenant_id: uuid.UUID) -> ColumnElement[bool]:
    """The rows of a table that an import sees."""
    return and_(table.c.tenant_id == tenant_id, table.c.deleted_at.is_(None))


async def any_deleted(connection: AsyncConnection, tenant_id: uuid.UUID) -> bool:
    """Whether somebody deleted, since the lines were checked, what one of them is about or refers to.

    Asked once the lines are carried over, this is the last word: a deletion locks the row, as foreign keys do.
    """
    gone = (
        exists(
            select(table.c.id).where(
                table.c.tenant_id == tenant_id,
                table.c.deletion_id.is_not(None),
                table.c.id == named,
                ~named.table.c.refused,
            )
        )
        for named, table in NAMING
    )
    found: bool = (await connection.execute(select(or_(*gone)))).scalar_one()
    return found

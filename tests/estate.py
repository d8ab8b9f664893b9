"""A small estate to ask about: one of each thing, in a tenant of its own."""

import uuid
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from sqlalchemy import insert, select

from loaders.entities import ENTITIES
from models import PLATFORM_ID, Area, Device, DeviceType, Location, Organization, Tenant
from models.clock import Clock
from models.ids import encode
from models.tenant import short_id
from models.tree import Pathed
from tenantry.databases import Databases


@dataclass(frozen=True)
class Estate:
    """The rows that a test can name; each has the table's columns as attributes."""

    tenant: SimpleNamespace
    organization: SimpleNamespace
    location: SimpleNamespace
    floor: SimpleNamespace
    area: SimpleNamespace
    device_type: SimpleNamespace
    device: SimpleNamespace

    @property
    def ids(self) -> dict[str, str]:
        """The id of one thing of each type, by the type's name."""
        return {entity.name: encode(entity.prefix, getattr(self, entity.table.__tablename__).id) for entity in ENTITIES}


async def make_tenant(
    databases: Databases, clock: Clock, name: str, parent: SimpleNamespace | None = None, **fields: Any
) -> SimpleNamespace:
    """A tenant beneath `parent`, or beneath the platform."""
    tenant_id = clock.new_id()
    above = parent.path if parent else [PLATFORM_ID]
    row = {
        "id": tenant_id,
        "slug": f"{name}-{tenant_id.hex[-20:]}",
        "short_id": short_id(tenant_id),
        "name": name.title(),
        "parent_id": above[-1],
        "path": [*above, tenant_id],
        "status": "ACTIVE",
        **_times(clock),
        **fields,
    }
    async with databases.platform.write(None) as connection:
        await connection.execute(insert(Tenant), row)
    return SimpleNamespace(**row)


async def add(databases: Databases, clock: Clock, table: Any, tenant_id: uuid.UUID, **fields: Any) -> SimpleNamespace:
    """A row of tenant data; where such rows carry their path, it lies beneath the `parent_id` that is given."""
    row = {"tenant_id": tenant_id, "id": clock.new_id(), **_times(clock), **fields}
    async with databases.app.write(tenant_id) as connection:
        if issubclass(table, Pathed):
            above = await connection.scalar(select(table.path).where(table.id == fields.get("parent_id")))
            row["path"] = [*(above or []), row["id"]]
        await connection.execute(insert(table), row)
    return SimpleNamespace(**row)


async def make_estate(databases: Databases, clock: Clock, name: str, parent: SimpleNamespace | None = None) -> Estate:
    """A tenant with one of each thing."""
    tenant = await make_tenant(databases, clock, name, parent)

    async def one(table: Any, **fields: Any) -> SimpleNamespace:
        return await add(databases, clock, table, tenant.id, **fields)

    organization = await one(Organization, key="west", name="West")
    location = await one(
        Location,
        code="hq",
        name=f"{name.title()} Headquarters",
        organization_id=organization.id,
        city="Berkeley",
        country="US",
        time_zone="America/Los_Angeles",
    )
    floor = await one(Area, location_id=location.id, code="floor_1", name="Floor 1", kind="FLOOR", floor="1")
    area = await one(
        Area,
        location_id=location.id,
        parent_id=floor.id,
        code="room_101",
        name="Room 101",
        kind="ROOM",
        floor="1",
    )
    device_type = await one(DeviceType, key="reader-2", name="Reader 2", kind="READER", manufacturer="Acme")
    device = await one(
        Device,
        serial="R-0001",
        name="Front door reader",
        type_id=device_type.id,
        location_id=location.id,
        area_id=area.id,
        organization_id=organization.id,
        status="ONLINE",
        lifecycle="DEPLOYED",
    )
    return Estate(tenant, organization, location, floor, area, device_type, device)


def _times(clock: Clock) -> dict[str, Any]:
    return {"created_at": clock.now(), "updated_at": clock.now()}

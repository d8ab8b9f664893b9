"""Strawberry with aiodataloader and SQLAlchemy's ORM, as one writes it first; a subgraph of a federation.

As its documentation says: loaders made for each request, parsed and validated documents kept by its two extensions.
No token and no tenant is checked.
"""
# It runs in an environment of its own, which mypy does not see.
# mypy: ignore-errors

import os
import uuid
from collections import defaultdict

import strawberry
import uvicorn
from aiodataloader import DataLoader
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from strawberry.asgi import GraphQL
from strawberry.extensions import ParserCache, ValidationCache
from tables import AreaRow, DeviceRow, LocationRow, TenantRow

# Where the database is, the environment says (PGHOST and so on).
Session = async_sessionmaker(
    create_async_engine("postgresql+asyncpg://", pool_size=8, max_overflow=0), expire_on_commit=False
)


async def rows(statement):
    async with Session() as session:
        return (await session.scalars(statement)).all()


class ById(DataLoader):
    """A table's rows by tenant and id. A request is of one tenant."""

    def __init__(self, table):
        super().__init__()
        self.table = table

    async def batch_load_fn(self, keys):
        tenant, wanted = keys[0][0], [id_ for _, id_ in keys]
        statement = select(self.table).where(self.table.tenant_id == tenant, self.table.id.in_(wanted))
        found = {row.id: row for row in await rows(statement.where(self.table.deleted_at.is_(None)))}
        return [found.get(id_) for id_ in wanted]


class ByParent(DataLoader):
    """All rows of each parent; who asks cuts."""

    def __init__(self, table, column):
        super().__init__()
        self.table, self.column = table, column

    async def batch_load_fn(self, keys):
        tenant, parents = keys[0][0], [id_ for _, id_ in keys]
        statement = select(self.table).where(self.table.tenant_id == tenant, self.column.in_(parents))
        found = defaultdict(list)
        for row in await rows(statement.where(self.table.deleted_at.is_(None)).order_by(self.table.id)):
            found[getattr(row, self.column.key)].append(row)
        return [found[parent] for parent in parents]


@strawberry.federation.type(keys=["tenantId id"])
class Device:
    tenant_id: strawberry.ID
    id: strawberry.ID
    serial: str
    name: str
    status: str
    firmware: str | None
    row: strawberry.Private[object]

    @classmethod
    def of(cls, row):
        return row and cls(
            tenant_id=row.tenant_id,
            id=row.id,
            serial=row.serial,
            name=row.name,
            status=row.status,
            firmware=row.firmware,
            row=row,
        )

    @classmethod
    async def resolve_reference(cls, info: strawberry.Info, tenantId: str, id: str):
        return cls.of(await info.context["devices"].load((uuid.UUID(tenantId), uuid.UUID(id))))

    @strawberry.field
    async def area(self, info: strawberry.Info) -> "Area | None":
        return Area.of(await info.context["areas"].load((self.row.tenant_id, self.row.area_id)))

    @strawberry.field
    async def location(self, info: strawberry.Info) -> "Location | None":
        return Location.of(await info.context["locations"].load((self.row.tenant_id, self.row.location_id)))


@strawberry.type
class Devices:
    nodes: list[Device]
    tenant: strawberry.Private[uuid.UUID | None] = None
    status: strawberry.Private[str | None] = None

    @strawberry.field
    async def total_count(self) -> int:
        statement = select(func.count()).select_from(DeviceRow)
        return (await rows(devices_of(statement, self.tenant, self.status)))[0]


@strawberry.type
class Area:
    id: strawberry.ID
    name: str
    row: strawberry.Private[object]

    @classmethod
    def of(cls, row):
        return row and cls(id=row.id, name=row.name, row=row)

    @strawberry.field
    async def location(self, info: strawberry.Info) -> "Location":
        return Location.of(await info.context["locations"].load((self.row.tenant_id, self.row.location_id)))

    @strawberry.field
    async def devices(self, info: strawberry.Info, first: int) -> Devices:
        found = await info.context["devices_of"].load((self.row.tenant_id, self.row.id))
        return Devices(nodes=[Device.of(row) for row in found[:first]])


@strawberry.type
class Areas:
    nodes: list[Area]


@strawberry.type
class Location:
    id: strawberry.ID
    name: str
    row: strawberry.Private[object]

    @classmethod
    def of(cls, row):
        return row and cls(id=row.id, name=row.name, row=row)

    @strawberry.field
    async def areas(self, info: strawberry.Info, first: int) -> Areas:
        found = await info.context["areas_of"].load((self.row.tenant_id, self.row.id))
        return Areas(nodes=[Area.of(row) for row in found[:first]])


@strawberry.type
class Locations:
    nodes: list[Location]


@strawberry.type
class Tenant:
    id: strawberry.ID
    name: str

    @strawberry.field
    async def locations(self, first: int) -> Locations:
        mine = select(LocationRow).where(LocationRow.tenant_id == self.id, LocationRow.deleted_at.is_(None))
        return Locations(nodes=[Location.of(row) for row in await rows(mine.order_by(LocationRow.id).limit(first))])


def devices_of(statement, tenant, status):
    statement = statement.where(DeviceRow.tenant_id == tenant, DeviceRow.deleted_at.is_(None))
    return statement.where(DeviceRow.status == status) if status else statement


@strawberry.type
class Query:
    @strawberry.field
    async def tenant(self, id: strawberry.ID) -> Tenant | None:
        found = await rows(select(TenantRow).where(TenantRow.id == uuid.UUID(id)))
        return Tenant(id=found[0].id, name=found[0].name) if found else None

    @strawberry.field
    async def device(self, info: strawberry.Info, tenant_id: strawberry.ID, id: strawberry.ID) -> Device | None:
        return Device.of(await info.context["devices"].load((uuid.UUID(tenant_id), uuid.UUID(id))))

    @strawberry.field
    async def devices(
        self,
        tenant_id: strawberry.ID,
        first: int,
        offset: int = 0,
        status: str | None = None,
        by_name: bool = False,
    ) -> Devices:
        tenant = uuid.UUID(tenant_id)
        order = (DeviceRow.name, DeviceRow.id) if by_name else (DeviceRow.id,)
        page = devices_of(select(DeviceRow), tenant, status).order_by(*order).limit(first).offset(offset)
        return Devices(nodes=[Device.of(row) for row in await rows(page)], tenant=tenant, status=status)


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def update_device(self, tenant_id: strawberry.ID, id: strawberry.ID, name: str) -> Device | None:
        change = (
            update(DeviceRow)
            .where(DeviceRow.tenant_id == uuid.UUID(tenant_id), DeviceRow.id == uuid.UUID(id))
            .where(DeviceRow.deleted_at.is_(None))
            .values(name=name, version=DeviceRow.version + 1, updated_at=func.now())
            .returning(DeviceRow)
        )
        async with Session.begin() as session:
            return Device.of((await session.scalars(change)).one_or_none())


class App(GraphQL):
    async def get_context(self, request, response):
        return {
            "devices": ById(DeviceRow),
            "areas": ById(AreaRow),
            "locations": ById(LocationRow),
            "areas_of": ByParent(AreaRow, AreaRow.location_id),
            "devices_of": ByParent(DeviceRow, DeviceRow.area_id),
        }


schema = strawberry.federation.Schema(query=Query, mutation=Mutation, extensions=[ParserCache, ValidationCache])
app = App(schema)

if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ["PORT"]), access_log=False, log_level="warning")

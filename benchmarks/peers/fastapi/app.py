"""FastAPI with SQLAlchemy's ORM, as one writes it first: lists and things by their addresses.

As their documentations say: a session for each request, relations loaded by `selectinload`, Pydantic models make the
answers. No token and no tenant is checked.
"""
# It runs in an environment of its own, which mypy does not see.
# mypy: ignore-errors

import os
import uuid
from typing import Annotated, Literal

import uvicorn
from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import selectinload
from tables import Area, Device

# Where the database is, the environment says (PGHOST and so on).
Session = async_sessionmaker(
    create_async_engine("postgresql+asyncpg://", pool_size=8, max_overflow=0), expire_on_commit=False
)
app = FastAPI()


async def session():
    async with Session() as opened:
        yield opened


Opened = Annotated[AsyncSession, Depends(session)]


class Shown(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class Named(Shown):
    name: str


class LocationOut(Shown):
    id: uuid.UUID
    name: str


class AreaOut(LocationOut):
    location: LocationOut


class Listed(Shown):
    id: uuid.UUID
    serial: str
    name: str
    status: str
    firmware: str | None


class OneDevice(Listed):
    area: AreaOut | None


class Placed(Shown):
    id: uuid.UUID
    serial: str
    name: str
    status: str
    area: Named | None
    location: Named | None


class Renamed(Shown):
    id: uuid.UUID
    name: str


class Page(Shown):
    nodes: list[Listed]


class Inventory(Shown):
    total_count: int = Field(serialization_alias="totalCount")
    nodes: list[Placed]


class Patch(BaseModel):
    name: str


def living(statement, tenant_id, status=None):
    statement = statement.where(Device.tenant_id == tenant_id, Device.deleted_at.is_(None))
    return statement.where(Device.status == status) if status else statement


def ordered(statement, order, limit, offset):
    columns = (Device.name, Device.id) if order == "name" else (Device.id,)
    return statement.order_by(*columns).limit(limit).offset(offset)


Order = Literal["id", "name"]


@app.get("/tenants/{tenant_id}/devices", response_model=Page)
async def devices(opened: Opened, tenant_id: uuid.UUID, limit: int = 50, offset: int = 0, order: Order = "id"):
    found = await opened.scalars(ordered(living(select(Device), tenant_id), order, limit, offset))
    return {"nodes": found.all()}


@app.get("/tenants/{tenant_id}/inventory", response_model=Inventory)
async def inventory(
    opened: Opened,
    tenant_id: uuid.UUID,
    limit: int = 50,
    offset: int = 0,
    order: Order = "id",
    status: str | None = None,
):
    total = await opened.scalar(living(select(func.count()).select_from(Device), tenant_id, status))
    page = ordered(living(select(Device), tenant_id, status), order, limit, offset)
    found = await opened.scalars(page.options(selectinload(Device.area), selectinload(Device.location)))
    return {"total_count": total, "nodes": found.all()}


@app.get("/tenants/{tenant_id}/devices/{device_id}", response_model=OneDevice)
async def device(opened: Opened, tenant_id: uuid.UUID, device_id: uuid.UUID):
    wanted = living(select(Device), tenant_id).where(Device.id == device_id)
    found = await opened.scalar(wanted.options(selectinload(Device.area).selectinload(Area.location)))
    if found is None:
        raise HTTPException(404)
    return found


@app.patch("/tenants/{tenant_id}/devices/{device_id}", response_model=Renamed)
async def rename(opened: Opened, tenant_id: uuid.UUID, device_id: uuid.UUID, patch: Patch):
    changed = {"name": patch.name, "version": Device.version + 1, "updated_at": func.now()}
    change = living(update(Device), tenant_id).where(Device.id == device_id).values(changed).returning(Device)
    found = await opened.scalar(change)
    await opened.commit()
    if found is None:
        raise HTTPException(404)
    return found


if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ["PORT"]), access_log=False, log_level="warning")

"""The tables, as SQLAlchemy's ORM has them: the columns that are shown."""
# It runs in an environment of its own, which mypy does not see.
# mypy: ignore-errors

import uuid
from datetime import datetime

from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class TenantRow(Base):
    __tablename__ = "tenant"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    name: Mapped[str]


class InTenant:
    tenant_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    deleted_at: Mapped[datetime | None]


class LocationRow(InTenant, Base):
    __tablename__ = "location"


class AreaRow(InTenant, Base):
    __tablename__ = "area"
    location_id: Mapped[uuid.UUID]


class DeviceRow(InTenant, Base):
    __tablename__ = "device"
    serial: Mapped[str]
    status: Mapped[str]
    firmware: Mapped[str | None]
    location_id: Mapped[uuid.UUID | None]
    area_id: Mapped[uuid.UUID | None]
    version: Mapped[int]
    updated_at: Mapped[datetime]

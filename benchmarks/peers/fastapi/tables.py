"""The tables, as SQLAlchemy's ORM has them: the columns that are shown, and who is where."""
# It runs in an environment of its own, which mypy does not see.
# mypy: ignore-errors

import uuid
from datetime import datetime

from sqlalchemy import ForeignKeyConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class InTenant:
    tenant_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    deleted_at: Mapped[datetime | None]


class Location(InTenant, Base):
    __tablename__ = "location"


class Area(InTenant, Base):
    __tablename__ = "area"
    __table_args__ = (ForeignKeyConstraint(["tenant_id", "location_id"], ["location.tenant_id", "location.id"]),)
    location_id: Mapped[uuid.UUID]
    location: Mapped[Location] = relationship()


class Device(InTenant, Base):
    __tablename__ = "device"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "area_id"], ["area.tenant_id", "area.id"]),
        ForeignKeyConstraint(["tenant_id", "location_id"], ["location.tenant_id", "location.id"]),
    )
    serial: Mapped[str]
    status: Mapped[str]
    firmware: Mapped[str | None]
    location_id: Mapped[uuid.UUID | None]
    area_id: Mapped[uuid.UUID | None]
    version: Mapped[int]
    updated_at: Mapped[datetime]
    area: Mapped[Area | None] = relationship(viewonly=True)
    location: Mapped[Location | None] = relationship(viewonly=True)

"""Locations: the buildings and sites of a tenant."""

import uuid
from typing import ClassVar

from sqlalchemy import CheckConstraint, Double, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from models.base import (
    SORTED_TEXT,
    Base,
    Deletable,
    TenantRow,
    Versioned,
    at_most,
    listed,
    ordered,
    restored_by,
    within_tenant,
)
from models.ids import Prefix


class Location(TenantRow, Versioned, Deletable, Base):
    """A building or site; its code is the tenant's own name for it."""

    __tablename__ = "location"
    prefix: ClassVar[Prefix] = Prefix.LOCATION

    code: Mapped[str] = mapped_column(SORTED_TEXT)
    name: Mapped[str] = mapped_column(SORTED_TEXT)
    organization_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    address: Mapped[str | None] = mapped_column(Text)
    city: Mapped[str | None] = mapped_column(Text)
    country: Mapped[str | None] = mapped_column(Text)
    time_zone: Mapped[str | None] = mapped_column(Text)
    latitude: Mapped[float | None] = mapped_column(Double)
    longitude: Mapped[float | None] = mapped_column(Double)

    __table_args__ = (
        within_tenant(["organization_id"], "organization"),
        CheckConstraint("latitude BETWEEN -90 AND 90", name="latitude"),
        CheckConstraint("longitude BETWEEN -180 AND 180", name="longitude"),
        *at_most([("code", 128), ("name", 200)]),
        ordered("location", "code", unique=True),
        ordered("location", "name", "id"),
        *listed("location", "organization_id", "name", "code"),
        restored_by("location"),
    )

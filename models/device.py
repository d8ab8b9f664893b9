"""Devices: the readers, sensors, controllers and gateways of an estate.

Only columns that rarely change are indexed, so that a heartbeat stays a heap-only update.
"""

import uuid
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import ARRAY, CheckConstraint, Numeric, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import (
    MOMENT,
    SORTED_TEXT,
    Base,
    Deletable,
    TenantRow,
    Versioned,
    at_most,
    listed,
    one_of,
    ordered,
    restored_by,
    vocabulary,
    within_tenant,
)
from models.ids import Prefix


class DeviceStatus(StrEnum):
    """Whether a device answers. Published, forever."""

    ONLINE = "ONLINE"
    OFFLINE = "OFFLINE"
    UNKNOWN = "UNKNOWN"


class DeviceLifecycle(StrEnum):
    """Where a device is in its life as an asset. Published, forever."""

    AVAILABLE = "AVAILABLE"
    DEPLOYED = "DEPLOYED"
    MAINTENANCE = "MAINTENANCE"
    RETIRED = "RETIRED"


class Device(TenantRow, Versioned, Deletable, Base):
    """A piece of hardware, or a point of one; its serial is unique in the tenant."""

    __tablename__ = "device"
    prefix: ClassVar[Prefix] = Prefix.DEVICE

    serial: Mapped[str] = mapped_column(SORTED_TEXT)
    name: Mapped[str] = mapped_column(SORTED_TEXT)
    type_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    location_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    area_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    parent_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    organization_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    status: Mapped[str] = vocabulary(DeviceStatus, default=DeviceStatus.UNKNOWN)
    lifecycle: Mapped[str] = vocabulary(DeviceLifecycle, default=DeviceLifecycle.AVAILABLE)
    firmware: Mapped[str | None] = mapped_column(Text)
    enabled: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    simulated: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    labels: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default=text("'{}'"))
    reported: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=text("'{}'"))
    desired: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=text("'{}'"))
    purchase_value: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    currency: Mapped[str | None] = mapped_column(Text)
    warranty_ends_at: Mapped[date | None]
    last_seen_at: Mapped[datetime | None] = mapped_column(MOMENT)

    __table_args__ = (
        within_tenant(["type_id"], "device_type"),
        within_tenant(["location_id"], "location"),
        within_tenant(["location_id", "area_id"], "area", ["location_id", "id"]),
        within_tenant(["parent_id"], "device"),
        within_tenant(["organization_id"], "organization"),
        CheckConstraint("area_id IS NULL OR location_id IS NOT NULL", name="area_in_location"),
        one_of("status", DeviceStatus),
        one_of("lifecycle", DeviceLifecycle),
        *at_most([("serial", 200), ("name", 200)]),
        ordered("device", "serial", unique=True),
        ordered("device", "name", "id"),
        *(
            index
            for parent in ("location_id", "area_id", "type_id", "parent_id", "organization_id")
            for index in listed("device", parent, "name", "serial")
        ),
        restored_by("device"),
    )

"""Device types: what a tenant's devices are, and which commands and properties they know."""

from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import (
    SORTED_TEXT,
    Base,
    Deletable,
    TenantRow,
    Versioned,
    at_most,
    one_of,
    ordered,
    restored_by,
    vocabulary,
)
from models.ids import Prefix


class DeviceKind(StrEnum):
    """The families of devices. Published, forever."""

    READER = "READER"
    SENSOR = "SENSOR"
    CONTROLLER = "CONTROLLER"
    ACTUATOR = "ACTUATOR"
    GATEWAY = "GATEWAY"
    OTHER = "OTHER"


class DeviceType(TenantRow, Versioned, Deletable, Base):
    """A model of device, by the key that the tenant gave it (`brick:VAV`, `acme-reader-2`)."""

    __tablename__ = "device_type"
    prefix: ClassVar[Prefix] = Prefix.DEVICE_TYPE

    key: Mapped[str] = mapped_column(SORTED_TEXT)
    name: Mapped[str] = mapped_column(SORTED_TEXT)
    kind: Mapped[str] = vocabulary(DeviceKind)
    manufacturer: Mapped[str | None] = mapped_column(Text)
    model: Mapped[str | None] = mapped_column(Text)
    commands: Mapped[list[Any]] = mapped_column(JSONB, default=list, server_default=text("'[]'"))
    properties: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=text("'{}'"))

    __table_args__ = (
        one_of("kind", DeviceKind),
        *at_most([("key", 128), ("name", 200)]),
        ordered("device_type", "key", unique=True),
        ordered("device_type", "name", "id"),
        restored_by("device_type"),
    )

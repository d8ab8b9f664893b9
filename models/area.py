"""Areas: the floors, zones, rooms and doors inside a location, as a tree."""

import uuid
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import Text, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from models.base import (
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
from models.tree import Pathed, spelled


class AreaKind(StrEnum):
    """What an area is. Published, forever."""

    FLOOR = "FLOOR"
    ZONE = "ZONE"
    ROOM = "ROOM"
    DOOR = "DOOR"
    OTHER = "OTHER"


class Area(TenantRow, Versioned, Deletable, Pathed, Base):
    """A part of a location; its code is unique there, its parent lies in the same location."""

    __tablename__ = "area"
    prefix: ClassVar[Prefix] = Prefix.AREA

    location_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    parent_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    code: Mapped[str] = mapped_column(SORTED_TEXT)
    name: Mapped[str] = mapped_column(SORTED_TEXT)
    kind: Mapped[str] = vocabulary(AreaKind)
    floor: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        within_tenant(["location_id"], "location"),
        within_tenant(["location_id", "parent_id"], "area", ["location_id", "id"]),
        UniqueConstraint("tenant_id", "location_id", "id"),
        one_of("kind", AreaKind),
        spelled(),
        *at_most([("code", 128), ("name", 200)]),
        ordered("area", "location_id", "code", unique=True),
        ordered("area", "location_id", "name", "id"),
        ordered("area", "name", "id"),
        ordered("area", "code", "id"),
        *listed("area", "parent_id", "name", "code"),
        restored_by("area"),
    )

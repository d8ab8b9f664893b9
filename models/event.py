"""The feed: what happened to a tenant's things, in the order in which it was committed.

`EventHead` holds the last number that a tenant's feed has given out. Its row is locked from when a change takes its
number until it commits, so that numbers have no gaps and a reader that saw number n will never see a smaller one
appear. Two tenants never wait for each other. Events are only ever appended.
"""

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ARRAY, BigInteger, Index, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from models.base import MOMENT, Base, one_of, vocabulary


class ChangeKind(StrEnum):
    """What can happen to a thing. Published, forever."""

    CREATED = "CREATED"
    UPDATED = "UPDATED"
    MOVED = "MOVED"
    DELETED = "DELETED"
    RESTORED = "RESTORED"


class EstateType(StrEnum):
    """What things can happen to, by the names of their types. Published, forever."""

    TENANT = "Tenant"
    ORGANIZATION = "Organization"
    LOCATION = "Location"
    AREA = "Area"
    DEVICE_TYPE = "DeviceType"
    DEVICE = "Device"


class Event(Base):
    """One change of one thing.

    `location_id` and `area_id` are where the thing is, `left_location_id` and `left_area_id` where it was before it
    moved: whoever watches a place is told of what leaves it.
    """

    __tablename__ = "event"

    tenant_id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    kind: Mapped[str] = vocabulary(ChangeKind)
    entity: Mapped[str] = mapped_column(Text)
    entity_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    entity_version: Mapped[int]
    changed: Mapped[list[str]] = mapped_column(ARRAY(Text))
    location_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    area_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    actor_kind: Mapped[str] = mapped_column(Text)
    actor_name: Mapped[str] = mapped_column(Text)
    token_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    at: Mapped[datetime] = mapped_column(MOMENT)
    left_location_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    left_area_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)

    __table_args__ = (
        one_of("kind", ChangeKind),
        Index("event_entity_id_number_idx", "tenant_id", "entity_id", "number"),
    )


class EventHead(Base):
    """The last number of a tenant's feed."""

    __tablename__ = "event_head"

    tenant_id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger)

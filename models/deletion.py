"""Deletions: which things went together, so that the same set can come back, and when they may be purged."""

import uuid
from datetime import datetime

from sqlalchemy import Index, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from models.base import MOMENT, Base


class Deletion(Base):
    """One deletion: the thing that was named, and with it everything whose `deletion_id` is this one's id."""

    __tablename__ = "deletion"

    tenant_id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    entity: Mapped[str] = mapped_column(Text)
    entity_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    at: Mapped[datetime] = mapped_column(MOMENT)

    __table_args__ = (Index("deletion_at_id_idx", "tenant_id", "at", "id"),)

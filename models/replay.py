"""First answers, kept for a day, so that a request that is sent twice changes things once."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import Index, LargeBinary, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import MOMENT, Base


class Replay(Base):
    """What a token was answered under a key of its own choosing; `input_hash` tells a repeated request from another."""

    __tablename__ = "replay"

    tenant_id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    token_id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    input_hash: Mapped[bytes] = mapped_column(LargeBinary)
    answer: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(MOMENT)

    __table_args__ = (Index("replay_created_at_idx", "tenant_id", "created_at"),)

"""Tokens: what a caller shows, and the table that finds its tenant.

A token's secret is never stored. `Credential` maps the SHA-256 of a secret to its token; it has no tenant-led key and
no row-level security because it is what tells the tenant, so only the platform's role may read it, by exact hash.
"""

import uuid
from datetime import datetime
from typing import ClassVar

from sqlalchemy import ARRAY, LargeBinary, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from models.base import MOMENT, SORTED_TEXT, Base, TenantRow, Versioned, at_most, ordered
from models.ids import Prefix


class Token(TenantRow, Versioned, Base):
    """A named set of scopes that ends: at most a year after it was made, or when it is revoked."""

    __tablename__ = "token"
    prefix: ClassVar[Prefix] = Prefix.TOKEN

    name: Mapped[str] = mapped_column(SORTED_TEXT)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    expires_at: Mapped[datetime] = mapped_column(MOMENT)
    revoked_at: Mapped[datetime | None] = mapped_column(MOMENT)

    __table_args__ = (
        *at_most([("name", 200)]),
        ordered("token", "name", unique=True, where="revoked_at IS NULL"),
    )


class Credential(Base):
    """The look-up of a presented secret: hash to token, for every tenant."""

    __tablename__ = "credential"

    hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    tenant_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    token_id: Mapped[uuid.UUID] = mapped_column(Uuid)

"""Tenants: the one reference table that everything else hangs on.

Tenants form a tree: the platform, its partners and direct customers, the partners' customers. `path` holds the ids
from the root to the tenant itself; a tenant sees itself and what lies beneath it, nothing else, and changes only what
lies beneath it. Whether one lives is its status alone.
"""

import hashlib
import uuid
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import ARRAY, ForeignKey, Identity, Index, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import SORTED_TEXT, Base, Deletable, Versioned, at_most, one_of, vocabulary
from models.ids import Prefix
from models.tree import spelled

# The root of the tree: what an operator's token belongs to. Made by the first migration.
PLATFORM_ID = uuid.UUID("00000000-0000-7000-8000-000000000000")


class TenantStatus(StrEnum):
    """Whether a tenant may be used. Published, forever."""

    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    DELETED = "DELETED"


LIVING_TENANT = "status <> 'DELETED'"


class Tenant(Versioned, Deletable, Base):
    """An estate's owner: a customer, a partner with customers of its own, or the platform itself."""

    __tablename__ = "tenant"
    prefix: ClassVar[Prefix] = Prefix.TENANT

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, sort_order=-1)
    number: Mapped[int] = mapped_column(Identity(always=False, start=1), unique=True)
    short_id: Mapped[str] = mapped_column(SORTED_TEXT, unique=True)
    slug: Mapped[str] = mapped_column(SORTED_TEXT)
    name: Mapped[str] = mapped_column(SORTED_TEXT)
    status: Mapped[str] = vocabulary(TenantStatus, default=TenantStatus.ACTIVE)
    parent_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("tenant.id"))
    path: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(Uuid))
    domain: Mapped[str | None] = mapped_column(Text)
    email: Mapped[str | None] = mapped_column(Text)
    phone_home: Mapped[str | None] = mapped_column(Text)
    phone_mobile: Mapped[str | None] = mapped_column(Text)
    phone_office: Mapped[str | None] = mapped_column(Text)
    address_line1: Mapped[str | None] = mapped_column(Text)
    address_line2: Mapped[str | None] = mapped_column(Text)
    address_line3: Mapped[str | None] = mapped_column(Text)
    address_line4: Mapped[str | None] = mapped_column(Text)
    city: Mapped[str | None] = mapped_column(Text)
    postal_code: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str | None] = mapped_column(Text)
    country: Mapped[str | None] = mapped_column(Text)
    organization_name: Mapped[str | None] = mapped_column(Text)
    organization_number: Mapped[str | None] = mapped_column(Text)
    vat_number: Mapped[str | None] = mapped_column(Text)
    id_type: Mapped[str | None] = mapped_column(Text)
    id_number: Mapped[str | None] = mapped_column(Text)
    currency: Mapped[str] = mapped_column(Text, default="USD", server_default="USD")
    logo_url: Mapped[str | None] = mapped_column(Text)
    accent_color: Mapped[str | None] = mapped_column(Text)
    settings: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=text("'{}'"))
    # What a deleted tenant was before, and will be again when it is restored.
    status_before: Mapped[str | None] = mapped_column(Text, sort_order=95, info={"shown": False})

    __table_args__ = (
        one_of("status", TenantStatus),
        one_of("status_before", TenantStatus),
        spelled(),
        *at_most([("slug", 63), ("name", 200)]),
        Index("tenant_parent_id_id_idx", "parent_id", "id"),
        Index("tenant_parent_id_name_id_idx", "parent_id", "name", "id"),
        Index("tenant_parent_id_slug_id_idx", "parent_id", "slug", "id"),
        Index("tenant_name_id_idx", "name", "id"),
        Index("tenant_slug_key", "slug", unique=True, postgresql_where=text(LIVING_TENANT)),
        Index("tenant_deletion_id_idx", "deletion_id", postgresql_where=text("deletion_id IS NOT NULL")),
        Index("tenant_path_idx", "path", postgresql_using="gin"),
    )


def short_id(value: uuid.UUID) -> str:
    """Twelve letters for people to read aloud, such as `YINI-PSQY-ITQB`, made from the tenant's id."""
    number = int.from_bytes(hashlib.sha256(value.bytes).digest()[:8])
    letters = "".join(chr(ord("A") + number // 26**place % 26) for place in range(12))
    return "-".join((letters[:4], letters[4:8], letters[8:]))

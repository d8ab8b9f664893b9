"""Tokens: what a caller shows, and the table that finds its tenant.

A token's secret is never stored. `Credential` maps the SHA-256 of a secret to its token; it has no tenant-led key and
no row-level security because it is what tells the tenant, so only the platform's role may read it, by exact hash.
"""

import uuid
from datetime import datetime
from typing import ClassVar

from sqlalchemy import ARRAY, CheckConstraint, Index, LargeBinary, Text, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import MOMENT, SORTED_TEXT, Base, TenantRow, Versioned, at_most, ordered, within_tenant
from models.ids import Prefix


class Token(TenantRow, Versioned, Base):
    """A named set of scopes that ends: at most a year after it was made, or when it is revoked.

    Its owner is a person or a service account, beyond whose rights it never goes; one without an owner is its tenant's.
    It holds beneath its node: an organization, a location, or an area (then `location_id` is where that is); without
    one, in the whole tenant and those beneath. `networks` are those that it may be used from, none meaning any. Each
    rotation begins a new `generation` of its secret.
    """

    __tablename__ = "token"
    prefix: ClassVar[Prefix] = Prefix.TOKEN

    name: Mapped[str] = mapped_column(SORTED_TEXT)
    user_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, sort_order=96)
    service_account_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, sort_order=96)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    expires_at: Mapped[datetime] = mapped_column(MOMENT)
    revoked_at: Mapped[datetime | None] = mapped_column(MOMENT)
    organization_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, sort_order=95)
    location_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, sort_order=95)
    area_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, sort_order=95)
    networks: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default=text("'{}'"), sort_order=95)
    generation: Mapped[int] = mapped_column(default=1, server_default="1", info={"shown": False}, sort_order=95)
    overlap_ends_at: Mapped[datetime | None] = mapped_column(MOMENT, sort_order=95)
    last_used_at: Mapped[datetime | None] = mapped_column(MOMENT, sort_order=95)
    last_used_from: Mapped[str | None] = mapped_column(Text, sort_order=95)

    __table_args__ = (
        within_tenant(["user_id"], "tenant_user"),
        within_tenant(["service_account_id"], "service_account"),
        CheckConstraint("num_nonnulls(user_id, service_account_id) <= 1", name="owner"),
        within_tenant(["organization_id"], "organization"),
        within_tenant(["location_id"], "location"),
        within_tenant(["location_id", "area_id"], "area", ["location_id", "id"]),
        CheckConstraint(
            "num_nonnulls(organization_id, location_id) <= 1 AND (area_id IS NULL OR location_id IS NOT NULL)",
            name="node",
        ),
        *at_most([("name", 200)]),
        ordered("token", "name", unique=True, where="revoked_at IS NULL"),
        # Lists hold the revoked ones too.
        Index("token_name_id_idx", "tenant_id", "name", "id"),
        *(
            ordered("token", owner, *order, where=f"{owner} IS NOT NULL")
            for owner in ("user_id", "service_account_id")
            for order in (("id",), ("name", "id"))
        ),
        # For the checks of keys when what a token is bound to is purged.
        ordered("token", "organization_id", where="organization_id IS NOT NULL"),
        ordered("token", "location_id", "area_id", where="location_id IS NOT NULL"),
    )


class Credential(Base):
    """The look-up of a presented secret: hash to token, for every tenant. Rows are only ever added.

    A secret is good while its generation is its token's, and the one before it until the token's `overlap_ends_at`.
    """

    __tablename__ = "credential"

    hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    tenant_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    token_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    generation: Mapped[int] = mapped_column(default=1, server_default="1")

"""Organizations: a tenant's own tree (regions, business units), at most five deep."""

import uuid
from typing import ClassVar

from sqlalchemy import Uuid
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
from models.tree import Pathed, spelled


class Organization(TenantRow, Versioned, Deletable, Pathed, Base):
    """A node of the tenant's own hierarchy; the client chooses its key."""

    __tablename__ = "organization"
    prefix: ClassVar[Prefix] = Prefix.ORGANIZATION

    key: Mapped[str] = mapped_column(SORTED_TEXT)
    name: Mapped[str] = mapped_column(SORTED_TEXT)
    parent_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)

    __table_args__ = (
        within_tenant(["parent_id"], "organization"),
        spelled(),
        *at_most([("key", 128), ("name", 200)]),
        ordered("organization", "key", unique=True),
        ordered("organization", "name", "id"),
        *listed("organization", "parent_id", "name", "key"),
        restored_by("organization"),
    )

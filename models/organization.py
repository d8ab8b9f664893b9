"""Organizations: a tenant's own tree (regions, business units), at most five deep."""

import uuid
from typing import ClassVar

from sqlalchemy import Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import SORTED_TEXT, Base, TenantRow, Versioned, at_most, ordered, within_tenant
from models.ids import Prefix


class Organization(TenantRow, Versioned, Base):
    """A node of the tenant's own hierarchy; the client chooses its key."""

    __tablename__ = "organization"
    prefix: ClassVar[Prefix] = Prefix.ORGANIZATION

    key: Mapped[str] = mapped_column(SORTED_TEXT)
    name: Mapped[str] = mapped_column(SORTED_TEXT)
    parent_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)

    __table_args__ = (
        within_tenant(["parent_id"], "organization"),
        *at_most([("key", 128), ("name", 200)]),
        ordered("organization", "key", unique=True),
        ordered("organization", "name", "id"),
        *(
            ordered("organization", "parent_id", *order, where=text("parent_id IS NOT NULL"))
            for order in (["id"], ["name", "id"], ["key", "id"])
        ),
    )

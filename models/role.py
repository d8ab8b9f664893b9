"""Roles that a tenant made itself; those that every tenant has are in auth/roles.py and have no row."""

from typing import ClassVar

from sqlalchemy import ARRAY, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import SORTED_TEXT, Base, Ended, TenantRow, Versioned, at_most, ordered
from models.ids import Prefix


class Role(TenantRow, Versioned, Ended, Base):
    """A named set of scopes."""

    __tablename__ = "role"
    prefix: ClassVar[Prefix] = Prefix.ROLE

    name: Mapped[str] = mapped_column(SORTED_TEXT)
    description: Mapped[str | None] = mapped_column(Text)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))

    __table_args__ = (
        *at_most([("name", 200), ("description", 1000)]),
        ordered("role", "name", unique=True),
    )

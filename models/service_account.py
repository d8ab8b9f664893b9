"""Service accounts: programs that act in a tenant, which owns them; people come and go."""

from typing import ClassVar

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Ended, TenantRow, Versioned, at_most, ordered
from models.ids import Prefix
from models.principal import Acting, identified


class ServiceAccount(TenantRow, Versioned, Ended, Acting, Base):
    """A program's account; it signs in by its issuer's client credentials, or shows a token."""

    __tablename__ = "service_account"
    prefix: ClassVar[Prefix] = Prefix.SERVICE_ACCOUNT

    description: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        *identified("service_account"),
        *at_most([("name", 200), ("description", 1000), ("issuer", 2000), ("subject", 255)]),
        ordered("service_account", "name", unique=True),
    )

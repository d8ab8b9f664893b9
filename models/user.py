"""Users: people who act in a tenant. Nothing proves who they are but an issuer's word, or a token of their own."""

from typing import ClassVar

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Ended, TenantRow, Versioned, at_most, ordered
from models.ids import Prefix
from models.principal import Acting, identified


class User(TenantRow, Versioned, Ended, Acting, Base):
    """A person. Of one who was deleted the row is left without a name, so that what the audit names stays distinct.

    `email` is shown, and decides nothing: addresses change hands.
    """

    # `user` is a word of SQL's.
    __tablename__ = "tenant_user"
    prefix: ClassVar[Prefix] = Prefix.USER

    email: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        *identified("tenant_user"),
        *at_most([("name", 200), ("email", 320), ("issuer", 2000), ("subject", 255)]),
        ordered("tenant_user", "name", "id"),
    )

"""What people and service accounts share: who the issuer says they are, and whether they may act."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import LIVING, MOMENT, SORTED_TEXT

# Without an issuer's word for who it is, a principal acts by its tokens alone.
IDENTIFIED = "issuer IS NOT NULL"


class Acting:
    """A principal: known to an issuer by (issuer, subject), if at all, and never by an e-mail address."""

    name: Mapped[str] = mapped_column(SORTED_TEXT)
    issuer: Mapped[str | None] = mapped_column(Text)
    subject: Mapped[str | None] = mapped_column(Text)
    disabled_at: Mapped[datetime | None] = mapped_column(MOMENT)
    last_signed_in_at: Mapped[datetime | None] = mapped_column(MOMENT)


def identified(table: str) -> tuple[CheckConstraint, Index]:
    """One principal for each of an issuer's subjects; both are given or neither."""
    return (
        CheckConstraint("(issuer IS NULL) = (subject IS NULL)", name="identity"),
        Index(
            f"{table}_issuer_subject_key",
            "tenant_id",
            "issuer",
            "subject",
            unique=True,
            postgresql_where=text(f"{IDENTIFIED} AND {LIVING}"),
        ),
    )

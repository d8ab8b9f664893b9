"""Feeds: what is appended for each tenant, numbered without gaps in the order in which it was committed.

So whoever saw a number never sees a smaller one appear, and reads on from there.
"""

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import FromClause, Select, select

from models import AuditHead, AuditRecord, Event, EventHead


@dataclass(frozen=True)
class Feed:
    """A table of rows, the table of each tenant's last number, and the argument by which a reader goes on."""

    rows: FromClause
    heads: FromClause
    since: str

    def after(self, tenant_id: uuid.UUID, position: int, limit: int) -> Select[Any]:
        """The next rows after this number."""
        rows = self.rows.c
        return (
            select(self.rows)
            .where(rows.tenant_id == tenant_id, rows.number > position)
            .order_by(rows.number)
            .limit(limit)
        )

    def head(self, tenant_id: uuid.UUID) -> Select[Any]:
        """The last number, of which there is none where nothing was ever appended."""
        return select(self.heads.c.number).where(self.heads.c.tenant_id == tenant_id)


EVENTS = Feed(Event.__table__, EventHead.__table__, "sinceEvent")
AUDIT = Feed(AuditRecord.__table__, AuditHead.__table__, "sinceNumber")

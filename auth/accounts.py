"""The accounts of who signs in, as the database has them: found by (issuer, subject), each with its role bindings."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, select

from auth.bindings import bindings_of, grants_of
from auth.cache import Cache
from auth.grants import Grant
from models import ServiceAccount, User
from models.clock import Clock
from models.database import Database
from models.ids import Prefix
from models.statement import Statement


class Key(NamedTuple):
    """Whose account is sought."""

    tenant_id: uuid.UUID
    prefix: Prefix
    issuer: str
    subject: str


def _by_subject(table: Any, owned: str) -> Statement:
    bindings = bindings_of(table.tenant_id, **{owned: table.id}).label("bindings")
    return Statement(
        select(table.id, table.name, table.disabled_at, table.last_signed_in_at, bindings).where(
            table.tenant_id == bindparam("tenant"),
            table.issuer == bindparam("issuer"),
            table.subject == bindparam("subject"),
            table.deleted_at.is_(None),
        )
    )


BY_SUBJECT = {
    Prefix.USER: _by_subject(User, "user_id"),
    Prefix.SERVICE_ACCOUNT: _by_subject(ServiceAccount, "service_account_id"),
}


@dataclass(frozen=True, slots=True)
class Found:
    """An account as the database had it."""

    id: uuid.UUID
    name: str
    is_disabled: bool
    last_signed_in_at: datetime | None
    grants: tuple[Grant, ...]

    def is_news(self, issued_at: datetime) -> bool:
        """Whether it signs in by a token of that moment; who is disabled does not."""
        last = self.last_signed_in_at
        return not self.is_disabled and (last is None or last < issued_at)


class Accounts:
    """Reads as the platform's role, as what finds tokens does; what it found is kept for a few seconds."""

    def __init__(self, platform: Database, clock: Clock, keep_seconds: float) -> None:
        self._platform = platform
        self._found: Cache[Key, Found | None] = Cache(
            self._look_up, clock, keep_seconds=keep_seconds, keep_at_most=10_000
        )

    async def get(self, key: Key, younger_than: float | None = None) -> Found | None:
        """The living account, as of at most `younger_than` seconds ago; None where there is none yet."""
        return await self._found.get(key, younger_than)

    def forget(self, key: Key) -> None:
        """Ask the database again."""
        self._found.forget(key)

    async def _look_up(self, key: Key) -> Found | None:
        sought = BY_SUBJECT[key.prefix]
        row = await sought.row(self._platform, None, tenant=key.tenant_id, issuer=key.issuer, subject=key.subject)
        if row is None:
            return None
        grants = grants_of(key.tenant_id, row.bindings)
        return Found(row.id, row.name, row.disabled_at is not None, row.last_signed_in_at, grants)

"""What a token's text comes to, for whoever may ask: whose it is, and whether it still is good.

The text is turned into its hash at once; it reaches neither the database nor a log. A garbled one costs no statement.
"""

import asyncio
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import and_, bindparam, select

from auth.bearer import Bearer, bearer_of
from auth.bindings import OWNER_ENDED_AT, with_owner
from auth.token import digest, is_well_formed
from models import Credential, TenantStatus, Token
from models.database import Database
from models.statement import Statement

# Look-ups at once: the same connections let callers in, who must not wait for one that verifies texts by the dozen.
AT_ONCE = 2
BY_HASH = Statement(
    with_owner(
        select(
            Credential.tenant_id,
            Credential.token_id,
            Credential.generation,
            OWNER_ENDED_AT.is_not(None).label("owner_is_disabled"),
        ).join(Token, and_(Token.tenant_id == Credential.tenant_id, Token.id == Credential.token_id))
    ).where(Credential.hash == bindparam("hash"))
)


class TokenState(StrEnum):
    """Whether a token's text is good. Published, forever."""

    ACTIVE = "ACTIVE"
    DISABLED = "DISABLED"
    EXPIRED = "EXPIRED"
    REVOKED = "REVOKED"
    ROTATED = "ROTATED"
    SUSPENDED = "SUSPENDED"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Named:
    """The token that a text belongs to, and which of its secrets the text is."""

    tenant_id: uuid.UUID
    token_id: uuid.UUID
    generation: int
    owner_is_disabled: bool = False


class Credentials:
    """Finds tokens by their text; reads as the platform's role, since a token is what tells the tenant."""

    def __init__(self, platform: Database) -> None:
        self._platform = platform
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def find(self, text: str) -> Named | None:
        """Whose text this is; None for one that nobody was given. The caller decides what may be told of it."""
        if not is_well_formed(text):
            return None
        async with self._turns:
            row = await BY_HASH.row(self._platform, None, hash=digest(text))
        return None if row is None else Named(row.tenant_id, row.token_id, row.generation, row.owner_is_disabled)

    async def bearer(self, tenant_id: uuid.UUID, token_id: uuid.UUID) -> Bearer | None:
        """Who bears the token with this id, as authentication would say it."""
        async with self._turns:
            return await bearer_of(self._platform, tenant_id, token_id)


def judged(
    token: Mapping[str, Any], generation: int, now: datetime, *, owner_is_disabled: bool
) -> tuple[TokenState, datetime | None]:
    """Whether a secret of this generation is good, and until when; `token` is its row."""
    if token["revoked_at"] is not None:
        return TokenState.REVOKED, None
    age = token["generation"] - generation
    ends = token["overlap_ends_at"] if age == 1 else None
    if age > 1 or (ends is not None and ends <= now):
        return TokenState.ROTATED, None
    if token["expires_at"] <= now:
        return TokenState.EXPIRED, None
    if owner_is_disabled:
        return TokenState.DISABLED, None
    return TokenState.ACTIVE, min(ends or token["expires_at"], token["expires_at"])


def state_of(bearer: Bearer, generation: int | None, now: datetime) -> TokenState:
    """Whether a secret of this generation, or the one in use, lets its bearer in, wherever it comes from."""
    row = bearer.row
    shown = row.generation if generation is None else generation
    state, _ = judged(vars(row), shown, now, owner_is_disabled=row.owner_ended_at is not None)
    return TokenState.SUSPENDED if state is TokenState.ACTIVE and row.status != TenantStatus.ACTIVE else state

"""Documents by their hash in Redis, so that one process finds what a caller sent to another.

Redis holds nothing that may not be lost: without it, or without the document, the caller is asked for it once more.
"""

import uuid

from integrations.redis_asking import RedisAsking
from models.clock import Clock

PREFIX = "tenantry:document:"
SPENT = "tenantry:documents:"
# Seconds: documents that nobody asked for go, and tenants have a new account.
DAY = 24 * 60 * 60
# Bytes of documents that one tenant may put there in a day: Redis has other uses, and bounds of its own.
SHARE = 2 * 1024 * 1024


class RedisDocuments:
    """Implements `resolvers.ports.SharedDocuments` by Redis 7 or later."""

    def __init__(self, url: str, clock: Clock, share: int = SHARE) -> None:
        """`url` as redis:// or rediss://, nothing is connected yet; `share` in bytes for each tenant and day."""
        without = "each process keeps documents for itself"
        self._redis = RedisAsking(url, clock, logger="tenantry.operations", without=without)
        self._share = share

    async def find(self, sha256: str) -> str | None:
        """What is there, for another day."""
        answers = await self._redis.answers(("GETEX", PREFIX + sha256, "EX", DAY))
        if answers is None or answers[0] is None:
            return None
        text: str = answers[0].decode(errors="replace")
        return text

    async def keep(self, sha256: str, text: str, tenant_id: uuid.UUID) -> None:
        """Put it there, unless the tenant has put too much there today."""
        spent = f"{SPENT}{tenant_id}"
        answers = await self._redis.answers(("INCRBY", spent, len(text.encode())), ("EXPIRE", spent, DAY, "NX"))
        if answers is not None and answers[0] <= self._share:
            await self._redis.answers(("SET", PREFIX + sha256, text, "EX", DAY))

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.close()

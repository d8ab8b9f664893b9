"""Wake-ups by Redis: for databases behind a transaction pooler, and where NOTIFY would be one queue too many.

Redis holds nothing here. While it does not answer, changes go on as ever, and feeds are looked at now and then.
"""

import asyncio
import uuid
from functools import partial
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from sqlalchemy.ext.asyncio import AsyncConnection

from models.database import on_commit
from resolvers.ports import Woken

CHANNEL = "tenantry:event"
# Seconds. The client's own defaults would hang for ever on a Redis that swallows what it is sent.
TIMEOUT = 0.25
# Seconds of silence after which a connection that listens is tried.
SILENCE = 5.0
log = structlog.get_logger("tenantry.feed")


class RedisWakes:
    """Implements `resolvers.ports.Wakes`."""

    def __init__(self, url: str) -> None:
        """`url` as redis:// or rediss://; nothing is connected yet."""
        once = Retry(NoBackoff(), 0)
        self._publisher: Redis = Redis.from_url(url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT, retry=once)
        self._listener: Redis = Redis.from_url(
            url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT, retry=once, health_check_interval=SILENCE
        )
        self._waiting: set[uuid.UUID] = set()
        self._publishing: asyncio.Task[None] | None = None

    async def announce(self, connection: AsyncConnection, tenant_id: uuid.UUID) -> None:
        """Published once the transaction is committed, beside the request: nobody waits for Redis."""
        on_commit(connection, partial(self._soon, tenant_id))

    async def listen(self, woken: Woken) -> None:
        """Until cancelled. Raises RedisError where Redis does not answer."""
        async with self._listener.pubsub() as subscribed:
            await subscribed.subscribe(CHANNEL)
            woken(None)
            while True:
                message: dict[str, Any] | None = await subscribed.get_message(
                    ignore_subscribe_messages=True, timeout=SILENCE
                )
                if message is not None:
                    woken(uuid.UUID(message["data"].decode()))

    async def close(self) -> None:
        """Publish what waits, and close the connections."""
        if self._publishing is not None:
            await self._publishing
        await self._publisher.aclose()
        await self._listener.aclose()

    def _soon(self, tenant_id: uuid.UUID) -> None:
        self._waiting.add(tenant_id)
        if self._publishing is None or self._publishing.done():
            self._publishing = asyncio.create_task(self._publish())

    async def _publish(self) -> None:
        """Each tenant once, however many changes it made meanwhile."""
        while self._waiting:
            tenants, self._waiting = self._waiting, set()
            try:
                for tenant_id in tenants:
                    await self._publisher.publish(CHANNEL, str(tenant_id))
            except (RedisError, OSError) as error:
                log.warning("wake-up lost: Redis does not answer", error=repr(error), tenants=len(tenants))

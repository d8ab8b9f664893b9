"""Asking a Redis that may be gone: nobody waits for it longer than once.

A try takes a quarter of a second at most, after one that failed it is left alone for a second, so that no request waits
twice, and after five for ten seconds.
"""

import asyncio
from typing import Any, TypeAlias

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from integrations.breaker import Breaker
from models.clock import Clock

# Seconds, for connecting, asking and being answered together.
TIMEOUT = 0.25
Command: TypeAlias = tuple[str | int, ...]


class RedisAsking:
    """Commands in one round trip, or no answer."""

    def __init__(self, url: str, clock: Clock, *, logger: str, without: str) -> None:
        """`url` as redis:// or rediss://, nothing is connected yet; `without` says what happens while it is silent."""
        self._redis: Redis = Redis.from_url(
            url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT, retry=Retry(NoBackoff(), 0)
        )
        self._breaker = Breaker(clock)
        self._log = structlog.get_logger(logger)
        self._without = without

    async def answers(self, *commands: Command) -> list[Any] | None:
        """What Redis says to each of them, all or none done, or None where it says nothing."""
        if not self._breaker.may_try():
            return None
        try:
            async with asyncio.timeout(TIMEOUT), self._redis.pipeline() as transaction:
                for command in commands:
                    _ = transaction.execute_command(*command)  # queued; nothing is sent yet
                answers: list[Any] = await transaction.execute()
        except (RedisError, OSError) as error:
            if self._breaker.is_well:
                self._log.warning(f"Redis does not answer: {self._without}", error=repr(error))
            self._breaker.failed()
            return None
        if not self._breaker.is_well:
            self._log.info("Redis answers again")
        self._breaker.worked()
        return answers

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

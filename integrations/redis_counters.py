"""Counters in Redis, so that several server processes count together.

Redis holds nothing that may not be lost. While it does not answer, the process counts for itself, and nobody waits:
a try takes a quarter of a second at most, after one that failed it is left alone for a second, so that no request
waits twice, and after five for ten seconds.
"""

import asyncio
from typing import Any, TypeAlias

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from auth.counters import Count, Counters
from integrations.breaker import Breaker
from models.clock import Clock

# Seconds, for connecting, asking and being answered together.
TIMEOUT = 0.25
PREFIX = "tenantry:failures:"
Command: TypeAlias = tuple[str | int, ...]

log = structlog.get_logger("tenantry.throttle")


class RedisCounters:
    """Implements `auth.counters.Counters` by Redis 7 or later."""

    def __init__(self, url: str, clock: Clock, own: Counters) -> None:
        """`url` as redis:// or rediss://, nothing is connected yet; `own` count while Redis does not answer."""
        self._redis: Redis = Redis.from_url(
            url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT, retry=Retry(NoBackoff(), 0)
        )
        self._own = own
        self._breaker = Breaker(clock)

    async def read(self, *keys: str) -> list[Count]:
        """What was counted, in one round trip."""
        names = [PREFIX + key for key in keys]
        answers = await self._answers([command for name in names for command in (("GET", name), ("PTTL", name))])
        if answers is None:
            return await self._own.read(*keys)
        return [_count(*pair) for pair in zip(answers[::2], answers[1::2], strict=True)]

    async def add(self, seconds: float, *keys: str) -> list[Count]:
        """Count once for each key, in one round trip; no key is ever without its end."""
        commands: list[Command] = []
        for name in (PREFIX + key for key in keys):
            commands += [("INCR", name), ("PEXPIRE", name, int(seconds * 1000), "NX"), ("PTTL", name)]
        answers = await self._answers(commands)
        if answers is None:
            return await self._own.add(seconds, *keys)
        return [_count(*pair) for pair in zip(answers[::3], answers[2::3], strict=True)]

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()
        await self._own.close()

    async def _answers(self, commands: list[Command]) -> list[Any] | None:
        """What Redis says, or None where it says nothing."""
        if not self._breaker.may_try():
            return None
        try:
            async with asyncio.timeout(TIMEOUT), self._redis.pipeline() as transaction:
                for command in commands:
                    _ = transaction.execute_command(*command)  # queued; nothing is sent yet
                answers: list[Any] = await transaction.execute()
        except (RedisError, OSError) as error:
            if self._breaker.is_well:
                log.warning("Redis does not answer: each process counts for itself", error=repr(error))
            self._breaker.failed()
            return None
        if not self._breaker.is_well:
            log.info("Redis answers again")
        self._breaker.worked()
        return answers


def _count(number: bytes | int | None, milliseconds: int) -> Count:
    return Count() if number is None else Count(int(number), max(milliseconds, 0) / 1000)

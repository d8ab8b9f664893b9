"""Counters in Redis, so that several server processes count together.

Redis holds nothing that may not be lost. While it does not answer, the process counts for itself, and nobody waits
(`integrations.redis_asking`).
"""

from auth.counters import Count, Counters
from integrations.redis_asking import TIMEOUT, Command, RedisAsking
from models.clock import Clock

__all__ = ["TIMEOUT", "RedisCounters"]

PREFIX = "tenantry:failures:"


class RedisCounters:
    """Implements `auth.counters.Counters` by Redis 7 or later."""

    def __init__(self, url: str, clock: Clock, own: Counters) -> None:
        """`url` as redis:// or rediss://, nothing is connected yet; `own` count while Redis does not answer."""
        self._redis = RedisAsking(url, clock, logger="tenantry.throttle", without="each process counts for itself")
        self._own = own

    async def read(self, *keys: str) -> list[Count]:
        """What was counted, in one round trip."""
        names = [PREFIX + key for key in keys]
        commands: list[Command] = [command for name in names for command in (("GET", name), ("PTTL", name))]
        answers = await self._redis.answers(*commands)
        if answers is None:
            return await self._own.read(*keys)
        return [_count(*pair) for pair in zip(answers[::2], answers[1::2], strict=True)]

    async def add(self, seconds: float, *keys: str) -> list[Count]:
        """Count once for each key, in one round trip; no key is ever without its end."""
        commands: list[Command] = []
        for name in (PREFIX + key for key in keys):
            commands += [("INCR", name), ("PEXPIRE", name, int(seconds * 1000), "NX"), ("PTTL", name)]
        answers = await self._redis.answers(*commands)
        if answers is None:
            return await self._own.add(seconds, *keys)
        return [_count(*pair) for pair in zip(answers[::3], answers[2::3], strict=True)]

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.close()
        await self._own.close()


def _count(number: bytes | int | None, milliseconds: int) -> Count:
    return Count() if number is None else Count(int(number), max(milliseconds, 0) / 1000)

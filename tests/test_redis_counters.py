"""Counters in Redis: processes count together, and nobody waits for a Redis that does not answer."""

import asyncio
import socket
from collections.abc import AsyncIterator, Coroutine
from datetime import timedelta
from time import perf_counter
from typing import Any

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from auth.authentication import Authenticator
from auth.codes import Code, Refusal
from auth.counters import Count, InProcessCounters
from auth.throttle import Throttle
from auth.token import mint
from integrations.redis_counters import PREFIX, TIMEOUT, RedisCounters
from tenantry.databases import Databases
from tests.clock import HeldClock
from tests.redis_server import redis_server
from tests.sql import statements

NOBODY = "redis://127.0.0.1:1/0"
# Seconds: whoever waits for longer waited more than once.
SOON = 2 * TIMEOUT


@pytest.fixture(scope="module")
async def url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """A Redis that answers."""
    async with redis_server(tmp_path_factory.mktemp("redis")) as address:
        yield address


@pytest.fixture
async def redis(url: str) -> AsyncIterator[Redis]:
    """The Redis itself, without counters of other tests."""
    async with Redis.from_url(url) as client:
        names = [name async for name in client.scan_iter(f"{PREFIX}*")]
        if names:
            await client.delete(*names)
        yield client


@pytest.fixture
async def counters(url: str, redis: Redis, clock: HeldClock) -> AsyncIterator[RedisCounters]:
    """One process's."""
    made = RedisCounters(url, clock, InProcessCounters(clock))
    yield made
    await made.close()


@pytest.fixture
async def others(url: str, redis: Redis, clock: HeldClock) -> AsyncIterator[RedisCounters]:
    """Another process's."""
    made = RedisCounters(url, clock, InProcessCounters(clock))
    yield made
    await made.close()


@pytest.fixture
async def silent() -> AsyncIterator[str]:
    """A Redis that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"redis://127.0.0.1:{listening.getsockname()[1]}/0"


async def timed(running: Coroutine[Any, Any, object]) -> float:
    """How many seconds it takes."""
    began = perf_counter()
    await running
    return perf_counter() - began


async def refusal(throttle: Throttle, authenticator: Authenticator) -> Refusal:
    """How an unknown token is refused."""
    with pytest.raises(Refusal) as caught:
        await throttle.authenticate(authenticator, [(b"x-auth-token", mint().reveal().encode())], None)
    return caught.value


async def test_what_one_process_counts_binds_the_others(
    counters: RedisCounters, others: RedisCounters, databases: Databases, clock: HeldClock
) -> None:
    """Failures at one, a refusal without a statement at the other."""
    authenticator = Authenticator(databases.platform, clock)
    for _ in range(20):
        assert (await refusal(Throttle(counters), authenticator)).code is Code.UNAUTHENTICATED
    with statements() as sent:
        refused = await refusal(Throttle(others), authenticator)
    assert refused.code is Code.RATE_LIMITED
    assert dict(refused.headers)["ratelimit-policy"] == '"authentication";q=20;w=60'
    assert sent == []


async def test_counts_of_processes_add_up(counters: RedisCounters, others: RedisCounters) -> None:
    """Each sees what both counted."""
    await counters.add(60, "a", "b")
    await others.add(60, "a")
    seen = await counters.read("a", "b", "never")
    assert [count.number for count in seen] == [2, 1, 0]
    assert seen[2] == Count()
    assert all(59 < count.seconds_left <= 60 for count in seen[:2])


async def test_many_counts_at_once_are_all_counted(counters: RedisCounters) -> None:
    """None is lost between reading and writing."""
    counts = [count for (count,) in await asyncio.gather(*(counters.add(60, "a") for _ in range(50)))]
    assert sorted(count.number for count in counts) == list(range(1, 51))


async def test_the_first_count_begins_a_window_and_none_makes_it_longer(counters: RedisCounters, redis: Redis) -> None:
    """Redis forgets it by itself."""
    await counters.add(60, "a")
    await redis.expire(f"{PREFIX}a", 7)
    (count,) = await counters.add(60, "a")
    assert count.number == 2
    assert 6 < count.seconds_left <= 7
    await redis.delete(f"{PREFIX}a")
    assert await counters.read("a") == [Count()]


async def test_a_counter_without_an_end_gets_one(counters: RedisCounters, redis: Redis) -> None:
    """Whatever made it so: nobody is shut out for ever."""
    await redis.set(f"{PREFIX}a", 100)
    (count,) = await counters.add(60, "a")
    assert count.number == 101
    assert 59 < count.seconds_left <= 60


async def test_a_count_is_one_round_trip(counters: RedisCounters, redis: Redis) -> None:
    """All keys together, in one transaction."""
    await counters.add(60, "a", "b")
    before = (await redis.info("commandstats"))["cmdstat_exec"]["calls"]
    await counters.add(60, "a", "b")
    await counters.read("a", "b")
    assert (await redis.info("commandstats"))["cmdstat_exec"]["calls"] == before + 2


async def test_while_redis_is_down_the_process_counts_for_itself(clock: HeldClock) -> None:
    """At once, with one line in the log."""
    counters = RedisCounters(NOBODY, clock, InProcessCounters(clock))
    with capture_logs() as lines:
        began = perf_counter()
        assert await counters.add(60, "a") == [Count(1, 60)]
        assert perf_counter() - began < SOON
        for number in range(2, 20):
            assert await counters.add(60, "a") == [Count(number, 60)]
        assert await counters.read("a", "b") == [Count(19, 60), Count()]
    assert [line["event"] for line in lines] == ["Redis does not answer: each process counts for itself"]
    await counters.close()


async def test_a_silent_redis_holds_nobody_up_for_longer_than_the_timeout(silent: str, clock: HeldClock) -> None:
    """After a try it is left alone for a second, after five for ten, and then one caller tries it."""
    counters = RedisCounters(silent, clock, InProcessCounters(clock))

    async def waits() -> list[bool]:
        """Which of ten that count at once wait for Redis."""
        took = await asyncio.gather(*(timed(counters.add(60, "a")) for _ in range(10)))
        assert max(took) < SOON
        return [seconds > 0.2 for seconds in took]

    with capture_logs() as lines:
        assert await timed(counters.read("a")) < SOON
        for _ in range(4):
            assert sum(await waits()) == 0
            clock.advance(timedelta(seconds=1))
            assert sum(await waits()) == 1
        clock.advance(timedelta(seconds=9.9))
        assert sum(await waits()) == 0
        clock.advance(timedelta(seconds=0.1))
        assert sum(await waits()) == 1
    assert len(lines) == 1
    await counters.close()


async def test_a_failed_authentication_waits_once_for_a_silent_redis(
    silent: str, databases: Databases, clock: HeldClock
) -> None:
    """Although its failures are read before it and counted after it."""
    counters = RedisCounters(silent, clock, InProcessCounters(clock))
    authenticator = Authenticator(databases.platform, clock)
    began = perf_counter()
    assert (await refusal(Throttle(counters), authenticator)).code is Code.UNAUTHENTICATED
    assert perf_counter() - began < SOON
    await counters.close()


async def test_a_caller_that_gives_up_leaves_no_answer_to_another(
    counters: RedisCounters, redis: Redis, clock: HeldClock
) -> None:
    """What Redis says to nobody any more is read by nobody else."""
    await counters.add(60, "a")
    await redis.client_pause(60_000, all=False)
    giving_up = asyncio.create_task(counters.add(60, "b"))
    async with asyncio.timeout(10):
        while not (await redis.info("clients"))["blocked_clients"]:
            pass
    giving_up.cancel()
    await asyncio.gather(giving_up, return_exceptions=True)
    await redis.client_unpause()
    clock.advance(timedelta(seconds=1))
    (count,) = await counters.read("a")
    assert count.number == 1
    assert [count.number for (count,) in [await counters.add(60, "a"), await counters.add(60, "a")]] == [2, 3]


async def test_a_redis_that_answers_again_is_asked_again(
    counters: RedisCounters, redis: Redis, clock: HeldClock
) -> None:
    """And holds what it held; what was counted meanwhile is left to its process."""
    await counters.add(60, "a")
    with capture_logs() as lines:
        await redis.client_pause(60_000, all=False)  # milliseconds in which Redis is silent to whoever writes
        for number in range(1, 6):
            assert await counters.add(60, "a") == [Count(number, 60)]
        clock.advance(timedelta(seconds=1))
        await redis.client_unpause()
        (count,) = await counters.add(60, "a")
    assert count.number == 2
    assert [line["event"] for line in lines] == [
        "Redis does not answer: each process counts for itself",
        "Redis answers again",
    ]

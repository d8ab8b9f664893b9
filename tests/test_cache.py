"""Answers kept for seconds: never too old, never too many, never one caller's trouble for another."""

import asyncio
import gc
from datetime import timedelta

import pytest

from auth.cache import Cache
from tests.clock import HeldClock


class Source:
    """Something slow to look up: answers wait for `open`, and every question is counted."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.open = asyncio.Event()
        self.open.set()
        self.broken = False

    async def look_up(self, key: str) -> str:
        """The key in upper case, with the number of questions so far."""
        self.asked.append(key)
        number = len(self.asked)
        await self.open.wait()
        if self.broken:
            raise ConnectionError("no answer")
        return f"{key.upper()}{number}"


@pytest.fixture
async def source() -> Source:
    """A source that answers at once."""
    return Source()


@pytest.fixture
def cache(source: Source, clock: HeldClock) -> Cache[str, str]:
    """Three answers, five seconds."""
    return Cache(source.look_up, clock, keep_seconds=5, keep_at_most=3)


async def test_a_failed_look_up_is_not_kept(cache: Cache[str, str], source: Source) -> None:
    """What fails reaches the caller, and the next caller asks again."""
    source.broken = True
    with pytest.raises(ConnectionError):
        await cache.get("a")
    source.broken = False
    assert await cache.get("a") == "A2"


async def test_an_answer_is_asked_for_again_after_its_time(
    cache: Cache[str, str], source: Source, clock: HeldClock
) -> None:
    """Five seconds after the question the answer is stale, not a moment later."""
    assert await cache.get("a") == "A1"
    clock.advance(timedelta(seconds=4.999))
    assert await cache.get("a") == "A1"
    clock.advance(timedelta(seconds=0.001))
    assert await cache.get("a") == "A2"


async def test_an_answer_ages_from_the_question_on(cache: Cache[str, str], source: Source, clock: HeldClock) -> None:
    """A slow look-up does not make its answer younger than what it saw."""
    source.open.clear()
    asking = asyncio.create_task(cache.get("a"))
    await asyncio.sleep(0)
    clock.advance(timedelta(seconds=4))
    source.open.set()
    assert await asking == "A1"
    clock.advance(timedelta(seconds=1))
    assert await cache.get("a") == "A2"


async def test_a_clock_that_is_set_back_makes_answers_stale(
    cache: Cache[str, str], source: Source, clock: HeldClock
) -> None:
    """An answer from the future is not trusted: it could otherwise live for an hour."""
    await cache.get("a")
    clock.advance(timedelta(hours=-1))
    assert await cache.get("a") == "A2"


async def test_the_answer_unused_for_longest_goes_first(cache: Cache[str, str], source: Source) -> None:
    """No more are kept than allowed, and a busy one stays."""
    for key in "abcad":
        await cache.get(key)
    assert len(cache) == 3
    assert await cache.get("a") == "A1"
    assert await cache.get("b") == "B5"


async def test_callers_at_once_share_one_look_up(cache: Cache[str, str], source: Source) -> None:
    """A hundred callers for one thing are one question."""
    assert await asyncio.gather(*(cache.get("a") for _ in range(100))) == ["A1"] * 100


async def test_callers_at_once_share_one_failure(cache: Cache[str, str], source: Source) -> None:
    """When the shared look-up fails, every caller that waits for it is told."""
    source.broken = True
    answers = await asyncio.gather(*(cache.get("a") for _ in range(3)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [ConnectionError] * 3
    assert source.asked == ["a"]


async def test_a_caller_that_gives_up_leaves_the_answer_to_the_others(cache: Cache[str, str], source: Source) -> None:
    """Cancelling whoever asked first neither cancels nor repeats the look-up."""
    source.open.clear()
    first, second = asyncio.create_task(cache.get("a")), asyncio.create_task(cache.get("a"))
    await asyncio.sleep(0)
    first.cancel()
    source.open.set()
    assert await second == "A1"
    assert first.cancelled()


async def test_a_failure_that_nobody_waits_for_is_quiet(
    cache: Cache[str, str], source: Source, caplog: pytest.LogCaptureFixture
) -> None:
    """A look-up that fails after its only caller has gone is neither kept nor reported by asyncio."""
    source.open.clear()
    source.broken = True
    asking = asyncio.create_task(cache.get("a"))
    await asyncio.sleep(0)
    asking.cancel()
    await asyncio.wait([asking])
    source.open.set()
    await asyncio.wait(cache._under_way.values())
    gc.collect()
    assert caplog.text == ""
    source.broken = False
    assert await cache.get("a") == "A2"


async def test_a_forgotten_answer_is_asked_for_again(cache: Cache[str, str], source: Source) -> None:
    """One can be forgotten, or all."""
    await cache.get("a")
    await cache.get("b")
    cache.forget("a")
    assert [await cache.get("a"), await cache.get("b")] == ["A3", "B2"]
    cache.forget()
    assert [await cache.get("a"), await cache.get("b")] == ["A4", "B5"]


async def test_an_answer_forgotten_on_its_way_is_not_kept(cache: Cache[str, str], source: Source) -> None:
    """It may have been read before what made it wrong: whoever asks afterwards gets a fresh one."""
    source.open.clear()
    before = asyncio.create_task(cache.get("a"))
    await asyncio.sleep(0)
    cache.forget("a")
    after = asyncio.create_task(cache.get("a"))
    await asyncio.sleep(0)
    source.open.set()
    assert [await before, await after, await cache.get("a")] == ["A1", "A2", "A2"]

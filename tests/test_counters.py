"""Counters of failures in this process: bounded in number, and shared out among the processes of a server."""

from datetime import timedelta

from auth.counters import Count, InProcessCounters
from tests.clock import HeldClock

MINUTE = timedelta(seconds=60)


async def test_counters_do_not_fill_the_memory(clock: HeldClock) -> None:
    """Those that were counted longest ago go."""
    counters = InProcessCounters(clock, keep_at_most=3)
    for key in ("a", "b", "c", "a", "d"):
        await counters.add(60, key)
    assert len(counters) == 3
    assert await counters.read("a", "b") == [Count(2, 60), Count()]


async def test_a_weighty_counter_allows_each_process_its_share(clock: HeldClock) -> None:
    """Four processes that count for themselves allow together what one bound does."""
    counters = InProcessCounters(clock, weight=4)
    assert await counters.add(60, "a") == [Count(4, 60)]
    assert await counters.add(60, "a") == [Count(8, 60)]

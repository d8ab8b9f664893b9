"""How much longer one thing takes than another, on a machine that does other things too.

Both run in turn, one by one, so that what disturbs the machine disturbs both; of each the median counts, which what is
disturbed now and then does not move. The first runs a second time in each turn: by how much its two medians differ is
how much such a figure is worth.
"""

import gc
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from statistics import median

Work = Callable[[], Awaitable[object]]
# Seconds of measuring, and how often each runs at least and at most.
SECONDS = 9.0
FEWEST, MOST = 20, 2000


@dataclass(frozen=True)
class Ratio:
    """How many times as long; `noise` is by what share the same thing differed from itself."""

    value: float
    noise: float


async def ratio(without: Work, with_it: Work, *, seconds: float = SECONDS) -> Ratio:
    """How many times as long `with_it` takes as `without`."""
    runs = (without, with_it, without)
    for work in runs:
        once = await _took(work)
    took: list[list[float]] = [[] for _ in runs]
    for number in range(round(min(max(seconds / len(runs) / once, FEWEST), MOST))):
        # Whoever goes first in one turn goes last in the next.
        for at in (0, 1, 2) if number % 2 else (2, 1, 0):
            took[at].append(await _took(runs[at]))
    first, with_, again = map(median, took)
    both = (first + again) / 2
    return Ratio(with_ / both, abs(first - again) / both)


async def _took(work: Work) -> float:
    """Seconds; the garbage collector, which comes when it likes, waits."""
    gc.disable()
    began = time.perf_counter()
    try:
        await work()
        return time.perf_counter() - began
    finally:
        gc.enable()

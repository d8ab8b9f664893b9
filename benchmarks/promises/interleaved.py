"""How much longer one thing takes than another, on a machine that does other things too.

Both run in turn, in short blocks. Each block is compared with its neighbour alone, and the median of these is taken, so
that what disturbs the machine for a while disturbs both or a few blocks.
"""

import gc
import time
from collections.abc import Awaitable, Callable
from statistics import median

Work = Callable[[], Awaitable[object]]
BLOCKS = 31
# Seconds of one block: long enough for the clock, short enough for what disturbs to be the same for its neighbour.
BLOCK = 0.1


async def ratio(without: Work, with_it: Work, *, blocks: int = BLOCKS, block: float = BLOCK) -> float:
    """How many times as long `with_it` takes as `without`."""
    times = max(1, round(block / await _took(without, 3)))
    for work in (without, with_it):
        await _took(work, times)
    ratios = []
    for number in range(blocks):
        # Whoever goes first in one pair goes last in the next.
        pair = (without, with_it) if number % 2 else (with_it, without)
        took = {work: await _took(work, times) for work in pair}
        ratios.append(took[with_it] / took[without])
    return median(ratios)


async def _took(work: Work, times: int) -> float:
    """Seconds for one, of so many in a row; the garbage collector, which comes when it likes, waits."""
    gc.collect()
    gc.disable()
    began = time.perf_counter()
    try:
        for _ in range(times):
            await work()
    finally:
        gc.enable()
    return (time.perf_counter() - began) / times

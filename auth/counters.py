"""How often something happened within a window: a number for each key, which is forgotten when its window is over.

A window is fixed: the first count begins it. So a count is one integer, Redis keeps it with one round trip, and when
it ends is known to the second. The price: around the end of a window, one span of its length sees up to twice as many.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from models.clock import Clock


@dataclass(frozen=True, slots=True)
class Count:
    """How often so far, and for how many more seconds that is remembered; nothing at all is (0, 0)."""

    number: int = 0
    seconds_left: float = 0.0


class Counters(Protocol):
    """Counts by key. Whatever breaks, it answers, and soon: nobody waits for a counter."""

    async def read(self, *keys: str) -> list[Count]:
        """What was counted, in the order of the keys."""
        ...

    async def add(self, seconds: float, *keys: str) -> list[Count]:
        """Count once for each key, and say what that makes; `seconds` is how long a window is that begins here."""
        ...

    async def close(self) -> None:
        """Let go of what is held."""
        ...


class InProcessCounters:
    """Implements `Counters` for one process, bounded: of too many keys, those that were counted longest ago go."""

    def __init__(self, clock: Clock, *, weight: int = 1, keep_at_most: int = 20_000) -> None:
        """`weight` is what one time counts, where so many processes share a bound and not their counters."""
        self._clock = clock
        self._weight = weight
        self._at_most = keep_at_most
        self._kept: OrderedDict[str, tuple[int, datetime, timedelta]] = OrderedDict()

    async def read(self, *keys: str) -> list[Count]:
        """What was counted."""
        return [self._count(key) for key in keys]

    async def add(self, seconds: float, *keys: str) -> list[Count]:
        """Count once for each key."""
        return [self._add(key, seconds) for key in keys]

    async def close(self) -> None:
        """Forget everything."""
        self._kept.clear()

    def __len__(self) -> int:
        """How many keys are kept, those of windows that are over included."""
        return len(self._kept)

    def _count(self, key: str) -> Count:
        if key not in self._kept:
            return Count()
        number, began, window = self._kept[key]
        past = self._clock.now() - began
        # A clock that was set back would make a window longer than it is: then it is over.
        return Count(number, (window - past).total_seconds()) if timedelta() <= past < window else Count()

    def _add(self, key: str, seconds: float) -> Count:
        before = self._count(key).number
        _, began, window = self._kept[key] if before else (0, self._clock.now(), timedelta(seconds=seconds))
        self._kept[key] = (before + self._weight, began, window)
        self._kept.move_to_end(key)
        if len(self._kept) > self._at_most:
            self._kept.popitem(last=False)
        return self._count(key)

"""Answers that are kept for a few seconds, so that a busy token costs one statement and not one a request.

Bounded in time and in number, and a failed look-up is never kept. Callers that ask for the same thing at once
share one look-up; one that gives up does not take the answer from the others.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Hashable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Generic, TypeVar

from models.clock import Clock

Key = TypeVar("Key", bound=Hashable)
Answer = TypeVar("Answer")
NO_TIME = timedelta()


class Cache(Generic[Key, Answer]):
    """A least-recently-used cache in front of a look-up; "there is none" is an answer like any other."""

    def __init__(
        self,
        look_up: Callable[[Key], Coroutine[Any, Any, Answer]],
        clock: Clock,
        *,
        keep_seconds: float,
        keep_at_most: int,
    ) -> None:
        """`keep_seconds` counts from the moment in which a look-up begins: an answer is never older."""
        self._look_up = look_up
        self._clock = clock
        self._keep = timedelta(seconds=keep_seconds)
        self._at_most = keep_at_most
        self._kept: OrderedDict[Key, tuple[datetime, Answer]] = OrderedDict()
        self._under_way: dict[Key, asyncio.Task[Answer]] = {}

    async def get(self, key: Key, younger_than: float | None = None) -> Answer:
        """The kept answer, if it is younger than that many seconds, or a fresh one.

        What the look-up raises, every caller that waits for it gets.
        """
        kept = self._kept.get(key)
        keep = self._keep if younger_than is None else min(self._keep, timedelta(seconds=younger_than))
        # A clock that was set back makes an answer look younger than it is: then it is not trusted.
        if kept is not None and NO_TIME <= self._clock.now() - kept[0] < keep:
            self._kept.move_to_end(key)
            return kept[1]
        task = self._under_way.get(key)
        if task is None:
            task = self._under_way[key] = asyncio.create_task(self._look_up(key))
            task.add_done_callback(partial(self._keep_answer, key, self._clock.now()))
        return await asyncio.shield(task)

    def fresh(self, key: Key, now: datetime) -> Answer | None:
        """The kept answer, if it is not too old `now`, or None; nothing is looked up."""
        kept = self._kept.get(key)
        return kept[1] if kept is not None and NO_TIME <= now - kept[0] < self._keep else None

    def last(self, key: Key) -> Answer | None:
        """The kept answer however old it is, or None; nothing is looked up."""
        kept = self._kept.get(key)
        return None if kept is None else kept[1]

    def forget(self, key: Key | None = None) -> None:
        """Drop one answer, or all; an answer that is under way reaches who waits for it and is not kept."""
        for store in (self._kept, self._under_way):
            if key is None:
                store.clear()
            else:
                store.pop(key, None)

    def __len__(self) -> int:
        """How many answers are kept, stale ones included."""
        return len(self._kept)

    def _keep_answer(self, key: Key, asked_at: datetime, task: asyncio.Task[Answer]) -> None:
        # Asking for the exception also tells asyncio that somebody saw it, if every caller has gone.
        failed = task.cancelled() or task.exception() is not None
        if self._under_way.get(key) is not task:
            return
        del self._under_way[key]
        if failed:
            return
        self._kept[key] = (asked_at, task.result())
        self._kept.move_to_end(key)
        if len(self._kept) > self._at_most:
            self._kept.popitem(last=False)

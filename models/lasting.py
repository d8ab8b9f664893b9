"""Work that may last: what guards it begins only where it does.

Most of what is asked for is answered within milliseconds. A timer and a task for each guard of each request would cost
as much as a good part of the work; one timer for all of them, of work that waits at all, costs little.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator
from types import coroutine
from typing import Any, TypeAlias, TypeVar

Answer = TypeVar("Answer")
# Runs beside the work; what it raises ends the work.
Guard: TypeAlias = Callable[[], Awaitable[None]]
# Seconds in which most work has ended.
SOON = 0.02


@coroutine
def lasting(running: Coroutine[Any, Any, Answer], *guards: Guard) -> Generator[Any, Any, Answer]:
    """Run to the end, or until a guard raises: then the work is cancelled, and what was raised comes instead."""
    try:
        waits_for = running.send(None)
    except StopIteration as ended:
        return ended.value  # type: ignore[no-any-return]
    watch = _Watch(guards)
    try:
        return (yield from _resumed(running, waits_for))
    except asyncio.CancelledError:
        # Cancelled from outside (a server that stops), or because of a guard? Only the latter ends here.
        watch.tell()
        raise
    finally:
        watch.end()


@coroutine
def followed(running: Coroutine[Any, Any, Answer], action: Callable[[], None]) -> Generator[Any, Any, Answer]:
    """Run it, and do `action` as soon as it waits for the first time: behind what it did until then."""
    try:
        waits_for = running.send(None)
    except StopIteration as ended:
        return ended.value  # type: ignore[no-any-return]
    action()
    return (yield from _resumed(running, waits_for))


def deadline(seconds: float) -> Guard:
    """A guard that raises TimeoutError when so much time has gone since the work began to wait."""

    async def past() -> None:
        await asyncio.sleep(seconds - SOON)
        raise TimeoutError

    return past


class _Watch:
    """Cancels the task that makes it, once, when a guard raises; made when the work waits."""

    def __init__(self, guards: tuple[Guard, ...]) -> None:
        self._guards = guards
        ours = asyncio.current_task()
        assert ours is not None, "only a task can be cancelled"
        self._ours = ours
        self._cancelled_before = ours.cancelling()
        self._why: Exception | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._beginning = asyncio.get_running_loop().call_later(SOON, self._begin)

    def tell(self) -> None:
        """Raise what the task was cancelled for, if nobody else has cancelled it."""
        if self._why is not None and self._ours.cancelling() == self._cancelled_before + 1:
            raise self._why from None

    def end(self) -> None:
        """Watch no longer, and take back what was done."""
        self._beginning.cancel()
        for task in self._tasks:
            task.cancel()
        if self._why is not None:
            self._ours.uncancel()
        # What was raised knows this watch by its frames, and must not be known by it: all that the work held would be
        # left to the collector.
        del self._ours, self._why

    def _begin(self) -> None:
        self._tasks = [asyncio.create_task(self._guard(guard)) for guard in self._guards]

    async def _guard(self, guard: Guard) -> None:
        try:
            await guard()
        except Exception as error:  # noqa: BLE001  (whatever it is, it is for who waits)
            if self._why is None:
                self._why = error
                self._ours.cancel()


def _resumed(running: Coroutine[Any, Any, Answer], waits_for: Any) -> Generator[Any, Any, Answer]:
    """The rest of what was begun, which waits for this."""
    try:
        while True:
            try:
                sent = yield waits_for
            except BaseException as error:  # noqa: BLE001  (whatever it is, it is for who waits)
                waits_for = running.throw(error)
            else:
                waits_for = running.send(sent)
    except StopIteration as ended:
        return ended.value  # type: ignore[no-any-return]

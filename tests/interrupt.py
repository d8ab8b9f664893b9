"""Cancelling a piece of work at a chosen await, as a client that hangs up or a deadline would."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any, TypeVar

import pytest

Test = TypeVar("Test", bound=Callable[..., Any])


def leaves_coroutines(test: Test) -> Test:
    """For a test that cancels graphql-core: what a resolver gave it and never began is left to the garbage collector.

    Python warns of each, wherever that is. Inside a named tuple, whose code knows no builtins, the warning itself
    fails, whatever a filter says of it: so all are collected at the test's end.
    """
    ignored = pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
    marked: Test = ignored(pytest.mark.usefixtures("collected_at_the_end")(test))
    return marked


class CancelledAt:
    """Await this to run the work and cancel it at its n-th suspension (from 1).

    `late` cancels when what was awaited has come already, and the work would have gone on: the other half of the race
    between an answer and a deadline. `reached` tells whether there were so many suspensions. The await gives what the
    work gave, None where it was cancelled.
    """

    def __init__(self, work: Coroutine[Any, Any, Any], suspension: int, *, late: bool = False) -> None:
        self._work = work
        self._suspension = suspension
        self._late = late
        self.reached = False

    def __await__(self) -> Generator[Any, Any, Any]:
        """Drive the work; its cancellation ends here."""
        task = asyncio.current_task()
        assert task is not None, "this is for tasks"
        steps = self._work.__await__()
        passed = 0
        try:
            waiting_for = next(steps)
            while True:
                passed += 1
                self.reached = self.reached or passed == self._suspension
                if passed == self._suspension and not self._late:
                    task.cancel()
                thrown: BaseException | None = None
                try:
                    yield waiting_for
                except BaseException as error:  # noqa: BLE001  (whatever is awaited may fail: the work is to hear of it)
                    thrown = error
                if passed == self._suspension:
                    thrown = asyncio.CancelledError() if self._late else thrown
                    task.uncancel()
                waiting_for = next(steps) if thrown is None else steps.throw(thrown)
        except StopIteration as finished:
            return finished.value
        except asyncio.CancelledError:
            if not self.reached:
                raise
            return None


async def until(holds: Callable[[], Awaitable[bool]], seconds: float = 5.0) -> None:
    """Wait until something holds that nobody tells us of, such as the state of another session of PostgreSQL."""
    async with asyncio.timeout(seconds):
        while not await holds():  # noqa: ASYNC110  (another process cannot set an event)
            await asyncio.sleep(0.01)

"""Work that lasts as long as somebody waits for it: a caller that hangs up stops what was begun for it."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from starlette.types import Receive

from tenantry.body import ClientGone

Answered = TypeVar("Answered")
# Seconds in which most answers have left. Only what takes longer is worth a look whether its caller is still there.
SOON = 0.02


async def while_connected(receive: Receive, running: Awaitable[Answered]) -> Answered:
    """Run to the end, or for as long as the caller stays. Raises ClientGone."""
    watch = _Watch(receive)
    try:
        return await running
    except asyncio.CancelledError:
        # Cancelled from outside (a server that stops), or because of the caller? Only the latter ends here.
        if watch.is_alone():
            raise ClientGone from None
        raise
    finally:
        watch.end()


class _Watch:
    """Cancels the task that makes it when the caller has gone."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        ours = asyncio.current_task()
        assert ours is not None, "only a task can be cancelled"
        self._ours = ours
        self._cancelled_before = ours.cancelling()
        self._cancels = False
        self._task: asyncio.Task[None] | None = None
        self._beginning = asyncio.get_running_loop().call_later(SOON, self._begin)

    def is_alone(self) -> bool:
        """Whether nobody else has cancelled the task."""
        return self._cancels and self._ours.cancelling() == self._cancelled_before + 1

    def end(self) -> None:
        """Watch no longer, and take back what was done."""
        self._beginning.cancel()
        if self._task is not None:
            self._task.cancel()
        if self._cancels:
            self._ours.uncancel()

    def _begin(self) -> None:
        self._task = asyncio.create_task(self._until_gone())

    async def _until_gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._cancels = True
        self._ours.cancel()

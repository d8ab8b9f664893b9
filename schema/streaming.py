"""A subscription under way: its events, each executed on its own, for as long as its caller's right lasts."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

from auth.principal import Caller
from auth.standing import Asked, Stands, nothing
from schema.operation import Answer

# Executes an event for a caller, whose scopes are asked for first. Raises Refusal.
Show = Callable[[Any, Caller], Awaitable[Answer]]


class Stream:
    """An iterator of GraphQL responses as JSON bytes. Whoever stops reading closes it."""

    def __init__(self, source: AsyncGenerator[Any], standing: Stands, show: Show, asked: Asked = nothing) -> None:
        """`asked` is what the operation asks of its caller, for as long as it lasts."""
        self._source = source
        self._standing = standing
        self._show = show
        self._gone = asyncio.create_task(standing.until_gone(asked))
        self._next: asyncio.Task[Any] | None = None

    def __aiter__(self) -> "Stream":
        """Itself."""
        return self

    async def __anext__(self) -> bytes:
        """The next response.

        Raises:
            Refusal: the caller's right is gone, or it reads too slowly; nothing comes after that.
            Exception: whatever the source raises.
        """
        if self._next is None:
            self._next = asyncio.create_task(self._read())
        await asyncio.wait({self._next, self._gone}, return_when=asyncio.FIRST_COMPLETED)
        if self._gone.done():
            self._gone.result()
        read, self._next = self._next, None
        event = read.result()
        if event is END:
            raise StopAsyncIteration
        answer = await self._show(event, await self._standing.caller())
        return answer.body

    async def aclose(self) -> None:
        """Stop reading, in the database too."""
        tasks = [task for task in (self._next, self._gone) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._source.aclose()

    async def _read(self) -> Any:
        # No task can end with StopAsyncIteration.
        return await anext(self._source, END)


END = object()

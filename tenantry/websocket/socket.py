"""A WebSocket as ASGI has it: text in, text out, one message at a time, and never a wait without end."""

import asyncio
from contextlib import suppress

from starlette.types import Receive, Send

from tenantry.websocket.closing import Closing, Gone
from tenantry.websocket.messages import malformed

# Seconds in which a close frame must have been taken.
CLOSING = 1.0
# Nothing was said (RFC 6455, 7.4.1).
ABNORMAL = 1006


class Socket:
    """One connection; `code` is what it was closed with, by whom ever, or None while it is open."""

    def __init__(self, receive: Receive, send: Send, patience: float) -> None:
        """`patience` in seconds is how long a reader may take for one message; then it is dropped."""
        self._receive = receive
        self._send = send
        self._patience = patience
        self._turn = asyncio.Lock()
        self.code: int | None = None

    async def accept(self, subprotocol: str | None, headers: list[tuple[bytes, bytes]]) -> None:
        """Answer the handshake. Raises Gone."""
        await self._receive()  # ASGI has a client connect before it is answered
        await self._say({"type": "websocket.accept", "subprotocol": subprotocol, "headers": headers})

    async def receive(self) -> str:
        """The next message.

        Raises:
            Gone: the client left, or the server stops.
            Closing: BAD_MESSAGE, it is binary.
        """
        message = await self._receive()
        if message["type"] == "websocket.disconnect":
            self._end(message.get("code", ABNORMAL))
            raise Gone
        text = message.get("text")
        if text is None:
            raise malformed("The frame is binary: send JSON as text.")
        return str(text)

    async def send(self, text: str) -> None:
        """Wait for one's turn, then until it is taken. Raises Gone."""
        async with self._turn:
            await self._say({"type": "websocket.send", "text": text})

    async def close(self, closing: Closing) -> None:
        """Say why, if the client takes that; nothing is sent after it."""
        if self.code is not None:
            return
        with suppress(TimeoutError, OSError):
            async with asyncio.timeout(CLOSING), self._turn:
                if self.code is None:
                    await self._send({"type": "websocket.close", "code": int(closing.code), "reason": closing.reason})
                    self._end(int(closing.code))
        self._end(ABNORMAL)

    async def _say(self, message: dict[str, object]) -> None:
        if self.code is not None:
            raise Gone
        try:
            async with asyncio.timeout(self._patience):
                await self._send(message)
        except OSError:  # a TimeoutError too: who reads nothing would not read a close frame either
            self._end(ABNORMAL)
            raise Gone from None

    def _end(self, code: int) -> None:
        if self.code is None:
            self.code = code

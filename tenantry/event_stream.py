"""Server-sent events: a subscription over plain HTTP (the "distinct connections" of GraphQL over SSE).

Each response is an event named `next`; `complete` ends the stream, and whatever ended it early stands in the last
`next`. A server that stops ends the body without `complete`, on which clients connect again. Lines end in LF alone:
clients split on it.
"""

import asyncio
from collections.abc import Iterable

from starlette.types import Send

from schema.operation import Answer
from schema.streaming import Stream
from tenantry.answers import PATIENCE, send_patiently, told
from tenantry.negotiation import EVENT_STREAM

# Seconds between two comments, so that no proxy takes the stream for dead.
BEAT_EVERY = 12.0
BEAT = b":\n\n"
COMPLETE = b"event: complete\ndata:\n\n"
HEADERS = [
    (b"content-type", f"{EVENT_STREAM}; charset=utf-8".encode()),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    # nginx would hold events back until a buffer is full.
    (b"x-accel-buffering", b"no"),
]


def is_event_stream(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether these are the headers of a stream."""
    return HEADERS[0] in headers


async def send_events(
    send: Send, stream: Stream, ending: asyncio.Event, *, beat_every: float = BEAT_EVERY, patience: float = PATIENCE
) -> None:
    """Send what the stream has until it ends, or until the server does, which `ending` tells.

    Raises:
        ReaderStuck: it took longer than `patience` seconds to take one message.
    """
    await send_patiently(send, {"type": "http.response.start", "status": 200, "headers": HEADERS}, patience)
    # At once, so that whoever waits for the stream to be open need not wait for the first event.
    await send_patiently(send, _body(BEAT), patience)
    end = asyncio.create_task(ending.wait())
    try:
        while True:
            reading = asyncio.create_task(_read(stream))
            while not reading.done() and not end.done():
                await asyncio.wait({reading, end}, timeout=beat_every, return_when=asyncio.FIRST_COMPLETED)
                if not reading.done() and not end.done():
                    await send_patiently(send, _body(BEAT), patience)
            if not reading.done():
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)
                await send_patiently(send, _body(b"", more=False), patience)
                return
            body, last = reading.result()
            if body is not None:
                await send_patiently(send, _body(_next(body)), patience)
            if last:
                break
        await send_patiently(send, _body(COMPLETE, more=False), patience)
    finally:
        end.cancel()


async def send_one(send: Send, answered: Answer) -> None:
    """Send an answer to whoever accepts nothing but a stream."""
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send(_body(_next(answered.body) + COMPLETE, more=False))


async def _read(stream: Stream) -> tuple[bytes | None, bool]:
    """The next response, and whether nothing comes after it."""
    try:
        return await anext(stream), False
    except StopAsyncIteration:
        return None, True
    except Exception as error:  # noqa: BLE001  (whatever broke, the reader is told that it ends)
        return told(error).body, True


def _next(body: bytes) -> bytes:
    return b"event: next\ndata: " + body + b"\n\n"


def _body(data: bytes, *, more: bool = True) -> dict[str, object]:
    return {"type": "http.response.body", "body": data, "more_body": more}

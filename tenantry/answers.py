"""How an answer leaves: JSON, never cached, never sniffed."""

import asyncio

import structlog
from starlette.types import Message, Send

from auth.codes import Refusal
from models.faults import is_outage
from schema.answers import answer as answer_of
from schema.answers import fault, refused, unavailable
from schema.operation import Answer
from tenantry.negotiation import MediaType

# Seconds in which the reader of a stream must take what it is sent.
PATIENCE = 10.0
# What every answer says of itself.
ALWAYS = {
    media_type: (
        (b"content-type", media_type.content_type.encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    )
    for media_type in MediaType
}

log = structlog.get_logger("tenantry.answers")


class ReaderStuck(Exception):
    """The reader takes nothing: its connection is dropped, since nothing can be said to it."""


async def send_answer(send: Send, answer: Answer, media_type: MediaType = MediaType.JSON) -> None:
    """Send the whole of it."""
    headers = [*ALWAYS[media_type], (b"content-length", b"%d" % len(answer.body))]
    for name, value in answer.headers:
        headers.append((name.lower().encode(), value.encode("latin-1", "replace")))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


async def send_patiently(send: Send, message: Message, patience: float = PATIENCE) -> None:
    """Send a part of a stream. Raises ReaderStuck where it is not taken within `patience` seconds."""
    try:
        async with asyncio.timeout(patience):
            await send(message)
    except TimeoutError:
        raise ReaderStuck from None


def told(error: Exception) -> Answer:
    """What is said of whatever breaks a stream or an operation; a fault of ours is logged under its error id."""
    if isinstance(error, Refusal):
        return refused(error)
    if is_outage(error):
        log.warning("database unavailable", error=repr(error))
        return refused(unavailable())
    message, extensions = fault(error)
    return answer_of(500, {"errors": [{"message": message, "extensions": extensions}]})

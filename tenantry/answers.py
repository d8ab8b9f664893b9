"""How an answer leaves: JSON, never cached, never sniffed."""

from starlette.types import Send

from schema.operation import Answer
from tenantry.negotiation import MediaType


async def send_answer(send: Send, answer: Answer, media_type: MediaType = MediaType.JSON) -> None:
    """Send the whole of it."""
    body = answer.body
    headers = [
        (b"content-type", media_type.content_type.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        *((name.lower().encode(), value.encode("latin-1", "replace")) for name, value in answer.headers),
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})

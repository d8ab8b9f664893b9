"""Reading server-sent events straight from the application: a request whose answer is read while it is written."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.applications import Starlette

# Seconds that a test waits for what must come.
PATIENCE = 10


@dataclass
class Reading:
    """A request under way: what came of it, and a reader that may stop reading or hang up."""

    body: bytes
    headers: list[tuple[bytes, bytes]]
    status: int = 0
    answered: dict[str, str] = field(default_factory=dict)
    ended: bool = False
    received: bytes = b""
    news: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    reads: asyncio.Event = field(default_factory=asyncio.Event)
    given: bool = False

    def __post_init__(self) -> None:
        """It reads, until it is told not to."""
        self.reads.set()

    async def receive(self) -> dict[str, Any]:
        """The request, and that the reader has gone."""
        if not self.given:
            self.given = True
            return {"type": "http.request", "body": self.body}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        """Take what is sent, as soon as the reader reads."""
        await self.reads.wait()
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.answered = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            self.received += message["body"]
            self.ended = not message.get("more_body", False)
        self.news.set()

    async def part(self) -> bytes:
        """The next part of the stream, up to its blank line."""
        async with asyncio.timeout(PATIENCE):
            while b"\n\n" not in self.received:
                self.news.clear()
                await self.news.wait()
        part, _, self.received = self.received.partition(b"\n\n")
        return part

    async def event(self) -> tuple[str, Any]:
        """The next event that is no comment: its name and its data."""
        while (part := await self.part()).startswith(b":"):
            continue
        name, _, data = part.partition(b"\n")
        assert name.startswith(b"event: "), part
        assert data.startswith(b"data:"), part
        text = data.removeprefix(b"data:").strip()
        return name.removeprefix(b"event: ").decode(), orjson.loads(text) if text else None

    async def estate_event(self) -> dict[str, Any]:
        """The next event of `estateChanged`."""
        name, response = await self.event()
        assert name == "next", response
        assert "errors" not in response, response
        found: dict[str, Any] = response["data"]["estateChanged"]
        return found


@asynccontextmanager
async def reading(
    app: Starlette, token: str, query: str, accept: str = "text/event-stream", **variables: Any
) -> AsyncIterator[Reading]:
    """A POST to /graphql, which is hung up when the block ends."""
    headers = {
        "authorization": f"Bearer {token}",
        "content-type": "application/json",
        "accept": accept,
        "host": "tenantry.test",
    }
    request = Reading(
        orjson.dumps({"query": query, "variables": variables}),
        [(name.encode(), value.encode()) for name, value in headers.items()],
    )
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/graphql",
        "raw_path": b"/graphql",
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "http_version": "1.1",
        "headers": request.headers,
        "client": ("127.0.0.1", 1),
        "server": ("tenantry.test", 80),
        "state": {},
    }
    running = asyncio.create_task(app(scope, request.receive, request.send))
    try:
        yield request
    finally:
        request.gone.set()
        request.reads.set()
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(running, return_exceptions=True)

"""An HTTPS server that says what a test tells it to: what issuers publish, and what they should not."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

from auth.oidc.issuer import Issuer
from tests.certificates import Certificates
from tests.oidc import jwk, key_set, rsa_pair

SET = key_set(jwk(rsa_pair("main"), "main"))
Writes: TypeAlias = Callable[[asyncio.StreamWriter], Coroutine[Any, Any, None]]


class Site:
    """An answer for each path, told before or while it runs, and the paths that were asked for."""

    def __init__(self, url: str) -> None:
        """`url` is its address, without a slash at its end."""
        self.url = url
        self.answers: dict[str, bytes | Writes] = {}
        self.asked: list[str] = []

    def says(self, path: str, body: bytes | dict[str, Any], status: str = "200 OK", **headers: str) -> None:
        """An answer with a body."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        lines = [f"HTTP/1.1 {status}", f"content-length: {len(raw)}", "connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.answers[path] = "\r\n".join([*lines, "", ""]).encode() + raw

    def publishes(self, issuer: Issuer, /, **more: Any) -> None:
        """The metadata of an issuer that is here, and its keys."""
        path = issuer.metadata_uri.removeprefix(self.url)
        self.says(path, {"issuer": issuer.url, "jwks_uri": f"{self.url}/keys"} | more)
        self.says("/keys", SET)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request, one answer."""
        try:
            request = await reader.readuntil(b"\r\n\r\n")
            self.asked.append(path := request.split()[1].decode())
            answer = self.answers.get(path, b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")
            if isinstance(answer, bytes):
                writer.write(answer)
                await writer.drain()
            else:
                await answer(writer)
        except (OSError, EOFError):
            pass  # the client hung up
        finally:
            writer.close()


@asynccontextmanager
async def running(certificates: Certificates) -> AsyncIterator[Site]:
    """A site until the block ends."""
    site = Site("")
    server = await asyncio.start_server(site.serve, "127.0.0.1", 0, ssl=certificates.for_server())
    site.url = f"https://localhost:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield site

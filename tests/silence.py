"""A way to PostgreSQL that can fall silent, as a network does that drops packets: nothing is refused, nothing comes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from sqlalchemy import make_url


class Line:
    """What lies between a pool and its database; `url` leads through it. Both ways are open while `speaks` is set."""

    def __init__(self, url: str) -> None:
        self._to = make_url(url)
        self.url = url
        self.speaks = asyncio.Event()
        self.speaks.set()
        self._passing: set[asyncio.Task[None]] = set()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Join a caller to the database."""
        there = await self._reach()
        both = [self._pass(reader, there[1]), self._pass(there[0], writer)]
        self._passing |= {asyncio.create_task(each) for each in both}

    async def end(self) -> None:
        """Cut what is joined."""
        for each in self._passing:
            each.cancel()
        await asyncio.gather(*self._passing, return_exceptions=True)

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, port = self._to.query.get("host", self._to.host), self._to.query.get("port", self._to.port)
        assert isinstance(host, str)
        if host.startswith("/"):
            return await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        return await asyncio.open_connection(host, int(str(port)))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while piece := await reader.read(65536):
                await self.speaks.wait()
                writer.write(piece)
        writer.close()


@asynccontextmanager
async def line_to(url: str) -> AsyncIterator[Line]:
    """A line to the database of this URL, until the block ends."""
    line = Line(url)
    server = await asyncio.start_server(line.accept, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    direct = make_url(url)
    through = direct.set(host=host, port=port, query={}).update_query_pairs([("ssl", "disable")])
    line.url = through.render_as_string(hide_password=False)
    try:
        yield line
    finally:
        server.close()
        await line.end()

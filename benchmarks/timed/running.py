"""Servers that run: started with what they need, stopped at the end, and what is known of each."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from math import ceil

import asyncpg
import httpx

from benchmarks.postgres import Urls
from benchmarks.timed.answers import Unequal, answer
from benchmarks.timed.ask import Ask
from benchmarks.timed.cases import Case
from benchmarks.timed.installing import Missing, install
from benchmarks.timed.programs import Failed, Served, serving
from benchmarks.timed.seeded import Seeded
from benchmarks.timed.targets import OURS, Target


@dataclass(frozen=True)
class Bench:
    """What one run stands on: a database that is filled, who may look into it, and whom progress is told."""

    urls: Urls
    peer: str
    seeded: Seeded
    superuser: asyncpg.Connection
    client: httpx.AsyncClient
    tell: Callable[[str], None]


@dataclass(frozen=True)
class First:
    """What a server's first answers to a case showed.

    The size of one in bytes, by how many bytes the server's memory was larger at its peak while it made it, and the
    seconds that one takes alone.
    """

    size: int
    grown: int
    took: float


@dataclass
class Running:
    """A server that runs, the requests that it is sent by the key of the requests, and what it showed by case."""

    target: Target
    served: Served
    asks: dict[str, list[Ask]] = field(default_factory=dict)
    first: dict[str, First] = field(default_factory=dict)

    def seconds(self, case: Case, at_least: int) -> int:
        """How long a load lasts: as told, or until each connection has had five answers or so."""
        return max(at_least, ceil(5 * case.connections * self.first[case.key].took))

    async def answer(self, client: httpx.AsyncClient, ask: Ask) -> bytes:
        """The body of one answer. Raises Unequal, with the server's name."""
        try:
            return await answer(client, self.served.address, ask.numbered(0))
        except Unequal as error:
            raise Unequal(f"{self.target.name}: {error}") from error


@asynccontextmanager
async def started(bench: Bench, targets: Sequence[Target]) -> AsyncIterator[tuple[list[Running], dict[str, str]]]:
    """All that can be had here, running; and why the others cannot. Raises Failed where ours does not start."""
    missing: dict[str, str] = {}
    running = []
    async with AsyncExitStack() as stack:
        for target in targets:
            bench.tell(f"starting {target.name}")
            try:
                await install(target.folder)
                environment = target.environment(bench.urls, bench.peer)
                folder = target.folder if target.key != OURS else None
                served = await stack.enter_async_context(serving(target.program(), environment, folder))
            except (Missing, Failed) as error:
                if target.key == OURS:
                    raise
                missing[target.key] = str(error)
            else:
                running.append(Running(target, served))
        yield running, missing

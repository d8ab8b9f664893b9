"""The probes: alive without the database, ready only with it, and not ready any more while draining."""

import asyncio
import signal
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from starlette.applications import Starlette

from models.database import Database
from models.migrate import migrate
from tenantry.databases import Databases
from tenantry.drain import Drain
from tenantry.health import BUDGET, Health
from tests.postgres import create_database, run_as_superuser
from tests.sql import statements

# Nobody listens there; and there somebody takes connections and says nothing.
REFUSING = "postgresql+asyncpg://tenantry_app@127.0.0.1:1/none"


@asynccontextmanager
async def probing(databases: Databases, drain: Drain) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the probes alone."""
    app = Starlette(routes=Health(databases, drain).routes())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://tenantry.test") as client:
        yield client


@asynccontextmanager
async def on(url: str) -> AsyncIterator[Databases]:
    """A database that may not be there."""
    opened = Databases(Database(url), Database(url), None)
    yield opened
    await opened.close()


async def test_a_good_process_is_alive_and_ready(databases: Databases) -> None:
    """Both say so, and nobody may keep the answer."""
    async with probing(databases, Drain(0)) as client:
        for address in ("/livez", "/readyz"):
            response = await client.get(address)
            assert (response.status_code, response.json()) == (200, {"status": "ok"})
            assert response.headers["cache-control"] == "no-store"


async def test_being_alive_does_not_depend_on_the_database(databases: Databases) -> None:
    """A restart would not mend a database, so nothing is asked of it."""
    async with on(REFUSING) as gone, probing(gone, Drain(0)) as client:
        with statements() as sent:
            assert (await client.get("/livez")).status_code == 200
        assert sent == []


async def test_a_database_that_refuses_makes_a_process_unready() -> None:
    """And no detail is told to whoever asks."""
    async with on(REFUSING) as gone, probing(gone, Drain(0)) as client:
        response = await client.get("/readyz")
        assert (response.status_code, response.json()) == (503, {"status": "unavailable"})


async def test_a_silent_database_makes_a_process_unready_within_its_budget() -> None:
    """An orchestrator gives up on a probe that hangs, and would restart the process."""
    connected: list[asyncio.StreamWriter] = []
    silent = await asyncio.start_server(lambda _reader, writer: connected.append(writer), "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    began = asyncio.get_running_loop().time()
    async with (
        on(f"postgresql+asyncpg://tenantry_app@127.0.0.1:{port}/none") as hung,
        probing(hung, Drain(0)) as client,
    ):
        response = await client.get("/readyz")
        took = asyncio.get_running_loop().time() - began
        silent.close()
        for writer in connected:
            writer.close()
        await client.get("/readyz")  # waits for the same question, which now ends
    assert response.status_code == 503
    assert took < BUDGET + 0.5


async def test_probes_that_come_together_ask_the_database_once(databases: Databases) -> None:
    """A flood of probes does not take the pool from callers."""
    async with probing(databases, Drain(0)) as client:
        with statements() as alone:
            await client.get("/readyz")
        with statements() as together:
            await asyncio.gather(*(client.get("/readyz") for _ in range(20)))
    assert len(together) == len(alone)


async def test_a_database_at_another_revision_makes_a_process_unready(superuser_url: str) -> None:
    """A new version waits until its tables are there."""
    name = f"tenantry_health_{uuid.uuid4().hex[:12]}"
    made = await create_database(superuser_url, name)
    opened = Databases(Database(made.app), Database(made.platform), None)
    async with probing(opened, Drain(0)) as client:
        assert (await client.get("/readyz")).status_code == 503
        await migrate(made.owner)
        assert (await client.get("/readyz")).status_code == 200
    await opened.close()
    await run_as_superuser(superuser_url, f"DROP DATABASE {name} WITH (FORCE)")


async def test_a_draining_process_is_alive_and_not_ready(databases: Databases) -> None:
    """Load balancers look elsewhere while what is under way ends."""
    drain = Drain(60)
    stopped = asyncio.Event()
    async with probing(databases, drain) as client:
        drain.begin(stopped.set)
        response = await client.get("/readyz")
        assert (response.status_code, response.json()) == (503, {"status": "draining"})
        assert (await client.get("/livez")).status_code == 200
        assert not stopped.is_set()
        drain.begin(stopped.set)
    assert stopped.is_set()


async def test_sigterm_begins_draining_and_the_server_is_told_after_the_delay() -> None:
    """The handler of uvicorn runs last, and is in its place again afterwards."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    before = signal.signal(signal.SIGTERM, lambda _signal, _frame: stopped.set())
    ours = signal.getsignal(signal.SIGTERM)
    drain = Drain(0.05)
    try:
        with drain.watching():
            began = loop.time()
            signal.raise_signal(signal.SIGTERM)
            await stopped.wait()
            assert drain.begun
            assert loop.time() - began >= 0.05
        assert signal.getsignal(signal.SIGTERM) is ours
    finally:
        signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize("handler", [signal.SIG_DFL, signal.SIG_IGN])
async def test_without_a_server_there_is_nothing_to_delay(handler: signal.Handlers) -> None:
    """Where SIGTERM has no handler it keeps its meaning."""
    before = signal.signal(signal.SIGTERM, handler)
    try:
        with Drain(0).watching():
            assert signal.getsignal(signal.SIGTERM) is handler
    finally:
        signal.signal(signal.SIGTERM, before)

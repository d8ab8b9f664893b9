"""A database that falls silent in the middle: no caller waits for ever, and no connection is lost for good."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from models import database as models_database
from models.database import Database
from models.pool import Pool, Taken
from tenantry.databases import Databases
from tests.estate import Estate
from tests.postgres import Urls
from tests.silence import Line, line_to
from tests.test_value import DEVICES, PID


@pytest.fixture
async def line(urls: Urls) -> AsyncIterator[Line]:
    """The way to this worker's database."""
    async with line_to(urls.app) as made:
        yield made


async def test_silence_after_an_answer_costs_its_connection_for_seconds(
    line: Line, databases: Databases, acme: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for the end of a read, so nobody gives it up: it has a time of its own."""
    database, end = Database(line.url, pool_size=1), Pool._end

    async def fall_silent(pool: Pool, taken: Taken) -> None:
        line.speaks.clear()
        await end(pool, taken)

    with monkeypatch.context() as patched:
        patched.setattr(models_database, "CONNECT_TIMEOUT", 0.2)
        patched.setattr(database._pool, "_patience", 0.2)
        patched.setattr(Pool, "_end", fall_silent)
        pid = await database.value(acme.tenant.id, PID, [])
        async with asyncio.timeout(10):
            await database.settled()
    assert database.in_use == 0
    line.speaks.set()
    assert await database.value(acme.tenant.id, PID, []) != pid
    assert await database.value(acme.tenant.id, DEVICES, []) == 1
    await database.close()

"""A database that falls silent in the middle: no caller waits for ever, and no connection is lost for good."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from models import database as models_database
from models.database import Database
from tests.estate import Estate
from tests.postgres import Urls
from tests.silence import Line, line_to
from tests.sql import value_of
from tests.test_value import DEVICES, PID


@pytest.fixture
async def line(urls: Urls) -> AsyncIterator[Line]:
    """The way to this worker's database."""
    async with line_to(urls.app) as made:
        yield made


@pytest.mark.parametrize("known", [1, 2, 3], ids=["new", "prepared", "known"])
async def test_silence_in_a_read_costs_its_connection_for_seconds(
    line: Line, acme: Estate, monkeypatch: pytest.MonkeyPatch, known: int
) -> None:
    """Whoever waits gives up at its own deadline; then the connection is given up too, and another one serves."""
    database = Database(line.url, pool_size=1)
    with monkeypatch.context() as patched:
        patched.setattr(models_database, "CONNECT_TIMEOUT", 0.2)
        for _ in range(known):
            pid = await value_of(database, acme.tenant.id, PID, [])
        line.speaks.clear()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await value_of(database, acme.tenant.id, PID, [])
    assert database.in_use == 0
    line.speaks.set()
    assert await value_of(database, acme.tenant.id, PID, []) != pid
    assert await value_of(database, acme.tenant.id, DEVICES, []) == "1"
    await database.close()

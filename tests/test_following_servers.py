"""Following over real servers: a change made at one is told at another, and a server that stops lets its streams go."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import orjson
import pytest

from models.clock import SystemClock
from tenantry.databases import Databases
from tests.changing import EVERYTHING
from tests.estate import Estate
from tests.http import token_of
from tests.postgres import Urls
from tests.serving import Serving, environment, serving, started

pytestmark = pytest.mark.slow
FOLLOW = "subscription { estateChanged { number thingId } }"
CREATE = """mutation ($in: CreateAreaInput!) { createArea(input: $in) { ... on Area { id } } }"""
# Seconds for what must come.
PATIENCE = 10


@asynccontextmanager
async def stream(served: Serving, token: str) -> AsyncIterator[AsyncIterator[str]]:
    """The lines of a subscription that is open."""
    headers = {"authorization": f"Bearer {token}", "accept": "text/event-stream"}
    async with (
        httpx.AsyncClient(timeout=PATIENCE) as client,
        client.stream("POST", f"{served.base}/graphql", headers=headers, json={"query": FOLLOW}) as response,
    ):
        lines = response.aiter_lines()
        assert await anext(lines) == ":"
        yield lines


async def data(lines: AsyncIterator[str]) -> str:
    """The data of the next event."""
    async for line in lines:
        if line.startswith("data:"):
            return line.removeprefix("data:").strip()
    raise AssertionError("the stream ended")


async def create(served: Serving, token: str, estate: Estate) -> str:
    """The id of a new area."""
    given = {"code": "new", "name": "New", "kind": "ROOM", "place": {"locationId": estate.ids["Location"]}}
    body = {"query": CREATE, "variables": {"in": given}}
    async with httpx.AsyncClient(timeout=PATIENCE) as client:
        answer = await client.post(f"{served.base}/graphql", headers={"authorization": f"Bearer {token}"}, json=body)
    made: str = answer.json()["data"]["createArea"]["id"]
    return made


async def test_a_change_at_one_server_is_told_at_another(urls: Urls, databases: Databases, acme: Estate) -> None:
    """At once: NOTIFY wakes every process."""
    token = await token_of(databases, SystemClock(), acme, *EVERYTHING)
    async with serving(urls) as one, serving(urls) as other, stream(other, token) as lines:
        made = await create(one, token, acme)
        async with asyncio.timeout(2):
            told = orjson.loads(await data(lines))
    assert told == {"data": {"estateChanged": {"number": "1", "thingId": made}}}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_server_that_stops_ends_its_streams(
    urls: Urls, databases: Databases, acme: Estate, number: signal.Signals
) -> None:
    """Without `complete`, on which clients connect again; and they do not hold the process."""
    token = await token_of(databases, SystemClock(), acme, *EVERYTHING)
    settings = environment(urls, TENANTRY_LISTEN_PORT="0", TENANTRY_DRAIN_DELAY="0")
    async with started("serve", env=settings) as served, stream(served, token) as lines:
        served.process.send_signal(number)
        async with asyncio.timeout(5):
            assert "event: complete" not in [line async for line in lines]
            await served.process.wait()

"""Documents in Redis: what one process was sent another finds, and nobody waits for a Redis that does not answer."""

import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from auth.scopes import Scope
from integrations.redis_documents import PREFIX, SPENT, RedisDocuments
from models.clock import SystemClock
from schema.graph import Graph
from schema.kept import KeptDocuments
from schema.manifest import Manifest
from schema.operation import OperationRequest
from schema.persisted import PersistedOperations
from schema.safelist import Mode, Safelist
from tenantry.databases import Databases
from tests.ask import Outcome, caller_of
from tests.clock import HeldClock
from tests.estate import Estate
from tests.http import token_of
from tests.persisting import DEVICES, NOT_FOUND, hash_of, named
from tests.postgres import Urls
from tests.redis_server import redis_server
from tests.serving import serving

NOBODY = "redis://127.0.0.1:1/0"
ACME, GLOBEX = uuid.UUID(int=1), uuid.UUID(int=2)
HASH = hash_of(DEVICES)


@pytest.fixture(scope="module")
async def url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """A Redis that answers."""
    async with redis_server(tmp_path_factory.mktemp("redis")) as address:
        yield address


@pytest.fixture
async def redis(url: str) -> AsyncIterator[Redis]:
    """The Redis itself, without documents of other tests."""
    async with Redis.from_url(url) as client:
        names = [name async for name in client.scan_iter("tenantry:document*")]
        if names:
            await client.delete(*names)
        yield client


@pytest.fixture
async def shared(url: str, redis: Redis, clock: HeldClock) -> AsyncIterator[RedisDocuments]:
    """What all processes share."""
    made = RedisDocuments(url, clock)
    yield made
    await made.close()


class Process:
    """A server process of its own, as far as documents go, whom acme asks."""

    def __init__(self, graph: Graph, clock: HeldClock, acme: Estate, shared: RedisDocuments) -> None:
        self.kept = KeptDocuments()
        safelist = Safelist(Manifest(), Mode.OFF, clock)
        self._operations = PersistedOperations(graph, safelist, kept=self.kept, shared=shared)
        self._caller = caller_of(acme.tenant, clock, frozenset({Scope.DEVICES_READ}))

    async def ask(self, hashed: str, document: str = "") -> Any:
        """What it answers: data, or the words of the one error."""
        request = OperationRequest(document, document_id=hashed)
        outcome = Outcome(await self._operations.run(request, self._caller, "r"))
        return outcome.errors[0]["message"] if outcome.errors else outcome.data


@pytest.fixture
def one(graph: Graph, clock: HeldClock, acme: Estate, shared: RedisDocuments) -> Process:
    """A process."""
    return Process(graph, clock, acme, shared)


@pytest.fixture
def other(graph: Graph, clock: HeldClock, acme: Estate, shared: RedisDocuments) -> Process:
    """Another."""
    return Process(graph, clock, acme, shared)


@pytest.mark.parametrize("left", ["{ __typename }", "", "garbage", b"\xff\xfe"])
async def test_what_is_not_of_its_hash_is_not_there(one: Process, redis: Redis, left: str | bytes) -> None:
    """Whoever can write to Redis can at most take documents away."""
    await redis.set(PREFIX + HASH, left)
    assert (await one.ask(HASH), len(one.kept)) == (NOT_FOUND, 0)


async def test_what_does_not_fit_this_processs_schema_is_not_there(one: Process, redis: Redis) -> None:
    """A newer server may have left it: the client sends it, and hears what is wrong."""
    newer = "{ somethingNew }"
    await redis.set(PREFIX + hash_of(newer), newer)
    assert (await one.ask(hash_of(newer)), len(one.kept)) == (NOT_FOUND, 0)
    assert "Cannot query field" in await one.ask(hash_of(newer), newer)


async def test_what_one_process_was_sent_another_finds(one: Process, other: Process, redis: Redis) -> None:
    """And keeps, so that it asks once; in Redis it stays for a day."""
    assert await other.ask(HASH) == NOT_FOUND
    sent = await one.ask(HASH, DEVICES)
    assert await other.ask(HASH) == sent
    assert 86_000 < await redis.ttl(PREFIX + HASH) <= 86_400
    await redis.delete(PREFIX + HASH)
    assert await other.ask(HASH) == sent


async def test_a_tenant_puts_its_share_there_and_no_more(url: str, redis: Redis, clock: HeldClock) -> None:
    """By the day; a neighbour's share is its own."""
    shared = RedisDocuments(url, clock, share=250)
    for tenant_id in (ACME, GLOBEX):
        for number in range(5):
            await shared.keep(f"{tenant_id}-{number}", "x" * 100, tenant_id)
    there = [number for number in range(5) if await shared.find(f"{ACME}-{number}")]
    assert there == [number for number in range(5) if await shared.find(f"{GLOBEX}-{number}")] == [0, 1]
    assert 86_000 < await redis.ttl(f"{SPENT}{ACME}") <= 86_400
    await shared.close()


async def test_without_redis_each_process_keeps_for_itself(graph: Graph, clock: HeldClock, acme: Estate) -> None:
    """One try at most, one line in the log, and answers as ever."""
    shared = RedisDocuments(NOBODY, clock)
    one, other = (Process(graph, clock, acme, shared) for _ in range(2))
    with capture_logs() as lines:
        sent = await one.ask(HASH, DEVICES)
        assert (await one.ask(HASH), await other.ask(HASH)) == (sent, NOT_FOUND)
    assert [line["event"] for line in lines] == ["Redis does not answer: each process keeps documents for itself"]
    await shared.close()


@pytest.mark.slow
async def test_servers_pass_documents_on(
    urls: Urls, url: str, redis: Redis, databases: Databases, acme: Estate
) -> None:
    """Two that are set up with the same Redis."""
    token = await token_of(databases, SystemClock(), acme, Scope.DEVICES_READ)
    headers = {"authorization": f"Bearer {token}"}
    async with (
        serving(urls, TENANTRY_REDIS_URL=url) as one,
        serving(urls, TENANTRY_REDIS_URL=url) as other,
        httpx.AsyncClient(headers=headers) as client,
    ):
        answers = [
            (await client.post(f"{served.base}/graphql", json=request)).json()
            for served, request in ((other, named(HASH)), (one, named(HASH, DEVICES)), (other, named(HASH)))
        ]
    assert answers[0]["errors"][0]["message"] == NOT_FOUND
    assert answers[1] == answers[2] == {"data": {"devices": {"nodes": [{"serial": acme.device.serial}]}}}

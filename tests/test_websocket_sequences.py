"""Whatever a client sends in whatever order: a proper answer or a documented close code, and nothing is left."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs
from websockets.exceptions import ConnectionClosed

from auth.scopes import Scope
from models.clock import Clock
from tenantry.databases import Databases
from tenantry.websocket.closing import MOST_BYTES, CloseCode
from tests.estate import Estate
from tests.http import token_of
from tests.sockets import PATIENCE, Client, Scripted, client_at, door_of, serving_here

IDS = st.sampled_from(["1", "2", "3"])
QUERIES = st.sampled_from(["now", "refused", "broken", "wait", "stream", "slow", "endless"])
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def message(kind: str, **members: st.SearchStrategy[Any]) -> st.SearchStrategy[str]:
    """A message of this type."""
    return st.fixed_dictionaries({"type": st.just(kind), **members}).map(json.dumps)


INIT = message("connection_init")
SUBSCRIBE = message("subscribe", id=IDS, payload=st.fixed_dictionaries({"query": QUERIES}))
GOOD = st.one_of(SUBSCRIBE, SUBSCRIBE, message("complete", id=IDS), message("ping"), message("pong"))
STRANGE = st.one_of(
    INIT,
    message("connection_init", payload=st.dictionaries(st.sampled_from(["authorization", "X-Tenant-ID"]), ANYTHING)),
    message("subscribe", id=ANYTHING, payload=ANYTHING),
    message("subscribe", id=IDS, payload=st.fixed_dictionaries({"query": QUERIES, "variables": ANYTHING})),
    message("ping", payload=ANYTHING),
    st.dictionaries(st.sampled_from(["type", "id", "payload"]), ANYTHING).map(json.dumps),
    st.text(),
    st.binary(max_size=20),
    st.integers(1, 5000).map(lambda depth: "[" * depth + "]" * depth),
    st.sampled_from(['{"type":"\\ud800"}', '{"type":"ping","payload":{"n":1' + "0" * 400 + "}}"]),
)
SEQUENCES = st.tuples(
    st.booleans(), st.lists(GOOD | GOOD | GOOD | STRANGE, max_size=12), st.sampled_from(["close", "abort"])
)
DOCUMENTED = {int(code) for code in CloseCode}


@pytest.fixture
async def at(databases: Databases, clock: Clock) -> AsyncIterator[str]:
    """The door alone, before a graph that does as the query says, where two operations may run at once."""
    async with serving_here(door_of(databases, clock, Scripted(), operations=2)) as address:
        yield address


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(sequences=st.lists(SEQUENCES, min_size=1, max_size=3))
async def test_no_sequence_of_messages_breaks_a_connection(
    *, at: str, databases: Databases, clock: Clock, acme: Estate, sequences: list[Any]
) -> None:
    """Several clients beside each other, each with its own sequence and its own way to leave."""
    token = await token_of(databases, clock, acme, Scope.DEVICES_READ)
    before = asyncio.all_tasks()
    with capture_logs():
        await asyncio.gather(*(converse(at, token, *sequence) for sequence in sequences))
        async with asyncio.timeout(PATIENCE):
            while others := asyncio.all_tasks() - before:
                await asyncio.wait(others)


async def converse(at: str, token: str, begins: bool, sent: list[str | bytes], leaves: str) -> None:  # noqa: FBT001
    """Send it all, listen to what comes, and leave."""
    async with client_at(at, token) as client:
        if begins:
            await client.init()
        listening = asyncio.create_task(listen(client))
        try:
            for each in sent:
                await client.connection.send(each)
            await client.connection.send('{"type":"ping","payload":{"last":true}}')
        except ConnectionClosed:
            pass
        closed = await listening
        if closed is not None:
            code, reason = closed
            assert code in DOCUMENTED - {CloseCode.INTERNAL, CloseCode.UNANSWERED, CloseCode.RESTART}
            assert len(reason.encode()) <= MOST_BYTES
        elif leaves == "abort":
            client.connection.transport.abort()


async def listen(client: Client) -> tuple[int, str] | None:
    """Up to the answer to the last ping, each message a proper one; or how the server closed."""
    try:
        while True:
            heard = await client.hear()
            match heard["type"]:
                case "pong" if heard.get("payload") == {"last": True}:
                    return None
                case "next":
                    assert heard["payload"]["data"]
                case "error":
                    assert all(error["extensions"]["code"] and error["message"] for error in heard["payload"])
                case other:
                    assert other in {"pong", "complete", "connection_ack"}
    except ConnectionClosed as end:
        return (end.rcvd.code, end.rcvd.reason) if end.rcvd else (1006, "")

"""How a WebSocket ends: each close code, with a reason that says what was wrong."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.types import ASGIApp
from structlog.testing import capture_logs
from websockets.asyncio.client import connect

from auth.scopes import Scope
from models.clock import Clock
from models.database import Database
from schema.graph import Graph
from tenantry.app import create_app
from tenantry.databases import Databases
from tenantry.server import bind
from tenantry.websocket.closing import MOST_BYTES, CloseCode, Closing
from tenantry.websocket.endpoint import WebSocketEndpoint
from tenantry.websocket.socket import Socket
from tests.estate import Estate
from tests.http import SETTINGS, token_of
from tests.sockets import TRANSPORT, Client, Scripted, client_at, door_of, serving_here

DOCS = Path(__file__).parent.parent / "docs"


@pytest.fixture
def scripted() -> Scripted:
    """A graph that does as the query says."""
    return Scripted()


@pytest.fixture
async def token(databases: Databases, clock: Clock, acme: Estate) -> str:
    """A token of acme's."""
    scopes = (Scope.LOCATIONS_READ, Scope.DEVICES_READ, Scope.AREAS_READ, Scope.AREAS_WRITE)
    return await token_of(databases, clock, acme, *scopes)


@pytest.fixture
def door(databases: Databases, clock: Clock, scripted: Scripted) -> ASGIApp:
    """The door alone, before the scripted graph."""
    return door_of(databases, clock, scripted)


@pytest.fixture
async def at(door: ASGIApp) -> AsyncIterator[str]:
    """Where it is served."""
    async with serving_here(door) as address:
        yield address


@pytest.fixture
async def client(at: str, token: str) -> AsyncIterator[Client]:
    """An acknowledged connection to the scripted graph."""
    async with client_at(at, token) as connected:
        yield await connected.init()


@pytest.mark.parametrize("offered", [(), ("graphql-ws",), ("mqtt", "graphql-ws")])
async def test_another_subprotocol_is_not_spoken(at: str, offered: tuple[str, ...]) -> None:
    """None, and the legacy one, are closed as the reference server does; the first is named, or none would hear why."""
    async with connect(f"ws://{at}", subprotocols=list(offered) or None, proxy=None) as connection:  # type: ignore[arg-type]
        assert connection.subprotocol == next(iter(offered), None)
        assert await Client(connection).closed() == (4406, "Subprotocol not acceptable")


async def test_ours_is_chosen_among_several(at: str, token: str) -> None:
    """Whatever else a client speaks."""
    async with client_at(at, token, subprotocols=("graphql-ws", TRANSPORT)) as client:
        await client.init()
        assert client.connection.subprotocol == TRANSPORT


async def test_a_connection_that_is_not_initialised_is_closed(databases: Databases, clock: Clock) -> None:
    """However often it pings."""
    async with (
        serving_here(door_of(databases, clock, Scripted(), init=0.1)) as at,
        client_at(at) as client,
    ):
        await client.say("ping")
        assert await client.closed() == (4408, "Connection initialisation timeout")


async def test_the_time_to_initialise_ends_with_the_first_message(
    databases: Databases, clock: Clock, token: str
) -> None:
    """A connection that is acknowledged stays."""
    async with (
        serving_here(door_of(databases, clock, Scripted(), init=0.3)) as at,
        client_at(at, token) as client,
    ):
        await client.init()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.closed(), 0.5)
        await client.say("ping")
        assert await client.hear() == {"type": "pong"}


async def test_a_second_initialisation_is_closed(client: Client) -> None:
    """One connection has one caller."""
    await client.say("connection_init")
    assert await client.closed() == (4429, "Too many initialisation requests")


async def test_subscribing_before_the_acknowledgement_is_closed(at: str, token: str) -> None:
    """A good token in the handshake does not replace it."""
    async with client_at(at, token) as client:
        await client.subscribe("1", "now")
        assert (await client.closed())[0] == 4401


async def test_an_id_in_use_is_closed(client: Client) -> None:
    """The reason names it."""
    await client.subscribe("1", "wait")
    await client.subscribe("1", "now")
    assert await client.closed() == (4409, "Subscriber for 1 already exists")


MALFORMED = {
    "": "not JSON",
    "{": "not JSON",
    "[]": "not a JSON object",
    "null": "not a JSON object",
    "{}": "no `type`",
    '{"type": 1}': "no `type`",
    '{"type": "start"}': "no message of type 'start'",
    '{"type": "connection_ack"}': "no message of type 'connection_ack'",
    '{"type": "next", "id": "1", "payload": {}}': "no message of type 'next'",
    '{"type": "connection_init", "payload": []}': "`payload` of `connection_init`",
    '{"type": "connection_init", "payload": "a"}': "`payload` of `connection_init`",
    '{"type": "ping", "payload": 1}': "`payload` of `ping`",
    '{"type": "pong", "payload": 1}': "`payload` of `pong`",
    '{"type": "ping", "payload": {"a":' + "[" * 500 + "]" * 500 + "}}": "nests too deep",
    '{"type": "complete"}': "`id` of `complete`",
    '{"type": "complete", "id": 1}': "`id` of `complete`",
    '{"type": "subscribe", "payload": {"query": "now"}}': "`id` of `subscribe`",
    '{"type": "subscribe", "id": "", "payload": {"query": "now"}}': "`id` of `subscribe`",
    '{"type": "subscribe", "id": "' + "x" * 129 + '", "payload": {"query": "now"}}': "1 to 128 characters",
    '{"type": "subscribe", "id": "1"}': "no `payload`",
    '{"type": "subscribe", "id": "1", "payload": {}}': "no `query`",
    '{"type": "subscribe", "id": "1", "payload": {"query": 1}}': "`query` is not a string",
    '{"type": "subscribe", "id": "1", "payload": {"query": "now", "variables": []}}': "`variables` is neither",
    '{"type": "subscribe", "id": "1", "payload": {"query": "now", "operationName": 1}}': "`operationName` is neither",
    '{"type": "subscribe", "id": "1", "payload": {"query": "now", "extensions": 1}}': "`extensions` is neither",
    "[" * 5000 + "]" * 5000: "not JSON",
    '{"type": "\\ud800"}': "not JSON",
    '{"type": "ping", "payload": {"n": 1' + "0" * 400 + "}}": "not JSON",
    '{"type": "ping", "payload": {"n": NaN}}': "not JSON",
    '{"type": "\U0001f600' + "\U0001f600" * 60 + '"}': "no message of type",
}


@pytest.mark.parametrize("sent", MALFORMED, ids=lambda sent: sent[:70])
async def test_a_malformed_message_is_closed(client: Client, sent: str) -> None:
    """The reason says what is wrong, as far as a close frame holds it."""
    await client.connection.send(sent)
    code, reason = await client.closed()
    assert code == 4400
    assert MALFORMED[sent] in reason
    assert len(reason.encode()) <= MOST_BYTES


async def test_a_binary_message_is_closed(client: Client) -> None:
    """JSON in it or not."""
    await client.connection.send(b'{"type":"ping"}')
    assert await client.closed() == (4400, "The frame is binary: send JSON as text.")


async def test_text_that_is_not_utf_8_is_closed(client: Client) -> None:
    """As WebSocket has it, before it comes to us."""
    await client.connection.send(b"\xed\xa0\x80", text=True)
    assert (await client.closed())[0] == CloseCode.INVALID_TEXT


@pytest.mark.parametrize("size", [65_537, 2 * 1024 * 1024])
async def test_a_message_over_64_kib_is_closed(client: Client, size: int) -> None:
    """Before it is read."""
    start = '{"type":"ping","payload":{"a":"'
    await client.connection.send(start + "x" * (size - len(start) - 3) + '"}}')
    assert (await client.closed())[0] == CloseCode.TOO_BIG


async def test_a_message_of_64_kib_is_read(client: Client) -> None:
    """The bound itself is within it."""
    start = '{"type":"ping","payload":{"a":"'
    await client.connection.send(start + "x" * (65_536 - len(start) - 3) + '"}}')
    assert (await client.hear())["type"] == "pong"


async def test_messages_are_not_compressed(at: str) -> None:
    """Whatever a client offers."""
    async with connect(f"ws://{at}", compression="deflate", proxy=None) as connection:
        assert connection.response is not None
        assert "sec-websocket-extensions" not in connection.response.headers


async def test_a_reader_that_takes_nothing_is_dropped(
    databases: Databases, clock: Clock, token: str, scripted: Scripted
) -> None:
    """Its work ends, and so does its connection: a close frame would not be read either."""
    async with serving_here(door_of(databases, clock, scripted, patience=0.2)) as at, client_at(at, token) as client:
        await client.init()
        client.connection.transport.pause_reading()
        await client.subscribe("1", "flood")
        async with asyncio.timeout(5):
            await scripted.stopped.wait()
        client.connection.transport.resume_reading()
        assert await client.closed() == (1006, "")


async def test_a_close_frame_that_is_not_taken_is_not_waited_for() -> None:
    """After a second the connection ends without one, so that a right that is gone ends a stuck reader's work too."""

    async def never(*_: object) -> Any:
        await asyncio.Event().wait()

    connection = Socket(never, never, patience=10)
    sending = asyncio.create_task(connection.send("something"))
    async with asyncio.timeout(2):
        await connection.close(Closing(CloseCode.FORBIDDEN))
    assert connection.code == 1006
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)


async def test_a_connection_that_breaks_is_told_an_error_id(
    databases: Databases, clock: Clock, token: str, scripted: Scripted
) -> None:
    """4500; the id finds the fault in the logs."""
    broken = SimpleNamespace(standing=lambda *_: SimpleNamespace(caller=broken_caller))
    door = WebSocketEndpoint(scripted, broken, clock)  # type: ignore[arg-type]
    with capture_logs() as lines:
        async with serving_here(door) as at, client_at(at, token) as client:
            await client.say("connection_init")
            code, reason = await client.closed()
    assert code == 4500
    assert "secret" not in reason
    assert reason.split()[-1].rstrip(".") in [line.get("error_id") for line in lines]


async def broken_caller() -> None:
    """Fail as nobody expects."""
    raise RuntimeError("a secret of ours")


async def test_without_its_database_a_connection_is_told_to_come_back(
    clock: Clock, token: str, scripted: Scripted
) -> None:
    """1013, on which clients try again."""
    nowhere = Database("postgresql+asyncpg://nobody@127.0.0.1:1/nothing")
    away = Databases(app=nowhere, platform=nowhere, owner_url=None)
    async with serving_here(door_of(away, clock, scripted)) as at, client_at(at, token) as client:
        await client.say("connection_init")
        assert await client.closed() == (1013, "The database does not answer; try again.")
    await nowhere.close()


async def test_a_tenants_connections_are_bounded(
    databases: Databases, clock: Clock, graph: Graph, token: str, globex: Estate
) -> None:
    """One more is told to come back later; another tenant's are none of its matter; a place that is left is free."""
    settings = replace(SETTINGS, max_connections=2)
    others = await token_of(databases, clock, globex, Scope.DEVICES_READ)
    async with serving_here(create_app(settings, databases, graph, clock)) as at:
        async with client_at(at, token) as first, client_at(at, token) as second, client_at(at, token) as third:
            await first.init()
            await second.init()
            await third.say("connection_init")
            code, reason = await third.closed()
            assert (code, reason) == (1013, "The tenant has 2 connections here already; try again later.")
            async with client_at(at, others) as neighbour:
                await neighbour.init()
        async with client_at(at, token) as fourth:
            await fourth.init()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such option")
def test_what_nobody_takes_does_not_stay_for_ever() -> None:
    """The system gives up a connection that takes nothing; the sockets that this one accepts inherit it."""
    with bind("127.0.0.1", 0) as bound:
        assert bound.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 30_000


def test_each_close_code_is_in_the_docs() -> None:
    """Clients' authors find every code explained as the code itself says it, and no other."""
    rows = [
        line.split("|") for line in (DOCS / "errors.md").read_text().splitlines() if line.startswith(("| 1", "| 4"))
    ]
    assert [(int(row[1]), row[2].strip()) for row in rows] == [(code.value, code.meaning) for code in CloseCode]

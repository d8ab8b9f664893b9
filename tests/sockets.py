"""GraphQL over a real WebSocket: uvicorn in the test's own loop, a raw client, and a graph that does as it is told."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Self

import orjson
from starlette.types import ASGIApp
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin, Subprotocol

from auth.authentication import Authenticator
from auth.codes import Code, Refusal
from auth.counters import InProcessCounters
from auth.principal import Caller
from auth.standing import Callers, Stands
from auth.tenancy import TenantSelector
from auth.throttle import Throttle
from models.clock import Clock
from models.lasting import Guard
from schema.answers import refused
from schema.operation import Answer, OperationRequest
from schema.streaming import Stream
from tenantry.databases import Databases
from tenantry.endpoint import Runs
from tenantry.server import Announcing, bind, configured
from tenantry.websocket.connection import Bounds
from tenantry.websocket.endpoint import WebSocketEndpoint
from tests.http import SETTINGS

# Seconds that a test waits for what must come.
PATIENCE = 10
TRANSPORT = "graphql-transport-ws"
Message = dict[str, Any]


class Server(Announcing):
    """uvicorn, which leaves the signals to the tests."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


@asynccontextmanager
async def serving_here(app: ASGIApp) -> AsyncIterator[str]:
    """A server in this loop, set up as ours are; yields `127.0.0.1:PORT`."""
    async with server_of(app) as (_, at):
        yield at


@asynccontextmanager
async def server_of(app: ASGIApp) -> AsyncIterator[tuple[Server, str]]:
    """The same, with the server itself; it is stopped when the block ends."""
    started = asyncio.Event()
    bound = bind("127.0.0.1", 0)
    server = Server(configured(SETTINGS, app, lifespan="off"), started.set)
    running = asyncio.create_task(server.serve(sockets=[bound]))
    await started.wait()
    try:
        yield server, f"127.0.0.1:{bound.getsockname()[1]}"
    finally:
        server.should_exit = True
        await running


def door_of(databases: Databases, clock: Clock, graph: Runs, **bounds: Any) -> ASGIApp:
    """The door alone, before this graph, with other bounds than usual."""
    throttle = Throttle(InProcessCounters(clock))
    callers = Callers(Authenticator(databases.platform, clock), TenantSelector(databases.app, clock), throttle, clock)
    return WebSocketEndpoint(graph, callers, clock, bounds=Bounds(**bounds))


class Client:
    """One connection, raw."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def say(self, kind: str, **members: Any) -> None:
        """Send a message."""
        await self.connection.send(orjson.dumps({"type": kind, **members}).decode())

    async def subscribe(self, operation: str, query: str, **variables: Any) -> None:
        """Begin an operation."""
        await self.say("subscribe", id=operation, payload={"query": query, "variables": variables})

    async def hear(self) -> Message:
        """The next message."""
        async with asyncio.timeout(PATIENCE):
            message: Message = orjson.loads(await self.connection.recv())
        return message

    async def hear_next(self, operation: str = "1") -> Any:
        """The next result of that operation."""
        message = await self.hear()
        assert (message["type"], message["id"]) == ("next", operation), message
        return message["payload"]

    async def hear_code(self, operation: str = "1") -> str:
        """The code of the one error with which that operation ends."""
        message = await self.hear()
        assert (message["type"], message["id"]) == ("error", operation), message
        (error,) = message["payload"]
        code: str = error["extensions"]["code"]
        return code

    async def init(self, **payload: Any) -> Self:
        """Be acknowledged."""
        await self.say("connection_init", payload=payload)
        assert await self.hear() == {"type": "connection_ack"}
        return self

    async def closed(self) -> tuple[int, str]:
        """With which code and reason the server closes; what it says before that is passed over."""
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    await self.connection.recv()
        except ConnectionClosed as end:
            return (end.rcvd.code, end.rcvd.reason) if end.rcvd else (1006, "")


@asynccontextmanager
async def client_at(
    at: str,
    token: str | None = None,
    *,
    headers: Mapping[str, str] | None = None,
    origin: str | None = None,
    subprotocols: tuple[str, ...] = (TRANSPORT,),
) -> AsyncIterator[Client]:
    """A connection with a token in its handshake, if there is one."""
    sent = dict(headers or {}) | ({"authorization": f"Bearer {token}"} if token else {})
    async with connect(
        f"ws://{at}/graphql",
        subprotocols=[Subprotocol(each) for each in subprotocols] or None,
        additional_headers=sent,
        origin=Origin(origin) if origin else None,
        proxy=None,
        close_timeout=1,
    ) as connection:
        yield Client(connection)


class Scripted:
    """A graph that does what the query says; `stubborn` waits, and stops only when it is let go."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.stopped = asyncio.Event()
        self.let_go = asyncio.Event()
        self.request_ids: list[str] = []

    async def run(self, request: OperationRequest, caller: Caller, request_id: str, *_guards: Guard) -> Answer:
        """Nobody posts here."""
        raise AssertionError

    async def open(self, request: OperationRequest, standing: Stands, request_id: str) -> Answer | Stream:
        """As it says."""
        self.request_ids.append(request_id)
        self.asked.set()
        await standing.caller()
        match request.query:
            case "refused":
                return refused(Refusal(Code.GRAPHQL_PARSE_FAILED, "That is not GraphQL."))
            case "broken":
                raise RuntimeError("a secret of ours")
            case "wait" | "stubborn" as how:
                return await self._never(how)
            case "stream" | "slow" | "endless" | "flood" as how:
                return Stream(self._events(how), standing, _shown)
        return Answer(200, b'{"data":{"now":true}}')

    async def _never(self, how: str) -> Answer:
        try:
            await asyncio.Event().wait()
        finally:
            if how == "stubborn":
                await self.let_go.wait()
            self.stopped.set()
        raise AssertionError

    async def _events(self, how: str) -> AsyncGenerator[Any]:
        try:
            yield b"1"
            if how == "slow":
                raise Refusal(Code.SLOW_READER, "Too slow.")
            while how == "flood":
                yield b'"' + b"x" * 60_000 + b'"'
            if how == "endless":
                await asyncio.Event().wait()
            yield b"2"
        finally:
            self.stopped.set()


async def _shown(event: Any, caller: Caller) -> Answer:
    return Answer(200, b'{"data":' + event + b"}")

"""Following a feed in tests: a caller who stays, and a stream that is read event by event."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import insert

from auth.codes import Refusal
from auth.principal import Caller
from auth.standing import Asked, nothing
from models import Event
from models.clock import Clock
from resolvers.writing.feed import take_numbers, wake_readers
from schema.graph import Graph
from schema.operation import Answer, OperationRequest
from schema.streaming import Stream
from tenantry.databases import Databases
from tests.estate import Estate

EVENTS = """subscription ($types: [EstateType!], $locationId: ID, $areaId: ID, $sinceEvent: ID) {
  estateChanged(types: $types, locationId: $locationId, areaId: $areaId, sinceEvent: $sinceEvent) {
    number kind type thingId version changed locationId areaId at actor { kind name } thing { __typename id }
  }
}"""
# Seconds that a test waits for what must come.
PATIENCE = 10
Node = dict[str, Any]


@dataclass
class HeldStanding:
    """Implements `auth.standing.Stands`: the right is what the test says that it is."""

    held: Caller
    refusal: Refusal | None = None
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def caller(self) -> Caller:
        """The caller, unless the right was taken away."""
        if self.refusal is not None:
            raise self.refusal
        return self.held

    async def until_gone(self, asked: Asked = nothing) -> None:
        """Wait until it is."""
        await self.ended.wait()
        asked(await self.caller())

    def take_away(self, refusal: Refusal) -> None:
        """Let the right be gone."""
        self.refusal = refusal
        self.ended.set()


@dataclass
class Reader:
    """Reads a stream of `estateChanged`."""

    stream: Stream

    async def response(self) -> Node:
        """The next response, whole."""
        async with asyncio.timeout(PATIENCE):
            read: Node = orjson.loads(await anext(self.stream))
        return read

    async def event(self) -> Node:
        """The next event."""
        read = await self.response()
        assert "errors" not in read, read
        event: Node = read["data"]["estateChanged"]
        return event

    async def events(self, count: int) -> list[Node]:
        """The next events."""
        return [await self.event() for _ in range(count)]


async def opened(graph: Graph, standing: HeldStanding, query: str = EVENTS, **variables: Any) -> Answer | Stream:
    """What a subscription begins with."""
    return await graph.open(OperationRequest(query, variables), standing, "a-subscription")


@asynccontextmanager
async def following(
    graph: Graph, standing: HeldStanding, query: str = EVENTS, **variables: Any
) -> AsyncIterator[Reader]:
    """A subscription that begins, until the block ends."""
    stream = await opened(graph, standing, query, **variables)
    assert isinstance(stream, Stream), stream
    try:
        yield Reader(stream)
    finally:
        await stream.aclose()


async def write_events(databases: Databases, estate: Estate, clock: Clock, count: int = 1) -> None:
    """Events of something that happened to the estate's device, all in one transaction, and a wake-up by NOTIFY."""
    async with databases.app.write(estate.tenant.id) as connection:
        first = await take_numbers(connection, estate.tenant.id, count)
        common = {
            "tenant_id": estate.tenant.id, "kind": "UPDATED", "entity": "Device", "entity_id": estate.device.id,
            "entity_version": 1, "changed": [], "actor_kind": "SERVICE", "actor_name": "a test",
            "token_id": uuid.UUID(int=1), "at": clock.now(),
        }  # fmt: skip
        await connection.execute(insert(Event), [{**common, "number": first + at} for at in range(count)])
        wake_readers(connection, estate.tenant.id)

"""A caller that hangs up, and a server that stops: the work for a request ends with it."""

import asyncio
from typing import Any

import pytest

from auth.authentication import Authenticator
from auth.counters import InProcessCounters
from auth.principal import Caller
from auth.scopes import Scope
from auth.standing import Callers
from auth.tenancy import TenantSelector
from auth.throttle import Throttle
from models.clock import Clock
from models.lasting import Guard, lasting
from schema.operation import Answer, OperationRequest
from tenantry.databases import Databases
from tenantry.endpoint import GraphQLEndpoint
from tests.estate import Estate
from tests.http import token_of


@pytest.fixture
async def token(databases: Databases, clock: Clock, acme: Estate) -> str:
    """A token of acme's."""
    return await token_of(databases, clock, acme, Scope.DEVICES_READ)


class Endless:
    """A graph whose answer never comes; it tells when it is asked and when it is stopped."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.stopped = asyncio.Event()

    async def run(self, request: OperationRequest, caller: Caller, request_id: str, *guards: Guard) -> Answer:
        """Wait for ever, or until a guard raises."""
        return await lasting(self._wait(), *guards)

    async def _wait(self) -> Answer:
        self.asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.stopped.set()
        raise AssertionError

    async def open(self, *_: Any) -> Answer:
        """Nobody subscribes here."""
        raise AssertionError


@pytest.fixture
def endless() -> Endless:
    """A slow operation."""
    return Endless()


@pytest.fixture
def hanging(databases: Databases, clock: Clock, endless: Endless) -> GraphQLEndpoint:
    """An endpoint that is never done."""
    throttle = Throttle(InProcessCounters(clock))
    callers = Callers(Authenticator(databases.platform, clock), TenantSelector(databases.app, clock), throttle, clock)
    return GraphQLEndpoint(endless, callers, asyncio.Event(), 10_000)


def scope_of(token: str) -> dict[str, Any]:
    """A GET as a server hands it on."""
    return {
        "type": "http",
        "method": "GET",
        "path": "/graphql",
        "query_string": b"query=%7B__typename%7D",
        "headers": [(b"authorization", f"Bearer {token}".encode())],
        "request_id": "a-request",
    }


async def test_work_stops_when_the_caller_hangs_up(hanging: GraphQLEndpoint, endless: Endless, token: str) -> None:
    """Nobody waits for the answer, so nothing is sent and the database is let go."""
    gone = asyncio.Event()
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    answering = asyncio.create_task(hanging(scope_of(token), receive, send))
    await endless.asked.wait()
    gone.set()
    await answering
    assert endless.stopped.is_set()
    assert sent == []


async def test_work_stops_when_the_server_does(hanging: GraphQLEndpoint, endless: Endless, token: str) -> None:
    """A cancelled request is cancelled all the way down, and stays cancelled."""

    async def receive() -> dict[str, Any]:
        return await asyncio.Future()

    async def send(message: Any) -> None:
        raise AssertionError

    answering = asyncio.create_task(hanging(scope_of(token), receive, send))
    await endless.asked.wait()
    answering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await answering
    assert endless.stopped.is_set()

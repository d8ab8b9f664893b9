"""Our own door `/graphql`, asked in process: no socket, everything behind it."""

import asyncio
from typing import Any

from auth.authentication import Authenticator
from auth.counters import InProcessCounters
from auth.credentials import Address, Headers
from auth.principal import Caller
from auth.standing import Callers
from auth.tenancy import TenantSelector
from auth.throttle import Throttle
from auth.usage import Usage
from benchmarks.timed.answers import Unequal
from benchmarks.timed.ask import Ask
from models.clock import Clock
from schema.graph import Graph
from tenantry.databases import Databases
from tenantry.endpoint import GraphQLEndpoint
from tenantry.settings import Settings


class Preset(Callers):
    """Knows who calls without asking."""

    def __init__(self, held: Caller) -> None:
        self._held = held

    async def caller(self, headers: Headers, address: Address | None, **asked: Any) -> Caller:  # noqa: ARG002
        """The one that it was told."""
        return self._held


def known_callers(databases: Databases, clock: Clock) -> Callers:
    """Callers as the application knows them, by their tokens."""
    throttle = Throttle(InProcessCounters(clock), Settings.auth_failures)
    selector = TenantSelector(databases.app, clock)
    return Callers(Authenticator(databases.platform, clock), selector, throttle, clock, Usage(databases.app, clock))


class Door:
    """The endpoint with these callers."""

    def __init__(self, graph: Graph, callers: Callers) -> None:
        self._endpoint = GraphQLEndpoint(graph, callers, asyncio.Event(), Settings.max_body_bytes)

    async def answer(self, ask: Ask) -> bytes:
        """The body of the answer. Raises Unequal where it tells of an error."""
        headers = [(name.lower().encode(), value.encode()) for name, value in ask.headers().items()]
        scope = {
            "type": "http", "method": ask.method, "path": ask.path, "query_string": b"", "headers": headers,
            "client": ("127.0.0.1", 1), "request_id": "a-request",
        }  # fmt: skip
        said: list[dict[str, Any]] = []
        arriving = iter([{"type": "http.request", "body": ask.body, "more_body": False}])

        async def receive() -> Any:
            message = next(arriving, None)
            return message if message is not None else await asyncio.Event().wait()

        async def send(message: Any) -> None:
            said.append(message)

        await self._endpoint(scope, receive, send)
        body: bytes = said[-1]["body"]
        if said[0]["status"] != 200 or b'"errors"' in body:
            raise Unequal(f"{said[0]['status']}: {body[:500].decode()}")
        return body

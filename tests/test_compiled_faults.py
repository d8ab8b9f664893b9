"""What goes wrong beneath a compiled statement: a clear error or a second try, and all is well after it."""

import asyncio
from typing import Any

from graphql import GraphQLSchema

from auth.authentication import Authenticator
from auth.counters import InProcessCounters
from auth.limits import Limits
from auth.scopes import Scope
from auth.standing import Callers
from auth.tenancy import TenantSelector
from auth.throttle import Throttle
from models.database import Database
from schema.graph import Graph
from schema.operation import OperationRequest
from tenantry.databases import Databases
from tenantry.endpoint import GraphQLEndpoint
from tests.ask import Outcome, caller_of
from tests.clock import HeldClock
from tests.estate import Estate
from tests.http import token_of
from tests.interrupt import until
from tests.postgres import Urls
from tests.sql import statements, value_of
from tests.test_database import kill
from tests.test_interleaving import is_waiting, locked
from tests.test_value import WAITING

READ = frozenset(scope for scope in Scope if scope.endswith(".read"))
COUNT = OperationRequest("{ devices { totalCount } }")


async def test_a_connection_cut_in_a_statement_is_told_as_an_outage(
    graph: Graph, databases: Databases, urls: Urls, clock: HeldClock, acme: Estate
) -> None:
    """503 with Retry-After, and whoever does try again is answered."""
    caller = caller_of(acme.tenant, clock, READ)
    async with locked(urls, "device"):
        asking = asyncio.create_task(graph.run(COUNT, caller, "r"))
        await until(lambda: is_waiting(databases.app, how_many=1))
        await kill(databases.app, await value_of(databases.app, acme.tenant.id, WAITING, []))
        cut = Outcome(await asking)
    assert (cut.status, cut.codes, cut.answer.headers) == (503, ["UNAVAILABLE"], (("Retry-After", "1"),))
    again = Outcome(await graph.run(COUNT, caller, "r"))
    assert again.data == {"devices": {"totalCount": 1}}


async def test_a_connection_cut_at_rest_is_not_noticed(
    built: GraphQLSchema, databases: Databases, urls: Urls, clock: HeldClock, acme: Estate
) -> None:
    """Nothing had been begun on it: the statement runs on another one."""
    database = Database(urls.app, pool_size=1)
    graph, caller = Graph(built, database, clock, Limits()), caller_of(acme.tenant, clock, READ)
    try:
        before = await graph.run(COUNT, caller, "r")
        pid = await value_of(database, acme.tenant.id, "SELECT pg_backend_pid()::text", [])
        await kill(databases.app, pid)
        with statements() as sent:
            assert await graph.run(COUNT, caller, "r") == before
        assert len(sent) == 1
    finally:
        await database.close()


async def test_a_client_that_disconnects_stops_its_statement(
    built: GraphQLSchema, databases: Databases, urls: Urls, clock: HeldClock, acme: Estate
) -> None:
    """In PostgreSQL too, which waits for a lock that somebody still holds; nothing is sent, and no connection kept."""
    database = Database(urls.app, pool_size=1)
    throttle = Throttle(InProcessCounters(clock))
    callers = Callers(Authenticator(databases.platform, clock), TenantSelector(databases.app, clock), throttle, clock)
    endpoint = GraphQLEndpoint(Graph(built, database, clock, Limits()), callers, asyncio.Event(), 10_000)
    token = await token_of(databases, clock, acme, Scope.DEVICES_READ)
    gone, sent = asyncio.Event(), list[Any]()

    async def receive() -> dict[str, Any]:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/graphql",
        "query_string": b"query=%7Bdevices%7BtotalCount%7D%7D",
        "headers": [(b"authorization", f"Bearer {token}".encode())],
        "request_id": "a-request",
    }
    try:
        async with locked(urls, "device"):
            answering = asyncio.create_task(endpoint(scope, receive, send))
            await until(lambda: is_waiting(databases.app, how_many=1))
            gone.set()
            await answering
            await until(lambda: is_waiting(databases.app, how_many=0))
        assert (sent, answering.cancelling(), database.in_use) == ([], 0, 0)
        answering = asyncio.create_task(endpoint(scope, receive, send))
        await answering
        assert sent[-1]["body"] == b'{"data":{"devices":{"totalCount":1}}}'
    finally:
        await database.close()

"""Around every request: ids, log lines, the bound on how many run at once, and faults that tell nothing."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from auth.principal import Caller
from auth.scopes import Scope
from models.clock import Clock
from models.database import Database
from models.lasting import Guard
from schema.graph import Graph
from schema.operation import Answer, OperationRequest
from tenantry.databases import Databases
from tenantry.logs import about_the_request
from tests.estate import Estate
from tests.http import SETTINGS, client_of, token_of

QUERY = {"query": "{ __typename }"}


class Gate:
    """A graph that answers when it is let, or fails as it is told."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.opened = asyncio.Event()
        self.failure: Exception | None = None

    async def run(self, request: OperationRequest, caller: Caller, request_id: str, *_guards: Guard) -> Answer:
        """Wait for the gate."""
        self.asked.set()
        if self.failure is not None:
            raise self.failure
        await self.opened.wait()
        return Answer(200, b'{"data":{}}')

    async def open(self, *_: Any) -> Answer:
        """Nobody subscribes here."""
        raise AssertionError


@pytest.fixture
async def token(databases: Databases, clock: Clock, acme: Estate) -> str:
    """A token of acme's."""
    return await token_of(databases, clock, acme, Scope.DEVICES_READ)


@pytest.fixture
async def client(databases: Databases, graph: Graph, clock: Clock, token: str) -> AsyncIterator[httpx.AsyncClient]:
    """A caller with that token."""
    async with client_of(databases, graph, clock, token) as opened:
        yield opened


async def test_a_callers_request_id_comes_back(client: httpx.AsyncClient) -> None:
    """So that both sides' logs can be laid beside each other."""
    response = await client.post("/graphql", json=QUERY, headers={"x-request-id": "trace.7_a-B"})
    assert response.headers["x-request-id"] == "trace.7_a-B"


@pytest.mark.parametrize(
    "given",
    [[], ["a b"], ["x" * 65], [""], ["a\u00e9"], ["one", "two"]],
    ids=["none", "blank", "long", "empty", "accent", "two"],
)
async def test_an_id_unfit_for_a_log_is_replaced(client: httpx.AsyncClient, given: list[str]) -> None:
    """Whatever a caller sends, a log line stays one line."""
    headers = [(b"x-request-id", each.encode("latin-1")) for each in given]
    response = await client.post("/graphql", json=QUERY, headers=headers)
    assert len(response.headers["x-request-id"]) == 32


async def test_each_request_is_a_log_line(client: httpx.AsyncClient, acme: Estate) -> None:
    """Who asked what, how it ended and how long it took; nothing of the query or the token."""
    with capture_logs(processors=[]) as lines:
        await client.post("/graphql", json=QUERY, headers={"x-request-id": "seen"})
    (line,) = lines
    assert {name: line[name] for name in ("event", "method", "path", "status", "log_level")} == {
        "event": "request",
        "method": "POST",
        "path": "/graphql",
        "status": 200,
        "log_level": "info",
    }
    assert line["milliseconds"] >= 0


async def test_a_log_line_names_the_tenant_and_the_token(client: httpx.AsyncClient, acme: Estate) -> None:
    """By slug and by id: what an operator looks for, and nothing secret."""
    with capture_logs(processors=[about_the_request]) as lines:
        await client.post("/graphql", json=QUERY, headers={"x-request-id": "seen"})
    (line,) = lines
    assert (line["request_id"], line["tenant"]) == ("seen", acme.tenant.slug)
    assert len(line["token"]) == 36


async def test_an_unknown_address_is_json_too(client: httpx.AsyncClient) -> None:
    """With an id like every answer."""
    response = await client.get("/nowhere")
    assert response.status_code == 404
    assert response.json()["errors"][0]["extensions"]["code"] == "NOT_FOUND"
    assert len(response.headers["x-request-id"]) == 32


async def test_a_fault_of_ours_is_an_error_id_and_nothing_else(databases: Databases, clock: Clock, token: str) -> None:
    """The words of an exception stay in the log, under the same id."""
    gate = Gate()
    gate.failure = KeyError("postgresql://u:hunter2@db")
    async with client_of(databases, gate, clock, token) as client:
        with capture_logs() as lines:
            response = await client.post("/graphql", json=QUERY)
    assert response.status_code == 500
    (error,) = response.json()["errors"]
    assert error["extensions"]["code"] == "INTERNAL"
    assert error["message"] == f"Something went wrong on our side; error id {error['extensions']['errorId']}."
    assert "hunter2" not in response.text
    assert lines[0]["error_id"] == error["extensions"]["errorId"]


async def test_a_database_that_does_not_answer_is_503(graph: Graph, clock: Clock, token: str) -> None:
    """Come back in a second: it is not the request's fault."""
    nobody = Database("postgresql+asyncpg://tenantry_app@127.0.0.1:1/none")
    async with client_of(Databases(nobody, nobody, None), graph, clock, token) as client:
        response = await client.post("/graphql", json=QUERY)
    assert response.status_code == 503
    assert response.headers["retry-after"] == "1"
    assert response.json()["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
    await nobody.close()


async def test_one_request_too_many_is_sent_away_at_once(databases: Databases, clock: Clock, token: str) -> None:
    """A queue would only make everybody wait; the probes are answered all the same."""
    gate = Gate()
    async with client_of(databases, gate, clock, token, replace(SETTINGS, max_requests=1)) as client:
        first = asyncio.create_task(client.post("/graphql", json=QUERY))
        await gate.asked.wait()
        second = await client.post("/graphql", json=QUERY)
        alive = await client.get("/livez")
        gate.opened.set()
        assert (await first).status_code == 200
        third = await client.post("/graphql", json=QUERY)
    assert (second.status_code, second.headers["retry-after"]) == (503, "1")
    assert alive.status_code == 200
    assert third.status_code == 200

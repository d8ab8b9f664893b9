"""The audit as a file: who may have it, that it is whole, and that it alone verifies."""

import hashlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest

from auth.codes import Code, Refusal
from auth.scopes import Scope
from models.clock import Clock
from models.hierarchy import Node, ReachKind
from resolvers.auditing import append_apart
from resolvers.auditing.canonical import canonical
from resolvers.auditing.hashing import GENESIS, HASHED
from resolvers.auditing.pages import PAGE
from schema.graph import Graph
from tenantry.databases import Databases
from tests.ask import caller_of
from tests.auditing import RECORDS, make_chain, record, rows_of
from tests.clock import HeldClock
from tests.estate import Estate
from tests.following import HeldStanding, following
from tests.http import client_of, code, message, token_of
from tests.sql import statements

ADDRESS = "/export/audit"
EXPORT = "subscription { exportAudit { text rows } }"
AUDITOR = frozenset({Scope.AUDIT_READ})


@pytest.fixture
async def client(databases: Databases, graph: Graph, clock: Clock, acme: Estate) -> AsyncIterator[httpx.AsyncClient]:
    """A client that may read acme's audit and nothing else."""
    token = await token_of(databases, clock, acme, Scope.AUDIT_READ)
    async with client_of(databases, graph, clock, token) as opened:
        yield opened


def lines(text: str) -> list[dict[str, Any]]:
    """Each line, read."""
    return [orjson.loads(line) for line in text.splitlines()]


async def test_without_a_token_there_is_no_file(databases: Databases, graph: Graph, clock: Clock) -> None:
    """401, as JSON, and the challenge."""
    async with client_of(databases, graph, clock, None) as stranger:
        response = await stranger.get(ADDRESS)
    assert (response.status_code, code(response)) == (401, "UNAUTHENTICATED")
    assert response.headers["www-authenticate"].startswith("Bearer")


async def test_the_audit_asks_for_its_scope(databases: Databases, graph: Graph, clock: Clock, acme: Estate) -> None:
    """Every other scope of a tenant together exports nothing; that it was tried is recorded."""
    others = (scope for scope in Scope if scope is not Scope.AUDIT_READ and not scope.startswith("platform."))
    token = await token_of(databases, clock, acme, *others)
    async with client_of(databases, graph, clock, token) as other:
        response = await other.get(ADDRESS)
    assert (response.status_code, code(response)) == (403, "FORBIDDEN_SCOPE")
    assert "tenant.audit.read" in response.headers["www-authenticate"]
    made, refused = await rows_of(databases, RECORDS, acme.tenant.id)
    assert (made["action"], refused["action"]) == ("token.created", "access.refused")


async def test_a_neighbours_records_are_in_no_file(
    client: httpx.AsyncClient, databases: Databases, clock: HeldClock, acme: Estate, globex: Estate
) -> None:
    """Only those of the tenant that the request acts in."""
    await make_chain(databases, clock, globex.tenant.id, 3)
    found = lines((await client.get(ADDRESS)).text)
    assert {each["tenant_id"] for each in found} == {str(acme.tenant.id)}


async def test_a_right_that_is_bound_to_a_node_gets_an_empty_file(
    graph: Graph, databases: Databases, clock: HeldClock, acme: Estate
) -> None:
    """No line, and nothing is recorded as exported."""
    await make_chain(databases, clock, acme.tenant.id, 3)
    bound = caller_of(acme.tenant, clock, AUDITOR, node=Node(ReachKind.LOCATION, acme.location.id))
    async with following(graph, HeldStanding(bound), EXPORT) as reader:
        with pytest.raises(StopAsyncIteration):
            await reader.response()
    assert len(await rows_of(databases, RECORDS, acme.tenant.id)) == 3


@pytest.mark.parametrize("query", ["format=csv", "filter={}", "since=3", "x"])
async def test_there_is_nothing_to_choose(client: httpx.AsyncClient, query: str) -> None:
    """A part of a chain verifies nothing."""
    response = await client.get(ADDRESS, params=httpx.QueryParams(query if "=" in query else {query: ""}))
    assert (response.status_code, code(response)) == (400, "BAD_USER_INPUT")
    assert "exported whole" in message(response)


async def test_a_file_is_only_read(client: httpx.AsyncClient) -> None:
    """There is nothing to post."""
    assert (await client.post(ADDRESS)).status_code == 405


async def test_the_file_verifies_from_genesis_to_the_record_of_its_own_export(
    client: httpx.AsyncClient, databases: Databases, clock: HeldClock, acme: Estate
) -> None:
    """By the published rules alone, over more than a page; what comes afterwards is not in it."""
    await append_apart(databases.app, clock, acme.tenant.id, [record()] * (PAGE + 7))
    response = await client.get(ADDRESS)
    found = lines(response.text)
    assert response.headers["content-type"] == "application/x-ndjson"
    assert response.headers["content-disposition"] == 'attachment; filename="audit.ndjson"'
    previous = GENESIS
    for number, line in enumerate(found, 1):
        content = canonical({"version": 1, **{name: line[name] for name in HASHED}})
        assert line["number"] == number
        assert line["prev_hash"] == previous.hex()
        previous = hashlib.sha256(previous + content.encode()).digest()
        assert line["hash"] == previous.hex()
    assert [each["action"] for each in found[-2:]] == ["device.updated", "audit.exported"]
    assert found[-1]["actor_name"].startswith("test ")


async def test_the_graph_gives_the_same_in_chunks_that_grow_with_nothing(
    graph: Graph, databases: Databases, clock: HeldClock, acme: Estate
) -> None:
    """A page at a time, each read when the one before it was taken; no transaction stays open between them."""
    await append_apart(databases.app, clock, acme.tenant.id, [record()] * (2 * PAGE + 1))
    standing = HeldStanding(caller_of(acme.tenant, clock, AUDITOR))
    async with following(graph, standing, EXPORT) as reader:
        rows = []
        for _ in range(3):
            with statements() as sent:
                chunk = (await reader.response())["data"]["exportAudit"]
            rows.append((chunk["rows"], len(lines(chunk["text"]))))
            assert len(sent) <= 3
            assert databases.app.in_use == 0
        with pytest.raises(StopAsyncIteration):
            await reader.response()
    assert rows == [(PAGE, PAGE), (PAGE, PAGE), (2, 2)]


async def test_a_right_that_becomes_bound_cuts_the_export_off(
    graph: Graph, databases: Databases, clock: HeldClock, acme: Estate
) -> None:
    """Nobody takes what there is of it for the whole."""
    await append_apart(databases.app, clock, acme.tenant.id, [record()] * (PAGE + 1))
    standing = HeldStanding(caller_of(acme.tenant, clock, AUDITOR))
    async with following(graph, standing, EXPORT) as reader:
        await reader.response()
        standing.held = caller_of(acme.tenant, clock, AUDITOR, node=Node(ReachKind.LOCATION, acme.location.id))
        with pytest.raises(Refusal) as refused:
            await reader.response()
    assert refused.value.code is Code.FORBIDDEN_SCOPE

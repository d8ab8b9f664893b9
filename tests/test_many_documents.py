"""Documents without end, each compiled and run once: what is kept of them is bounded, here and in PostgreSQL."""

import gc
import os
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

import pytest
from graphql import GraphQLSchema

from auth.limits import Limits
from auth.principal import Caller
from auth.scopes import Scope
from models.database import Database
from schema.graph import Graph
from schema.operation import OperationRequest
from tests.ask import Outcome, caller_of
from tests.clock import HeldClock
from tests.estate import Estate
from tests.postgres import Urls
from tests.sql import value_of

READ = frozenset({Scope.DEVICES_READ})
KEPT = 20
# What the driver keeps prepared on each connection, and a few that it is about to forget.
PREPARED = 110
NAMED = "SELECT count(*)::text FROM pg_prepared_statements"
# Objects that may come and go; a document that is kept is hundreds.
NOISE = 300
# What a server keeps where no setting says otherwise, and how many documents there are at length.
AT_MOST = 1000
AT_LENGTH = int(os.environ.get("TENANTRY_TEST_DOCUMENTS", "5000"))


@pytest.fixture
async def single(urls: Urls) -> AsyncIterator[Database]:
    """One connection, on which everything is prepared."""
    database = Database(urls.app, pool_size=1)
    yield database
    await database.close()


@pytest.fixture
def caller(clock: HeldClock, acme: Estate) -> Caller:
    """Who asks."""
    return caller_of(acme.tenant, clock, READ)


def documents(numbers: Iterable[int]) -> Iterator[OperationRequest]:
    """No two alike, each a statement of its own."""
    for number in numbers:
        yield OperationRequest(f"{{ a{number}: devices {{ totalCount }} }}")


def shapes(numbers: Iterable[int]) -> Iterator[OperationRequest]:
    """Of one document: each filter is a statement of its own."""
    for number in numbers:
        terms: list[dict[str, Any]] = [
            {"name": {"contains" if number >> bit & 1 else "startsWith": "F"}} for bit in range(10)
        ]
        query = "query ($f: DeviceFilter) { devices(filter: $f) { totalCount } }"
        yield OperationRequest(query, {"f": {"or": terms}})


async def left_by(graph: Graph, caller: Caller, requests: Iterable[OperationRequest]) -> int:
    """The objects there are when all have been answered."""
    for request in requests:
        outcome = Outcome(await graph.run(request, caller, "r"))
        assert [found["totalCount"] for found in outcome.data.values()] == [1]
    gc.collect()
    return len(gc.get_objects())


@pytest.mark.parametrize("distinct", [documents, shapes])
async def test_hundreds_leave_no_more_than_the_first_did(
    built: GraphQLSchema, single: Database, clock: HeldClock, caller: Caller, distinct: Any
) -> None:
    """Once as many are kept as may be, each pushes another one out."""
    graph = Graph(built, single, clock, Limits(), documents=KEPT)
    full = await left_by(graph, caller, distinct(range(150)))
    assert await left_by(graph, caller, distinct(range(150, 350))) - full < NOISE
    assert graph._plans is not None
    assert len(graph._plans) == KEPT
    assert int(await value_of(single, caller.tenant.id, NAMED) or 0) <= PREPARED


@pytest.mark.slow
async def test_as_many_as_are_asked_for_leave_no_more_than_the_first_did(
    built: GraphQLSchema, single: Database, clock: HeldClock, caller: Caller
) -> None:
    """The same at length, with as many kept as a server keeps: TENANTRY_TEST_DOCUMENTS says how many come."""
    graph = Graph(built, single, clock, Limits())
    full = await left_by(graph, caller, documents(range(AT_MOST + 200)))
    assert await left_by(graph, caller, documents(range(AT_MOST + 200, AT_LENGTH))) - full < NOISE
    assert len(graph.documents) == AT_MOST
    assert int(await value_of(single, caller.tenant.id, NAMED) or 0) <= PREPARED

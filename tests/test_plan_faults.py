"""`Tenantry-Plan` where the plan cannot be had: the caller is told as of any statement."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from graphql import GraphQLSchema

from auth.limits import Limits
from auth.scopes import Scope
from models.database import Database
from schema.graph import Graph
from schema.operation import OperationRequest, PlanWanted
from tests.ask import Outcome, caller_of
from tests.clock import HeldClock
from tests.estate import Estate
from tests.postgres import Urls
from tests.test_plan_header import QUERY

SLEEP = "SELECT pg_sleep(60)::text"
END = "SELECT pg_terminate_backend(pg_backend_pid())::text"


@pytest.fixture
async def impatient(urls: Urls) -> AsyncIterator[Database]:
    """A pool whose statements end soon."""
    database = Database(urls.app, pool_size=1, statement_timeout=0.2)
    yield database
    await database.close()


@pytest.mark.parametrize(
    ("instead", "status", "code"), [(SLEEP, 504, "TIMEOUT"), (END, 503, "UNAVAILABLE")], ids=["a deadline", "a cut"]
)
async def test_a_plan_that_fails_is_told_as_any_statement(
    *,
    built: GraphQLSchema,
    impatient: Database,
    clock: HeldClock,
    acme: Estate,
    monkeypatch: pytest.MonkeyPatch,
    instead: str,
    status: int,
    code: str,
) -> None:
    """A query that is asked for its plan has no answer without it; the next one has both."""
    graph, caller = Graph(built, impatient, clock, Limits()), caller_of(acme.tenant, clock, frozenset(Scope))
    request = OperationRequest(QUERY, plan=PlanWanted.ANALYZE)
    lines = Database.lines

    async def fail(database: Database, tenant_id: Any, _statement: str, _given: Sequence[Any]) -> list[str]:
        return await lines(database, tenant_id, instead, [])

    with monkeypatch.context() as patched:
        patched.setattr(Database, "lines", fail)
        outcome = Outcome(await graph.run(request, caller, "r"))
    assert (outcome.status, outcome.codes) == (status, [code])
    again = Outcome(await graph.run(request, caller, "r"))
    assert [*again.body] == ["data", "extensions"]

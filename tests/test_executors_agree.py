"""Two executors, one meaning: what one statement answers is, byte for byte, what graphql-core answers."""

import os

from graphql import GraphQLSchema
from hypothesis import HealthCheck, event, given, note, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from auth.limits import Limits
from auth.scopes import Scope
from loaders.entities import BY_NAME
from models.ids import encode
from schema.graph import Graph
from schema.operation import Answer, OperationRequest
from tenantry.databases import Databases
from tests.ask import caller_of
from tests.clock import HeldClock
from tests.generated_operations import Writing
from tests.generated_rows import values_of
from tests.reach_model import make, shapes

READ = frozenset(scope for scope in Scope if scope.endswith(".read"))
# How many estates are made, with eight operations each.
EXAMPLES = int(os.environ.get("TENANTRY_TEST_OPERATIONS", "160")) // 8


def parted(one: Answer, other: Answer) -> list[bytes]:
    """Where two answers part."""
    at = next((at for at, pair in enumerate(zip(one.body, other.body, strict=False)) if pair[0] != pair[1]), 0)
    return [answer.body[max(at - 100, 0) : at + 100] for answer in (one, other)]


@settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
async def test_both_executors_answer_the_same(
    built: GraphQLSchema, databases: Databases, clock: HeldClock, data: st.DataObject
) -> None:
    """Whatever is asked of whatever rows, by whoever."""
    shape = data.draw(shapes())
    model = await make(databases, clock, shape, data.draw(values_of(shape)))
    tenant = model.tenant
    compiled, plain = (Graph(built, databases.app, clock, Limits(), compiles=each) for each in (True, False))
    ids = {name: [encode(BY_NAME[name].prefix, row_id) for row_id in rows] for name, rows in model.rows.items() if rows}
    ids["Tenant"] = [encode(BY_NAME["Tenant"].prefix, tenant.id)]
    nodes = [
        None,
        *(model.node(name, row_id) for name in ("Organization", "Location", "Area") for row_id in model.rows[name]),
    ]
    for _ in range(8):
        writing = Writing(data, built, model, ids)
        request = OperationRequest(writing.document(), writing.variables)
        caller = caller_of(tenant, clock, READ, node=data.draw(st.sampled_from(nodes)))
        note(f"{request.query}\n{request.variables}\n{caller.principal.node}")
        before = len(compiled._plans or ())
        with capture_logs() as said:
            answers = [await graph.run(request, caller, "r") for graph in (compiled, plain)]
        event("compiled" if len(compiled._plans or ()) > before else "not compiled")
        assert answers[0] == answers[1], parted(*answers)
        assert [each for each in said if each["event"] == "a compiled statement failed"] == []

"""Two executors, one meaning: what one statement answers is, byte for byte, what graphql-core answers."""

import os
import re
import uuid
from dataclasses import replace

import pytest
from graphql import GraphQLSchema
from hypothesis import HealthCheck, event, given, note, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from auth.grants import Grant
from auth.limits import Limits
from auth.principal import Account, Caller
from auth.roles import BUILDING
from auth.scopes import Scope
from loaders.entities import BY_NAME
from models.hierarchy import Node
from models.ids import Prefix, encode
from schema.graph import Graph
from schema.operation import Answer, OperationRequest
from tenantry.databases import Databases
from tests.ask import caller_of
from tests.clock import HeldClock
from tests.estate import make_tenant
from tests.generated_operations import Writing
from tests.generated_rows import TEXT, values_of
from tests.principals import make_principals
from tests.reach_model import make, shapes

HELD = frozenset(scope for scope in Scope if scope.endswith(".read")) | BUILDING | {Scope.ORGANIZATIONS_WRITE}
# Operations of each estate, and how many there are at length: 500, unless more are asked for.
EACH = 8
AT_LENGTH = int(os.environ.get("TENANTRY_TEST_OPERATIONS", "500")) // EACH
quiet = settings(deadline=None, database=None, suppress_health_check=list(HealthCheck))


def unnumbered(answer: Answer) -> Answer:
    """An answer without the ids of our faults, of which each is new."""
    return answer._replace(body=re.sub(rb"\b[0-9a-f]{32}\b", b"", answer.body))


def parted(one: Answer, other: Answer) -> list[bytes]:
    """Where two answers part."""
    at = next((at for at, pair in enumerate(zip(one.body, other.body, strict=False)) if pair[0] != pair[1]), 0)
    return [answer.body[max(at - 100, 0) : at + 100] for answer in (one, other)]


def reaches(nodes: list[Node]) -> st.SearchStrategy[list[list[Node]]]:
    """Whole tenants, and nodes: one or the other of several, or what lies in both."""
    every = st.lists(st.lists(st.sampled_from(nodes), max_size=2), min_size=1, max_size=3)
    return st.one_of(st.just([[]]), every)


def columns(node: Node) -> dict[str, uuid.UUID]:
    """A node as what is bound to it names it."""
    named = {f"{node.kind.lower()}_id": node.id}
    return named if node.location_id is None else {**named, "location_id": node.location_id}


def bound(caller: Caller, reach: list[list[Node]]) -> Caller:
    """The caller, who may read and write beneath these nodes alone."""
    grants = tuple(Grant(HELD, tuple(dict.fromkeys(nodes))) for nodes in reach)
    account = Account(Prefix.USER, uuid.UUID(int=3), "a person", grants)
    return Caller(replace(caller.principal, account=account), caller.tenant)


@settings(quiet, max_examples=10)
@given(data=st.data())
async def test_both_executors_answer_the_same(
    built: GraphQLSchema, databases: Databases, clock: HeldClock, data: st.DataObject
) -> None:
    """Whatever is asked of whatever rows, by whoever."""
    await agree(built, databases, clock, data)


@pytest.mark.slow
@settings(quiet, max_examples=AT_LENGTH)
@given(data=st.data())
async def test_both_executors_answer_the_same_at_length(
    built: GraphQLSchema, databases: Databases, clock: HeldClock, data: st.DataObject
) -> None:
    """The same, with as many operations as TENANTRY_TEST_OPERATIONS says."""
    await agree(built, databases, clock, data)


async def agree(built: GraphQLSchema, databases: Databases, clock: HeldClock, data: st.DataObject) -> None:
    """Make an estate, ask both executors, and compare."""
    shape = data.draw(shapes())
    model = await make(databases, clock, shape, data.draw(values_of(shape)))
    tenant = model.tenant
    compiled, plain = (
        Graph(built, databases.app, clock, Limits(), compiles=each, deadline=60.0) for each in (True, False)
    )
    ids = {name: [encode(BY_NAME[name].prefix, row_id) for row_id in rows] for name, rows in model.rows.items() if rows}
    ids["Tenant"] = [encode(BY_NAME["Tenant"].prefix, tenant.id)]
    beneath = await make_tenant(databases, clock, "beneath", tenant)
    ids["Tenant"].append(encode(BY_NAME["Tenant"].prefix, beneath.id))
    nodes = [model.node(name, row_id) for name in ("Organization", "Location", "Area") for row_id in model.rows[name]]
    for number in range(data.draw(st.integers(0, 2))):
        node = data.draw(st.one_of(st.just({}), st.sampled_from(nodes).map(columns))) if nodes else {}
        who = f"{number}{data.draw(TEXT)}"
        await make_principals(databases, clock, tenant.id, Scope.DEVICES_READ, who=who, **node)
    for _ in range(EACH):
        writing = Writing(data, built, model, ids)
        changes = data.draw(st.integers(0, 3)) == 3
        text = writing.mutation() if changes else writing.document()
        request = OperationRequest(text, writing.variables)
        caller = bound(caller_of(tenant, clock, HELD), data.draw(reaches(nodes)))
        note(f"{request.query}\n{request.variables}\n{caller.grants}")
        before = len(compiled._plans or ())
        # A connection that knows a statement is asked for it in another way than at its first time.
        graphs = (compiled, plain) if changes else (compiled, compiled, plain)
        with capture_logs() as said:
            answers = [await graph.run(request, caller, "r") for graph in graphs]
        event("compiled" if len(compiled._plans or ()) > before else "not compiled")
        for answer in answers[:-1]:
            assert unnumbered(answer) == unnumbered(answers[-1]), parted(answer, answers[-1])
        assert [each for each in said if each["event"] == "a compiled statement failed"] == []

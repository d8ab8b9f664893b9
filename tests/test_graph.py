"""What a request costs and how it ends: deadlines, outages, faults, documents that are kept."""

from typing import Any

import pytest
from graphql import GraphQLSchema

from auth.limits import Limits, parse_bounded
from auth.scopes import Scope
from models import lasting
from models.database import Database
from schema.build import build
from schema.graph import Graph
from schema.operation import OperationRequest
from tests.ask import Ask, Outcome, caller_of
from tests.clock import HeldClock
from tests.estate import Estate
from tests.postgres import Urls
from tests.sql import statements


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> GraphQLSchema:
    """The graph with a fault of ours in `Device.name`, whose message must reach nobody."""
    made = build()

    def fail(_row: Any, _info: Any) -> str:
        raise KeyError("postgresql://secret@db/tenantry")

    made.type_map["Device"].fields["name"].resolve = fail  # type: ignore[attr-defined]
    return made


async def test_an_unexpected_exception_is_an_error_id_only(
    broken: GraphQLSchema, databases: Any, clock: HeldClock, acme: Estate
) -> None:
    """The fields beside it are answered; the id is in the logs."""
    graph = Graph(broken, databases.app, clock, Limits())
    caller = caller_of(acme.tenant, clock, frozenset({Scope.DEVICES_READ}))
    request = OperationRequest(
        '{ a: devices { totalCount } b: node(id: "dev_x") { id } c: devices { nodes { name } } }'
    )
    outcome = Outcome(await graph.run(request, caller, "r"))
    [error] = outcome.errors
    assert error["extensions"]["code"] == "INTERNAL"
    assert error["extensions"]["errorId"] in error["message"]
    assert b"secret" not in outcome.answer.body
    assert b"KeyError" not in outcome.answer.body


async def test_an_operation_ends_at_its_deadline(
    databases: Any, built: GraphQLSchema, clock: HeldClock, acme: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole answer is one TIMEOUT, with the status 504."""
    monkeypatch.setattr(lasting, "SOON", 0.0)
    graph = Graph(built, databases.app, clock, Limits(), deadline=0.0)
    caller = caller_of(acme.tenant, clock, frozenset({Scope.DEVICES_READ}))
    outcome = Outcome(await graph.run(OperationRequest("{ devices { totalCount } }"), caller, "r"))
    assert (outcome.status, outcome.codes, outcome.data) == (504, ["TIMEOUT"], None)


async def test_a_statement_that_outlives_its_deadline_is_a_timeout(
    urls: Urls, built: GraphQLSchema, clock: HeldClock, acme: Estate
) -> None:
    """PostgreSQL stops it by itself; the caller is told the same."""
    database = Database(urls.app, pool_size=1, statement_timeout=0.001)
    graph = Graph(built, database, clock, Limits())
    caller = caller_of(acme.tenant, clock, frozenset({Scope.DEVICES_READ}))
    outcomes = [
        Outcome(await graph.run(OperationRequest("{ devices { totalCount nodes { id } } }"), caller, "r"))
        for _ in range(20)
    ]
    await database.close()
    assert {(outcome.status, *outcome.codes) for outcome in outcomes} <= {(504, "TIMEOUT"), (200,)}
    assert (504, "TIMEOUT") in {(outcome.status, *outcome.codes) for outcome in outcomes}


@pytest.mark.parametrize("port", [1, 9])
async def test_a_database_that_does_not_answer_is_unavailable(
    built: GraphQLSchema, clock: HeldClock, acme: Estate, port: int
) -> None:
    """503 with Retry-After, and nothing of where the database is."""
    database = Database(f"postgresql+asyncpg://tenantry_app@127.0.0.1:{port}/none")
    graph = Graph(built, database, clock, Limits())
    caller = caller_of(acme.tenant, clock, frozenset({Scope.DEVICES_READ}))
    outcome = Outcome(await graph.run(OperationRequest("{ devices { totalCount } me { kind } }"), caller, "r"))
    await database.close()
    assert (outcome.status, outcome.codes) == (503, ["UNAVAILABLE"])
    assert ("Retry-After", "1") in outcome.answer.headers
    assert b"127.0.0.1" not in outcome.answer.body


async def test_a_refused_operation_costs_no_statement_but_its_record(ask: Ask, acme: Estate) -> None:
    """A missing scope is found before anything runs, in any part of the document; the audit is told."""
    with statements() as sent:
        outcome = await ask(acme, "{ a: devices { totalCount } b: areas { totalCount } }", Scope.DEVICES_READ)
    assert outcome.status == 403
    assert [each for each in sent if "audit_" not in each] == []


async def test_every_missing_scope_is_named_with_its_field(ask: Ask, acme: Estate) -> None:
    """One refusal is enough to mend the token."""
    outcome = await ask(acme, "{ me { tenant { name } } devices { nodes { area { name } } } }", Scope.SCHEMA_READ)
    assert outcome.errors[0]["extensions"]["missing"] == [
        {"field": "Me.tenant", "scopes": ["tenant.context.read"]},
        {"field": "Query.devices", "scopes": ["tenant.devices.read"]},
        {"field": "Device.area", "scopes": ["tenant.areas.read"]},
    ]
    [challenge] = [value for name, value in outcome.answer.headers if name == "WWW-Authenticate"]
    assert 'error="insufficient_scope"' in challenge


async def test_a_scope_is_asked_for_in_what_a_directive_leaves_out(ask: Ask, acme: Estate) -> None:
    """The guard knows no variables: what might be asked is asked for."""
    query = "query ($no: Boolean!) { me { kind } areas @include(if: $no) { totalCount } }"
    outcome = await ask(acme, query, Scope.DEVICES_READ, no=False)
    assert outcome.codes == ["FORBIDDEN_SCOPE"]


async def test_only_the_chosen_operation_is_asked_about(graph: Graph, clock: HeldClock, acme: Estate) -> None:
    """Another operation of the document may need more."""
    text = "query A { me { kind } } query B { areas { totalCount } }"
    caller = caller_of(acme.tenant, clock, frozenset())
    chosen = await graph.run(OperationRequest(text, operation_name="A"), caller, "r")
    other = await graph.run(OperationRequest(text, operation_name="B"), caller, "r")
    none = await graph.run(OperationRequest(text), caller, "r")
    unknown = await graph.run(OperationRequest(text, operation_name="C"), caller, "r")
    assert [answer.status for answer in (chosen, other, none, unknown)] == [200, 403, 400, 400]


async def test_a_document_is_prepared_once(
    graph: Graph, clock: HeldClock, acme: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parsing, validation, bounds and the guard's pass are per document, not per request."""
    prepared: list[str] = []

    def counting(text: str, limits: Limits) -> Any:
        prepared.append(text)
        return parse_bounded(text, limits)

    monkeypatch.setattr("schema.documents.parse_bounded", counting)
    caller = caller_of(acme.tenant, clock, frozenset({Scope.DEVICES_READ}))
    for _ in range(3):
        await graph.run(
            OperationRequest("query ($n: Int) { devices(first: $n) { totalCount } }", {"n": 3}), caller, "r"
        )
    assert len(prepared) == 1


async def test_prepared_documents_are_bounded(
    built: GraphQLSchema, databases: Any, clock: HeldClock, acme: Estate
) -> None:
    """Ten thousand distinct documents leave only the newest behind."""
    graph = Graph(built, databases.app, clock, Limits(), documents=10)
    caller = caller_of(acme.tenant, clock, frozenset())
    for number in range(50):
        answer = await graph.run(OperationRequest(f"{{ a{number}: me {{ kind }} }}"), caller, "r")
        assert answer.status == 200
    assert len(graph._documents) == 10


@pytest.mark.parametrize(
    ("variables", "words"),
    [({"n": "three"}, "Int"), ({"n": 2**40}, "Int"), ({"n": 1.5}, "Int"), ({"n": [1]}, "Int"), ({"n": True}, "Int")],
    ids=str,
)
async def test_a_variable_of_the_wrong_type_is_refused(
    ask: Ask, acme: Estate, variables: dict[str, Any], words: str
) -> None:
    """Naming the variable and the type, before anything runs."""
    with statements() as sent:
        outcome = await ask(
            acme, "query ($n: Int) { devices(first: $n) { totalCount } }", Scope.DEVICES_READ, **variables
        )
    assert (outcome.status, outcome.codes, sent) == (400, ["BAD_USER_INPUT"], [])
    assert words in outcome.errors[0]["message"]


async def test_suggestions_are_off(ask: Ask, acme: Estate) -> None:
    """A token without the schema's scope cannot guess its way through by typing errors."""
    outcome = await ask(acme, "{ device { totalCount } }", Scope.DEVICES_READ)
    assert outcome.codes == ["GRAPHQL_VALIDATION_FAILED"]
    assert "Did you mean" not in outcome.errors[0]["message"]


async def test_what_is_committed_is_told_whatever_fails_after_it(
    databases: Any, clock: HeldClock, acme: Estate
) -> None:
    """An outage in the second field of a request does not take the first one's answer away."""
    made = build()
    assert made.mutation_type is not None

    async def fail(_root: Any, _info: Any, **_given: Any) -> None:
        raise ConnectionError("the database went away")

    made.mutation_type.fields["createOrganization"].resolve = fail
    graph = Graph(made, databases.app, clock, Limits())
    caller = caller_of(acme.tenant, clock, frozenset({Scope.LOCATIONS_WRITE, Scope.ORGANIZATIONS_WRITE}))
    both = """mutation { a: createLocation(input: {code: "n", name: "N"}) { __typename }
      b: createOrganization(input: {key: "n", name: "N"}) { __typename } }"""
    outcome = Outcome(await graph.run(OperationRequest(both), caller, "r"))
    alone = both.replace('a: createLocation(input: {code: "n", name: "N"}) { __typename }', "")
    nothing = Outcome(await graph.run(OperationRequest(alone), caller, "r"))
    assert (outcome.status, outcome.codes) == (200, ["UNAVAILABLE"])
    assert outcome.data == {"a": {"__typename": "Location"}, "b": None}
    assert (nothing.status, nothing.codes) == (503, ["UNAVAILABLE"])

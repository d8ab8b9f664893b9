"""Who may have whose right explained, and that nothing of an explained operation is run."""

import asyncio
import logging
import uuid
from datetime import timedelta
from typing import Any

import pytest
from graphql import GraphQLSchema
from sqlalchemy import update

from auth.limits import Limits
from auth.scopes import Scope
from auth.token import mint
from auth.verifying import Credentials
from models import Tenant
from models.database import Database
from models.hierarchy import Node, ReachKind
from models.ids import Prefix, encode
from schema.graph import Graph
from tenantry.databases import Databases
from tests.ask import Ask, Outcome, caller_of
from tests.auditing import RECORDS, VALUES, rows_of
from tests.clock import HeldClock
from tests.estate import Estate
from tests.explaining import DEVICES, EXPLAIN, explained, told
from tests.postgres import Urls
from tests.sql import statements
from tests.tokens import REVOKE, ROTATE, ask_as, bound_to, change, created, with_token

READER = frozenset({Scope.TOKENS_READ})
DELETE = "mutation ($id: ID!) { deleteDevice(input: {id: $id}) { __typename } }"


async def about(ask: Ask, estate: Estate, token: str, *scopes: Scope) -> Outcome:
    """What such a caller is told about this token."""
    return await ask(estate, EXPLAIN, *scopes, operation=DEVICES, token=token)


async def test_anothers_right_is_explained_to_nobody_who_may_not_read_that_token(
    ask: Ask, graph: Graph, clock: HeldClock, acme: Estate, globex: Estate
) -> None:
    """Without the scope, out of reach, a neighbour's, unknown, of another type: the same bytes, by id and by text."""
    mine, theirs = await created(ask, acme), await created(ask, globex)
    elsewhere = Node(ReachKind.AREA, acme.area.id, acme.location.id)
    everything_else = [scope for scope in Scope if scope is not Scope.TOKENS_READ]

    async def bound(token: str) -> Outcome:
        caller = bound_to(acme, clock, elsewhere, frozenset(Scope))
        return await ask_as(graph, caller, EXPLAIN, operation=DEVICES, token=token)

    answers = [
        await about(ask, acme, mine["secret"], *everything_else),
        await about(ask, acme, mine["token"]["id"], *everything_else),
        await bound(mine["token"]["id"]),
        await bound(mine["secret"]),
        await about(ask, acme, theirs["token"]["id"], *Scope),
        await about(ask, acme, theirs["secret"], *Scope),
        await about(ask, acme, encode(Prefix.TOKEN, uuid.uuid4()), *Scope),
        await about(ask, acme, mint().reveal(), *Scope),
        await about(ask, acme, acme.ids["Device"], *Scope),
        await about(ask, acme, "garbage", *Scope),
        await about(ask, acme, "", *Scope),
    ]
    assert [answer.codes for answer in answers] == [["NOT_FOUND"]] * len(answers)
    assert {answer.answer.body for answer in answers} == {answers[0].answer.body}


async def test_whoever_is_bound_to_a_node_is_told_of_tokens_beneath_it_alone(
    ask: Ask, graph: Graph, clock: HeldClock, acme: Estate
) -> None:
    """One of the whole tenant lies above it."""
    inside = (await created(ask, acme, "inside", node=acme.ids["Location"]))["token"]["id"]
    whole = (await created(ask, acme, "whole"))["token"]["id"]
    caller = bound_to(acme, clock, Node(ReachKind.LOCATION, acme.location.id), READER)
    assert told(await ask_as(graph, caller, EXPLAIN, operation=DEVICES, token=inside))["state"] == "ACTIVE"
    assert (await ask_as(graph, caller, EXPLAIN, operation=DEVICES, token=whole)).codes == ["NOT_FOUND"]


async def test_nothing_of_the_operation_is_run(ask: Ask, databases: Databases, acme: Estate) -> None:
    """One's own right costs no statement, whatever is explained; the device stays."""
    with statements() as sent:
        explanation = await explained(ask, acme, DELETE, *Scope, variables={"id": acme.ids["Device"]})
    assert (explanation["allowed"], sent) == (True, [])
    outcome = await ask(acme, "{ devices { nodes { id } } }", Scope.DEVICES_READ)
    assert outcome.data["devices"]["nodes"] == [{"id": acme.ids["Device"]}]
    assert await rows_of(databases, RECORDS, acme.tenant.id) == []


async def test_anothers_right_costs_looking_it_up_and_a_record(ask: Ask, databases: Databases, acme: Estate) -> None:
    """The token as far as the caller may read it, its bearer, and the audit's one; a text is looked up first."""
    made = await created(ask, acme)
    # A tenant's first record makes its chain.
    await about(ask, acme, made["token"]["id"], *READER)
    before = len(await rows_of(databases, RECORDS, acme.tenant.id))
    with statements() as sent:
        await about(ask, acme, made["token"]["id"], *READER)
    assert (len(sent), [each for each in sent if " device" in each]) == (3, [])
    with statements() as sent:
        await about(ask, acme, made["secret"], *READER)
    assert len(sent) == 4
    assert len(await rows_of(databases, RECORDS, acme.tenant.id)) == before + 2


async def test_no_request_waits_for_a_second_connection_while_it_holds_one(
    *, ask: Ask, built: GraphQLSchema, databases: Databases, urls: Urls, clock: HeldClock, acme: Estate
) -> None:
    """The record is written when all has been read, so that a pool of one serves several requests at once."""
    made = await created(ask, acme)
    small = Database(urls.app, pool_size=1)
    graph = Graph(built, small, clock, Limits(), credentials=Credentials(databases.platform))
    query = EXPLAIN.rstrip("} ") + " } } } devices { totalCount } }"
    caller = caller_of(acme.tenant, clock, frozenset(Scope))
    try:
        answers = await asyncio.gather(
            *(ask_as(graph, caller, query, operation=DEVICES, token=made["token"]["id"]) for _ in range(4))
        )
    finally:
        await small.close()
    assert [told(each)["state"] for each in answers] == ["ACTIVE"] * 4
    actions = [each["action"] for each in await rows_of(databases, RECORDS, acme.tenant.id)]
    assert actions == ["token.created", *["access.explained"] * 4]


async def test_that_anothers_right_was_explained_is_recorded(ask: Ask, databases: Databases, acme: Estate) -> None:
    """Who asked about which token, and nothing of what was asked."""
    made = await created(ask, acme)
    values = len(await rows_of(databases, VALUES, acme.tenant.id))
    await about(ask, acme, made["secret"], *READER)
    record = (await rows_of(databases, RECORDS, acme.tenant.id))[-1]
    assert (record["action"], record["outcome"]) == ("access.explained", "SUCCEEDED")
    assert (record["target_type"], record["target_id"]) == ("Token", made["token"]["id"])
    assert (record["actor_name"], record["request_id"]) == ("a test", "a-request")
    assert len(await rows_of(databases, VALUES, acme.tenant.id)) == values


async def test_a_text_is_asked_about_as_a_variable_alone(
    ask: Ask, acme: Estate, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """No document, log line or answer has it; an id is no secret and may stand in the document."""
    made = await created(ask, acme)
    caplog.set_level(logging.DEBUG)

    async def literal(token: str) -> Outcome:
        return await ask(
            acme, f'{{ explainAccess(operation: "{{ me {{ name }} }}", token: "{token}") {{ allowed }} }}', *Scope
        )

    refused = await literal(made["secret"])
    assert refused.codes == ["BAD_USER_INPUT"]
    assert (await literal(made["token"]["id"])).data == {"explainAccess": {"allowed": True}}
    answered = await about(ask, acme, made["secret"], *Scope)
    logged = caplog.text + "".join(capfd.readouterr())
    for text in (logged, refused.answer.body.decode(), answered.answer.body.decode()):
        assert made["secret"] not in text


async def test_ones_own_right_is_free(ask: Ask, graph: Graph, clock: HeldClock, acme: Estate) -> None:
    """Without a scope, by nothing, by one's own id, and by one's own text; none of it is recorded."""
    made = await created(ask, acme)
    caller = with_token(acme, clock, made["token"]["id"], Scope.DEVICES_READ)
    answers = [
        told(await ask_as(graph, caller, EXPLAIN, operation=DEVICES, token=each))
        for each in (None, made["token"]["id"], made["secret"])
    ]
    assert answers == answers[:1] * 3
    assert (answers[0]["allowed"], answers[0]["lacking"]) == (False, ["tenant.locations.read"])


async def test_a_token_is_explained_by_what_it_holds_not_by_what_the_asker_holds(ask: Ask, acme: Estate) -> None:
    """The asker holds nothing but the right to read tokens."""
    made = await created(ask, acme, scopes=["tenant.devices.read", "tenant.locations.read"])
    by_id, by_text = [
        await explained(ask, acme, DEVICES, *READER, token=each) for each in (made["token"]["id"], made["secret"])
    ]
    assert by_id == by_text
    assert (by_id["allowed"], by_id["state"], by_id["lacking"]) == (True, "ACTIVE", [])
    assert not (await explained(ask, acme, DEVICES, *READER))["allowed"]


@pytest.mark.parametrize("state", ["EXPIRED", "REVOKED", "ROTATED", "SUSPENDED"])
async def test_a_token_that_is_not_good_is_granted_nothing(
    ask: Ask, databases: Databases, clock: HeldClock, acme: Estate, state: str
) -> None:
    """Not even what any good token may; what it lacks besides is told all the same."""
    made = await created(ask, acme, expiresIn=3600)
    if state == "EXPIRED":
        clock.advance(timedelta(hours=1))
    elif state == "REVOKED":
        await change(ask, acme, REVOKE, id=made["token"]["id"])
    elif state == "ROTATED":
        await change(ask, acme, ROTATE, id=made["token"]["id"], overlap=0)
    else:
        async with databases.platform.write(None) as connection:
            await connection.execute(update(Tenant).where(Tenant.id == acme.tenant.id).values(status="SUSPENDED"))
    operation = "{ me { name } devices { nodes { location { name } } } }"
    explanation = await explained(ask, acme, operation, *READER, token=made["secret"])
    assert (explanation["state"], explanation["allowed"]) == (state, False)
    assert {(each["granted"], each["reason"]) for each in explanation["fields"]} == {(False, "STATE")}
    assert explanation["lacking"] == ["tenant.locations.read"]


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        ("{ devices {", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("{" + "me { name } " * 400 + "}", "LIMIT_TOKENS"),
        ("{" + "...f " * 300 + "} fragment f on Query { me { name kind scopes } }", "LIMIT_FIELDS"),
        ("{" + " ".join(f"a{n}: me {{ name }}" for n in range(31)) + "}", "LIMIT_ALIASES"),
        ("{ tenants(first: 100) { nodes { devices(first: 100) { nodes { children(first: 2) { nodes { id } } } } } } }",
         "LIMIT_NODES"),
        ("{ devices(first: 1000) { totalCount } }", "BAD_USER_INPUT"),
        ("query A { me { name } } query B { me { name } }", "BAD_REQUEST"),
    ],
)  # fmt: skip
async def test_what_would_be_run_for_nobody_is_explained_to_nobody(
    ask: Ask, acme: Estate, operation: str, code: str
) -> None:
    """It is refused with the code and the words that it would be refused with if it was sent."""
    sent = await ask(acme, operation, *Scope)
    outcome = await ask(acme, EXPLAIN, operation=operation)
    assert (outcome.codes, outcome.data) == ([code], None)
    assert outcome.errors[0]["message"] == sent.errors[0]["message"]


async def test_everything_that_does_not_fit_the_schema_is_told(ask: Ask, acme: Estate) -> None:
    """With its places in the explained operation, as it would be if that was sent."""
    operation = "{ nothing devices { nodes { never } } }"
    sent = await ask(acme, operation)
    [error] = (await ask(acme, EXPLAIN, operation=operation)).errors
    bare = [{name: each[name] for name in ("message", "locations")} for each in sent.errors]
    assert (len(bare), error["extensions"]["errors"]) == (2, bare)


@pytest.mark.parametrize("variables", [[], "x", 1])
async def test_variables_are_an_object(ask: Ask, acme: Estate, variables: Any) -> None:
    """The refusal names the argument."""
    outcome = await ask(acme, EXPLAIN, operation=DEVICES, variables=variables)
    assert outcome.codes == ["BAD_USER_INPUT"]
    assert outcome.errors[0]["extensions"]["argument"] == "variables"


async def test_explanations_count_as_many_rows_as_an_operation_may_have_fields(
    built: GraphQLSchema, databases: Databases, clock: HeldClock, acme: Estate
) -> None:
    """So that a request cannot have dozens of large operations explained."""
    graph = Graph(built, databases.app, clock, Limits(fields=1_000, nodes=2_000))
    caller = bound_to(acme, clock, Node(ReachKind.LOCATION, acme.location.id), READER)

    async def times(count: int) -> Outcome:
        asked = " ".join(f"a{n}: explainAccess(operation: $operation) {{ allowed }}" for n in range(count))
        return await ask_as(graph, caller, f"query ($operation: String!) {{ {asked} }}", operation="{ me { name } }")

    assert (await times(2)).errors == []
    assert (await times(3)).codes == ["LIMIT_NODES"]

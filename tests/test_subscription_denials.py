"""Every subscription, refused: without its scopes, and for what is a neighbour's."""

import uuid
from typing import Any

import pytest
from graphql import GraphQLSchema

from auth.scopes import Scope
from loaders.entities import BY_NAME
from models.clock import Clock
from models.ids import encode
from resolvers.auditing import append_apart
from schema.graph import Graph
from schema.operation import Answer
from tenantry.databases import Databases
from tests.ask import Outcome, caller_of
from tests.auditing import record
from tests.changing import EVERYTHING
from tests.estate import Estate
from tests.following import HeldStanding, following, opened, write_events

DOCUMENTS = {
    "auditEventAdded": """subscription { auditEventAdded(sinceNumber: "0") { id target { id } } }""",
    "exportAudit": "subscription { exportAudit { text rows } }",
    "estateChanged": """subscription ($locationId: ID, $areaId: ID, $since: ID = "0") {
      estateChanged(locationId: $locationId, areaId: $areaId, sinceEvent: $since) { thingId thing { id } } }""",
    "exportDevices": """subscription ($filter: DeviceFilter) { exportDevices(filter: $filter) { text rows } }""",
}
# What each is asked for, given the ids that it may name; none where it names nothing.
NAMING: list[tuple[str, Any]] = [
    ("estateChanged", lambda ids: {"locationId": ids["Location"]}),
    ("estateChanged", lambda ids: {"areaId": ids["Area"]}),
    ("exportDevices", lambda ids: {"filter": {"id": {"eq": ids["Device"]}}}),
    ("exportDevices", lambda ids: {"filter": {"areaId": {"eq": ids["Area"]}}}),
]


def test_every_subscription_is_here(built: GraphQLSchema) -> None:
    """One that is added to the graph is added here."""
    assert built.subscription_type is not None
    assert set(DOCUMENTS) == set(built.subscription_type.fields)


@pytest.mark.parametrize("field", DOCUMENTS)
async def test_a_subscription_asks_for_scopes(graph: Graph, acme: Estate, clock: Clock, field: str) -> None:
    """With those that read people it does not begin, nor an estate's with the audit's, nor the other way round."""
    other = Scope.DEVICES_READ if "udit" in field else Scope.AUDIT_READ
    held = frozenset({other, Scope.USERS_READ, Scope.TOKENS_READ})
    answer = await opened(graph, HeldStanding(caller_of(acme.tenant, clock, held)), DOCUMENTS[field])
    assert isinstance(answer, Answer)
    assert (answer.status, Outcome(answer).codes, Outcome(answer).data) == (403, ["FORBIDDEN_SCOPE"], None)


@pytest.mark.parametrize("naming", NAMING, ids=range(len(NAMING)))
async def test_a_neighbours_thing_is_as_missing_as_one_that_never_was(
    graph: Graph, acme: Estate, globex: Estate, clock: Clock, naming: tuple[str, Any]
) -> None:
    """The refusal, or the empty stream, is the same."""
    field, given = naming
    never = {name: encode(entity.prefix, uuid.uuid4()) for name, entity in BY_NAME.items()}
    told = []
    for ids in (globex.ids, never):
        begun = await opened(
            graph, HeldStanding(caller_of(acme.tenant, clock, frozenset(EVERYTHING))), DOCUMENTS[field], **given(ids)
        )
        told.append(begun if isinstance(begun, Answer) else [body async for body in begun])
        if not isinstance(begun, Answer):
            await begun.aclose()
    assert told[0] == told[1]
    assert told[0] == [] or told[0].status == 404  # type: ignore[union-attr]


async def test_a_neighbours_rows_are_in_no_stream(
    graph: Graph, databases: Databases, acme: Estate, globex: Estate, clock: Clock
) -> None:
    """Each is told of its own things alone."""
    for estate in (globex, acme):
        await write_events(databases, estate, clock)
        await append_apart(databases.app, clock, estate.tenant.id, [record(target=estate.ids["Device"])])
    caller = caller_of(acme.tenant, clock, frozenset({*EVERYTHING, Scope.AUDIT_READ}))
    for document in DOCUMENTS.values():
        async with following(graph, HeldStanding(caller), document) as reader:
            first = str(await reader.response())
        assert acme.ids["Device"] in first
        assert globex.ids["Device"] not in first

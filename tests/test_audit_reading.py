"""The audit in the graph: who may read it, what a record shows, and how lists of them are sought."""

from types import SimpleNamespace

import pytest
from sqlalchemy import select, update

from auth.scopes import Scope
from models import PLATFORM_ID, AuditAction, AuditOutcome, Tenant, ids
from models.clock import Clock, uuid8
from models.database import Database
from models.hierarchy import Node, ReachKind
from models.ids import Prefix
from resolvers.auditing import Actor, Changed, Record, Target, append_apart
from resolvers.auditing.erasing import erase_target
from schema.graph import Graph
from schema.operation import OperationRequest
from tenantry.databases import Databases
from tests.ask import Ask, Outcome, caller_of
from tests.auditing import ACTOR, RECORDS, VALUES, make_chain, record
from tests.clock import HeldClock
from tests.estate import Estate, make_estate
from tests.postgres import Urls

NUMBERS = """query ($filter: AuditEventFilter, $order: AuditEventOrder, $first: Int, $after: String, $last: Int) {
  auditEvents(filter: $filter, orderBy: $order, first: $first, after: $after, last: $last) {
    totalCount nodes { number } pageInfo { endCursor hasNextPage hasPreviousPage } } }"""
WHOLE = """{ auditEvents { nodes { id number at actor { kind id name tokenId } action target { type id } outcome
  requestId address changed { field before after erased } hash } } }"""


def numbers(outcome: Outcome) -> list[int]:
    """The numbers of a page's records."""
    assert outcome.errors == []
    return [int(node["number"]) for node in outcome.data["auditEvents"]["nodes"]]


async def ask_as(
    graph: Graph, clock: Clock, home: SimpleNamespace, acting_in: SimpleNamespace, node: Node | None = None
) -> Outcome:
    """The newest page for an auditor of `home` that acts in a tenant, perhaps bound to a node of its own."""
    caller = caller_of(home, clock, frozenset({Scope.AUDIT_READ}), acting_in, node=node)
    return Outcome(await graph.run(OperationRequest(NUMBERS), caller, "a-request"))


async def test_the_audit_asks_for_its_scope(ask: Ask, acme: Estate) -> None:
    """Every other scope together reads none of it, and counting asks for the same."""
    for query in (NUMBERS, "{ auditEvents { totalCount } }"):
        outcome = await ask(acme, query, *(set(Scope) - {Scope.AUDIT_READ}))
        assert (outcome.status, outcome.codes, outcome.data) == (403, ["FORBIDDEN_SCOPE"], None)
        assert {"field": "Query.auditEvents", "scopes": ["tenant.audit.read"]} in outcome.errors[0]["extensions"][
            "missing"
        ]


async def test_a_neighbours_records_are_in_no_list(
    ask: Ask, databases: Databases, clock: HeldClock, acme: Estate, globex: Estate
) -> None:
    """Nor in a count, nor behind a filter that names them, nor behind a cursor of theirs."""
    await make_chain(databases, clock, globex.tenant.id, 3)
    theirs = await ask(globex, NUMBERS, Scope.AUDIT_READ)
    assert numbers(theirs) == [3, 2, 1]
    cursor = theirs.data["auditEvents"]["pageInfo"]["endCursor"]
    for given in ({}, {"filter": {"targetId": {"eq": "dev_1"}}}, {"after": cursor, "order": "NUMBER_DESC"}):
        outcome = await ask(acme, NUMBERS, Scope.AUDIT_READ, **given)
        assert numbers(outcome) == []
        assert outcome.data["auditEvents"]["totalCount"] == 0


@pytest.mark.parametrize("kind", [ReachKind.ORGANIZATION, ReachKind.LOCATION, ReachKind.AREA])
async def test_a_right_that_is_bound_to_a_node_reads_an_empty_list(
    *, graph: Graph, databases: Databases, clock: HeldClock, acme: Estate, kind: ReachKind
) -> None:
    """The audit is the whole tenant's: not even what was done beneath the node is told, or counted."""
    await append_apart(databases.app, clock, acme.tenant.id, [record(target=acme.ids["Device"])])
    row = getattr(acme, kind.lower())
    node = Node(kind, row.id, acme.location.id if kind is ReachKind.AREA else None)
    outcome = await ask_as(graph, clock, acme.tenant, acme.tenant, node)
    assert numbers(outcome) == []
    assert outcome.data["auditEvents"] | {"pageInfo": None} == {"totalCount": 0, "nodes": [], "pageInfo": None}


async def test_a_partner_reads_a_customers_audit_by_acting_in_it(
    graph: Graph, databases: Databases, clock: HeldClock
) -> None:
    """Its own is apart from it; a right that is bound to a node of the partner's holds in none of them."""
    partner = await make_estate(databases, clock, "partner")
    customer = await make_estate(databases, clock, "customer", partner.tenant)
    await make_chain(databases, clock, customer.tenant.id, 2)
    await make_chain(databases, clock, partner.tenant.id, 1)
    node = Node(ReachKind.LOCATION, partner.location.id)
    assert numbers(await ask_as(graph, clock, partner.tenant, customer.tenant)) == [2, 1]
    assert numbers(await ask_as(graph, clock, partner.tenant, partner.tenant)) == [1]
    assert numbers(await ask_as(graph, clock, customer.tenant, customer.tenant)) == [2, 1]
    assert (await ask_as(graph, clock, partner.tenant, customer.tenant, node)).codes == ["FORBIDDEN_SCOPE"]


async def test_operators_read_the_platforms_own_chain(graph: Graph, databases: Databases, clock: HeldClock) -> None:
    """By acting in the platform's tenant."""
    async with databases.platform.read(None) as connection:
        found = (await connection.execute(select(Tenant.__table__).where(Tenant.id == PLATFORM_ID))).mappings().one()
    appended = await append_apart(databases.app, clock, PLATFORM_ID, [record()])
    platform = SimpleNamespace(**found)
    assert numbers(await ask_as(graph, clock, platform, platform))[0] == appended.last


async def test_a_record_shows_who_did_what_to_which_thing(
    ask: Ask, databases: Databases, clock: HeldClock, acme: Estate
) -> None:
    """With what was before and after, as JSON, and an id that its hash names."""
    changed = {"name": Changed("Before", "Door"), "desired": Changed(None, {"level": [1, 2.5]}), "gone": Changed("x")}
    done = Record(ACTOR, AuditAction.DEVICE_UPDATED, Target("Device", "dev_1"), changed=changed, address="192.0.2.7")
    appended = await append_apart(databases.app, clock, acme.tenant.id, [done])
    outcome = await ask(acme, WHOLE, Scope.AUDIT_READ)
    assert outcome.errors == []
    assert outcome.data["auditEvents"]["nodes"] == [
        {
            "id": ids.encode(Prefix.AUDIT_EVENT, uuid8(appended.hash)),
            "number": "1",
            "at": "2026-03-01T12:00:00.123Z",
            "actor": {"kind": "SERVICE", "id": "svc_1", "name": "ci", "tokenId": f"tok_{ACTOR.token_id}"},
            "action": "DEVICE_UPDATED",
            "target": {"type": "Device", "id": "dev_1"},
            "outcome": "SUCCEEDED",
            "requestId": None,
            "address": "192.0.2.7",
            "changed": [
                {"field": "desired", "before": None, "after": {"level": [1, 2.5]}, "erased": False},
                {"field": "gone", "before": "x", "after": None, "erased": False},
                {"field": "name", "before": "Before", "after": "Door", "erased": False},
            ],
            "hash": appended.hash.hex(),
        }
    ]


async def test_who_signed_in_showed_no_token(ask: Ask, databases: Databases, clock: HeldClock, acme: Estate) -> None:
    """Its own id stands in the record in place of a token's; nobody is shown as null."""
    person = clock.new_id()
    signed_in = Actor("USER", ids.encode(Prefix.USER, person), None, person)
    for actor in (signed_in, Actor("ANONYMOUS")):
        refused = Record(actor, AuditAction.ACCESS_REFUSED, None, AuditOutcome.REFUSED)
        await append_apart(databases.app, clock, acme.tenant.id, [refused])
    nobody, somebody = (await ask(acme, WHOLE, Scope.AUDIT_READ)).data["auditEvents"]["nodes"]
    assert somebody["actor"] == {"kind": "USER", "id": f"usr_{person}", "name": None, "tokenId": None}
    assert nobody["actor"] == {"kind": "ANONYMOUS", "id": None, "name": None, "tokenId": None}
    assert (nobody["target"], nobody["changed"], nobody["outcome"]) == (None, [], "REFUSED")


async def test_what_was_erased_is_told_to_have_been_there(
    ask: Ask, databases: Databases, clock: HeldClock, acme: Estate
) -> None:
    """The field's name stays, its values are null."""
    await make_chain(databases, clock, acme.tenant.id, 1)
    async with databases.app.write(acme.tenant.id) as connection:
        await erase_target(connection, acme.tenant.id, clock.now(), ACTOR, Target("Device", "dev_1"))
    erased, before = (await ask(acme, WHOLE, Scope.AUDIT_READ)).data["auditEvents"]["nodes"]
    assert erased["action"] == "AUDIT_ERASED"
    assert before["changed"] == [
        {"field": name, "before": None, "after": None, "erased": True} for name in ("enabled", "name")
    ]


async def test_a_word_or_value_that_this_server_cannot_read_spoils_no_list(
    *, ask: Ask, databases: Databases, clock: HeldClock, acme: Estate, urls: Urls
) -> None:
    """A newer server's word is null; a value that was tampered with is shown as the text that it is now."""
    await make_chain(databases, clock, acme.tenant.id, 3)
    superuser = Database(urls.superuser)
    async with superuser.write(acme.tenant.id) as connection:
        mine = RECORDS.c.tenant_id == acme.tenant.id
        await connection.execute(update(RECORDS).where(mine, RECORDS.c.number == 1).values(action="moon.landed"))
        await connection.execute(update(RECORDS).where(mine, RECORDS.c.number == 2).values(actor_kind="ALIEN"))
        await connection.execute(update(RECORDS).where(mine, RECORDS.c.number == 3).values(digests=["x"], hash=b"x"))
        await connection.execute(update(VALUES).where(VALUES.c.tenant_id == acme.tenant.id).values(after="{no json"))
    await superuser.close()
    shapeless, newer, unknown = (await ask(acme, WHOLE, Scope.AUDIT_READ)).data["auditEvents"]["nodes"]
    assert (unknown["action"], newer["actor"]["kind"], shapeless["changed"]) == (None, None, [])
    assert {each["after"] for each in newer["changed"]} == {"{no json"}

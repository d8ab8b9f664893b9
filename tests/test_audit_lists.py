"""Lists of the audit: their pages, orders and filters, and that each page is read from one index."""

import base64
import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Select, text

from auth.scopes import Scope
from loaders import statements
from loaders.edges import audit_events_of_tenant
from loaders.window import Position, Window, frozen
from models import AuditAction, AuditOutcome
from models.database import Database
from resolvers.auditing import Actor, Changed, Record, Target, append_apart
from tenantry.databases import Databases
from tests.ask import Ask
from tests.auditing import ACTOR, SECOND, make_chain
from tests.clock import START, HeldClock
from tests.estate import Estate, make_tenant
from tests.postgres import Urls, run_as_superuser
from tests.sql import statements as counted
from tests.test_audit_reading import NUMBERS, numbers

PEOPLE = [Actor("USER", "usr_1"), ACTOR, Actor("SYSTEM", None, "tenantry import"), Actor("ANONYMOUS")]
CHANGED = "{ auditEvents(first: %d) { nodes { number changed { field } } } }"


@pytest.fixture
async def six(databases: Databases, clock: HeldClock, acme: Estate) -> Estate:
    """A tenant with six records, a second apart: of four actors, two devices and three actions."""
    records = [
        Record(ACTOR, AuditAction.DEVICE_CREATED, Target("Device", "dev_1"), changed={"name": Changed(after="Door")}),
        Record(PEOPLE[0], AuditAction.DEVICE_UPDATED, Target("Device", "dev_1")),
        Record(ACTOR, AuditAction.DEVICE_UPDATED, Target("Device", "dev_2"), request_id="abc"),
        Record(PEOPLE[3], AuditAction.ACCESS_REFUSED, None, AuditOutcome.REFUSED, address="192.0.2.7"),
        Record(PEOPLE[2], AuditAction.ESTATE_IMPORTED, Target("Tenant", "ten_1")),
        Record(PEOPLE[0], AuditAction.ACCESS_REFUSED, Target("Device", "dev_1"), AuditOutcome.REFUSED),
    ]
    for each in records:
        await append_apart(databases.app, clock, acme.tenant.id, [each])
        clock.advance(SECOND)
    return acme


def moment(seconds: int) -> str:
    """So many seconds after the first record, as the graph spells it."""
    return (START + timedelta(seconds=seconds)).isoformat()


@pytest.mark.parametrize(
    ("sought", "expected"),
    [
        ({}, [6, 5, 4, 3, 2, 1]),
        ({"actorId": {"eq": "usr_1"}}, [6, 2]),
        ({"actorId": {"isNull": True}}, [5, 4]),
        ({"actorKind": {"eq": "ANONYMOUS"}}, [4]),
        ({"actorKind": {"in": ["SYSTEM", "USER"]}}, [6, 5, 2]),
        ({"actorName": {"startsWith": "tenantry"}}, [5]),
        ({"targetId": {"eq": "dev_1"}}, [6, 2, 1]),
        ({"targetType": {"ne": "Device"}}, [5, 4]),
        ({"action": {"eq": "DEVICE_UPDATED"}}, [3, 2]),
        ({"action": {"in": ["DEVICE_CREATED", "ESTATE_IMPORTED"]}}, [5, 1]),
        ({"outcome": {"eq": "REFUSED"}}, [6, 4]),
        ({"outcome": {"ne": "REFUSED"}, "targetId": {"eq": "dev_1"}}, [2, 1]),
        ({"at": {"gte": moment(2), "lt": moment(4)}}, [4, 3]),
        ({"action": {"eq": "ACCESS_REFUSED"}, "at": {"gt": moment(3)}}, [6]),
        ({"number": {"eq": "3"}}, [3]),
        ({"number": {"in": ["1", "6", "7", "no number", str(2**63), "-1", "9" * 5000]}}, [6, 1]),
        ({"requestId": {"eq": "abc"}}, [3]),
        ({"address": {"matches": "192.0.*"}}, [4]),
        ({"or": [{"targetId": {"eq": "dev_2"}}, {"not": {"actorId": {"isNull": False}}}]}, [5, 4, 3]),
    ],
    ids=str,
)
async def test_filters_list_exactly_what_they_say(
    ask: Ask, six: Estate, sought: dict[str, Any], expected: list[int]
) -> None:
    """By actor, target, action, outcome and time, alone and together; the newest first, and counted."""
    outcome = await ask(six, NUMBERS, Scope.AUDIT_READ, filter=sought)
    assert numbers(outcome) == expected
    assert outcome.data["auditEvents"]["totalCount"] == len(expected)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(size=st.integers(1, 7), order=st.sampled_from([None, "NUMBER_ASC", "NUMBER_DESC"]), backward=st.booleans())
async def test_cursors_lead_through_the_whole_list_once(
    *, ask: Ask, six: Estate, size: int, order: str | None, backward: bool
) -> None:
    """In either order, from either end, whatever the size of the pages."""
    found: list[int] = []
    cursor = None
    size_name, place, edge, more = (
        ("last", "before", "startCursor", "hasPreviousPage")
        if backward
        else ("first", "after", "endCursor", "hasNextPage")
    )
    query = f"""query ($size: Int, $cursor: String, $order: AuditEventOrder) {{
      auditEvents({size_name}: $size, {place}: $cursor, orderBy: $order) {{
        nodes {{ number }} pageInfo {{ {edge} {more} }} }} }}"""
    while True:
        outcome = await ask(six, query, Scope.AUDIT_READ, size=size, cursor=cursor, order=order)
        page = numbers(outcome)
        found = page + found if backward else found + page
        info = outcome.data["auditEvents"]["pageInfo"]
        if not info[more]:
            break
        cursor = info[edge]
    everything = list(range(1, max(found) + 1))
    assert found == (everything if order == "NUMBER_ASC" else everything[::-1])


@pytest.mark.parametrize("second", ['"x"', '"2026-03-01T12:00:00"', '"0001-01-01T00:00:00+14:00"', "7", "null"])
@pytest.mark.parametrize("first", ['"x"', f'"{2**63}"', '"-1"', "1", '"1"'])
async def test_what_is_no_cursor_is_refused(ask: Ask, acme: Estate, first: str, second: str) -> None:
    """A number that cannot be, a time that is none: nothing reaches the database."""
    made = f'["audit_events_of_tenant:NUMBER:DESC",{first},{second}]'
    outcome = await ask(acme, NUMBERS, Scope.AUDIT_READ, after=base64.urlsafe_b64encode(made.encode()).decode())
    assert outcome.codes == ["BAD_USER_INPUT"]
    assert "not a cursor" in outcome.errors[0]["message"]


async def test_values_cost_one_statement_more_whatever_the_page(
    ask: Ask, databases: Databases, clock: HeldClock, acme: Estate
) -> None:
    """And none where they are not selected."""
    await make_chain(databases, clock, acme.tenant.id, 30)
    costs = []
    for query in (CHANGED % 2, CHANGED % 30, "{ auditEvents { nodes { number } } }"):
        with counted() as sent:
            assert (await ask(acme, query, Scope.AUDIT_READ)).errors == []
        costs.append(len(sent))
    assert costs == [2, 2, 1]


@pytest.fixture(scope="module")
async def years(databases: Databases, urls: Urls) -> uuid.UUID:
    """A tenant with 20,000 records, an hour apart, of a hundred actors, targets and twenty actions."""
    clock = HeldClock(START, 4711)
    tenant_id: uuid.UUID = (await make_tenant(databases, clock, "busy")).id
    actions = ", ".join(f"'{action}'" for action in list(AuditAction)[:20])
    superuser = Database(urls.superuser, pool_size=1)
    async with superuser.write(tenant_id) as connection:
        await connection.execute(
            text(
                "INSERT INTO audit_record SELECT :tenant, n, timestamptz '2020-01-01 00:00Z' + n * interval '1 hour', "  # noqa: S608 (constants)
                "'SERVICE', 'svc_' || n % 100, 'ci', NULL, "
                f"(ARRAY[{actions}])[1 + n % 20], 'Device', 'dev_' || n % 100, 'SUCCEEDED', NULL, NULL, '{{}}', "
                "'x', 'x' FROM generate_series(1, 20000) n"
            ),
            {"tenant": tenant_id},
        )
    await superuser.close()
    await run_as_superuser(urls.superuser, "ANALYZE audit_record")
    return tenant_id


SINCE = START.replace(year=2021)
PLANS = [
    ({}, "tenant_id_at_number"),
    ({"at": {"gte": SINCE, "lt": SINCE + timedelta(days=9)}}, "tenant_id_at_number"),
    ({"actorId": {"eq": "svc_7"}}, "tenant_id_actor_id_at_number"),
    ({"targetId": {"eq": "dev_7"}}, "tenant_id_target_id_at_number"),
    ({"targetId": {"eq": "dev_7"}, "at": {"gte": SINCE}}, "tenant_id_target_id_at_number"),
    ({"action": {"eq": AuditAction.AREA_MOVED}}, "tenant_id_action_at_number"),
    ({"action": {"eq": AuditAction.AREA_MOVED}, "at": {"lt": SINCE}}, "tenant_id_action_at_number"),
]


@pytest.mark.parametrize("after", [None, Position(SINCE, 9000)], ids=["newest", "after a cursor"])
@pytest.mark.parametrize(("sought", "index"), PLANS, ids=lambda each: each if isinstance(each, str) else str([*each]))
async def test_a_page_is_read_from_one_index_in_its_order(
    *, databases: Databases, years: uuid.UUID, sought: dict[str, Any], index: str, after: Position | None
) -> None:
    """Nothing is sorted, and no record is passed over that the filter does not want."""
    window = Window(size=20, order="NUMBER", descending=True, filter=frozen(sought), after=after)
    page = statements.pages(audit_events_of_tenant, years, lambda _entity: None, [years], window)
    plan = await explained(databases, years, page)
    _, found, scan = plan.partition(f"audit_record_default_{index}")
    assert found, plan
    assert "Filter" not in scan.partition("->")[0], plan
    assert not re.search("->  (Incremental )?Sort |Seq Scan on audit_record_default", plan), plan


async def explained(databases: Databases, tenant_id: uuid.UUID, statement: Select[Any]) -> str:
    """The plan that the application's role is given for a statement."""
    compiled: Any = statement.compile(dialect=databases.app.engine.dialect)
    given = [compiled.params[name] for name in compiled.positiontup or ()]
    async with databases.app.read(tenant_id) as connection:
        raw: Any = (await connection.get_raw_connection()).driver_connection
        return "\n".join(line for (line,) in await raw.fetch(f"EXPLAIN {compiled}", *given))

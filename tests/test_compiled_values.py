"""Where the two executors once parted, or might: values at the edges, each written by both as the same bytes."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from graphql import GraphQLSchema
from sqlalchemy import text

from auth.limits import Limits
from auth.scopes import Scope
from models import Device, Location
from models.hierarchy import Node, ReachKind
from schema.graph import Graph
from schema.operation import OperationRequest
from tenantry.databases import Databases
from tests.ask import Outcome, caller_of
from tests.clock import HeldClock
from tests.estate import Estate, add

READ = frozenset(scope for scope in Scope if scope.endswith(".read"))
SMALL = [0.0, -0.0, 90.0, 12.5, 1e-4, 9.999e-5, 1e-5, 1.234e-5, 9.9e-6, 1e-6, -1.5e-7, 1e-10, 5e-324, 0.1 + 0.2]
HARD = ['"\\/', "\b\f\n\r\t", "\x01\x1f\x7f", "\u2028é😀\U0010ffff", "%s:x$1{}'"]
Both = Callable[..., Awaitable[Any]]


@pytest.fixture
def both(built: GraphQLSchema, databases: Databases, clock: HeldClock, acme: Estate) -> Both:
    """What both executors answer a caller of acme's, bound to a node or not; the first does compile it."""
    compiled, plain = (Graph(built, databases.app, clock, Limits(), compiles=each) for each in (True, False))

    async def run(query: str, node: Node | None = None, **variables: Any) -> Any:
        caller, request = caller_of(acme.tenant, clock, READ, node=node), OperationRequest(query, variables)
        assert compiled.compiled(request, caller).statement.text.startswith("SELECT")
        answers = [await graph.run(request, caller, "r") for graph in (compiled, plain)]
        assert answers[0] == answers[1]
        return Outcome(answers[0]).data

    return run


@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        (datetime.max.replace(tzinfo=UTC), "9999-12-31T23:59:59.999Z"),
        (datetime.min.replace(tzinfo=UTC), "0001-01-01T00:00:00.000Z"),
        (datetime(2026, 3, 1, 12, 0, 0, 999_999, tzinfo=UTC), "2026-03-01T12:00:00.999Z"),
        (datetime(1969, 12, 31, 23, 59, 59, 1, tzinfo=UTC), "1969-12-31T23:59:59.000Z"),
        (datetime(2026, 3, 1, tzinfo=timezone(timedelta(hours=5, minutes=45))), "2026-02-28T18:15:00.000Z"),
        (datetime(33, 4, 3, tzinfo=UTC), "0033-04-03T00:00:00.000Z"),
    ],
    ids=str,
)
async def test_moments_are_cut_to_milliseconds(
    both: Both, databases: Databases, acme: Estate, moment: datetime, shown: str
) -> None:
    """In UTC whatever the session's zone; the driver keeps the first and the last moment as infinite ones."""
    async with databases.app.write(acme.tenant.id) as connection:
        await connection.execute(text("UPDATE device SET last_seen_at = :moment"), {"moment": moment})
        await connection.execute(text("SET LOCAL TIME ZONE 'Asia/Kathmandu'"))
    data = await both("{ devices { nodes { lastSeenAt } } }")
    assert data == {"devices": {"nodes": [{"lastSeenAt": shown}]}}


@pytest.mark.parametrize("day", [date.min, date.max, date(2028, 2, 29)], ids=str)
async def test_days_are_written_whole(both: Both, databases: Databases, acme: Estate, day: date) -> None:
    """The first and the last one too."""
    async with databases.app.write(acme.tenant.id) as connection:
        await connection.execute(text("UPDATE device SET warranty_ends_at = :day"), {"day": day})
    assert await both("{ devices { nodes { warrantyEndsAt } } }") == {
        "devices": {"nodes": [{"warrantyEndsAt": str(day)}]}
    }


@pytest.mark.parametrize("number", SMALL)
async def test_floats_are_the_shortest_that_read_back_the_same(
    both: Both, databases: Databases, clock: HeldClock, acme: Estate, number: float
) -> None:
    """Whole ones show that they are no Int; small ones have an exponent."""
    place = {"latitude": number, "longitude": -number}
    await add(databases, clock, Location, acme.tenant.id, code="x", name="X", **place)
    data = await both('{ locations(filter: {code: {eq: "x"}}) { nodes { latitude longitude } } }')
    assert data == {"locations": {"nodes": [place]}}


@pytest.mark.parametrize("name", HARD, ids=ascii)
async def test_text_is_escaped_alike(
    both: Both, databases: Databases, clock: HeldClock, acme: Estate, name: str
) -> None:
    """In values, in lists of them, and in cursors, which lead on from where they were given out."""
    row = {"name": name, "serial": "x", "labels": [name, ""], "type_id": acme.device_type.id}
    await add(databases, clock, Device, acme.tenant.id, **row)
    query = """query ($after: String) { devices(orderBy: NAME_DESC, after: $after) {
      edges { cursor node { name labels } } } }"""
    edges = (await both(query))["devices"]["edges"]
    [found] = [edge for edge in edges if edge["node"]["name"] == name]
    assert found["node"]["labels"] == [name, ""]
    assert (await both(query, after=found["cursor"]))["devices"]["edges"] == edges[edges.index(found) + 1 :]


async def test_json_and_decimals_are_written_as_they_are_kept(
    both: Both, databases: Databases, clock: HeldClock, acme: Estate
) -> None:
    """No digit is lost, and no key moves."""
    reported = {"b": 1, "a": [1.10, 1e300, 2**63, -0.0, None, True, {}], 'é"\\': "\x01😀"}
    row = {"name": "x", "serial": "x", "type_id": acme.device_type.id, "purchase_value": Decimal("0.10")}
    await add(databases, clock, Device, acme.tenant.id, **row, reported=reported)
    [node] = (await both('{ devices(filter: {serial: {eq: "x"}}) { nodes { reported desired purchaseValue } } }'))[
        "devices"
    ]["nodes"]
    assert node == {"reported": reported, "desired": {}, "purchaseValue": "0.10"}


async def test_pages_that_show_no_row_show_what_they_count(both: Both) -> None:
    """Nothing is read for a page's number and size; totals are counted; ends of an empty page are null."""
    data = await both(
        """{ a: devices(first: 3, page: 2) { paging { page pages size total } pageInfo { hasPreviousPage } }
             b: devices(first: 7, page: 2) { paging { size page } }
             c: devices(search: "nowhere") {
                  pageInfo { startCursor endCursor hasNextPage } nodes { id } edges { cursor } }
             d: devices { __typename } }"""
    )
    assert data == {
        "a": {"paging": {"page": 2, "pages": 1, "size": 3, "total": 1}, "pageInfo": {"hasPreviousPage": True}},
        "b": {"paging": {"size": 7, "page": 2}},
        "c": {"pageInfo": {"startCursor": None, "endCursor": None, "hasNextPage": False}, "nodes": [], "edges": []},
        "d": {"__typename": "DeviceConnection"},
    }


async def test_what_lies_above_a_node_is_masked_alike(both: Both, acme: Estate) -> None:
    """An ancestor out of reach shows its id, name and kind; its lists are empty, and lie nowhere."""
    query = """{ devices { nodes { location { id name city latitude createdAt organization { id key name }
      areas(first: 1, page: 2) { totalCount pageInfo { hasNextPage hasPreviousPage startCursor } nodes { id } }
      tenant { id name slug status number branding { logoUrl } parent { id } } } } }
      tenants { nodes { id name slug } edges { cursor } } tenant { name shortId } }"""
    data = await both(query, Node(ReachKind.AREA, acme.area.id, acme.location.id))
    location = data["devices"]["nodes"][0]["location"]
    assert (location["name"], location["city"], location["createdAt"]) == (acme.location.name, None, None)
    assert location["areas"]["pageInfo"] == {"hasNextPage": False, "hasPreviousPage": True, "startCursor": None}
    assert data["tenants"]["nodes"] == [{"id": f"ten_{acme.tenant.id}", "name": "Acme", "slug": None}]


async def test_the_own_tenants_estate_is_gone_into_by_any_of_its_names(both: Both, acme: Estate) -> None:
    """By its id, as a node, from its rows, and where nothing is said."""
    inside = "... on Tenant { devices { totalCount } }"
    data = await both(
        f"""query ($id: ID!) {{
            a: tenant(id: $id) {{ {inside} }} b: node(id: $id) {{ {inside} }} c: tenant {{ {inside} }}
            d: locations {{ nodes {{ tenant {{ {inside} }} }} }} }}""",
        id=f"ten_{acme.tenant.id}",
    )
    one = {"devices": {"totalCount": 1}}
    assert data == {"a": one, "b": one, "c": one, "d": {"nodes": [{"tenant": one}]}}

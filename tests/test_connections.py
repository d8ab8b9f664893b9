"""Lists: page sizes, cursors that stay right while rows come and go, numbered pages, orderings, totals."""

import base64
import uuid
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from auth.scopes import Scope
from loaders.entities import DEVICE, LOCATION
from models import Location
from tenantry.databases import Databases
from tests.ask import Ask
from tests.clock import START, HeldClock
from tests.estate import Estate, add, make_estate

CODES = """query ($first: Int, $after: String, $last: Int, $before: String, $page: Int, $order: LocationOrder) {
  locations(first: $first, after: $after, last: $last, before: $before, page: $page, orderBy: $order) {
    nodes { code } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount
    paging { total page pages size } } }"""


async def seven(databases: Databases, clock: HeldClock, acme: Estate) -> list[str]:
    """Seven locations' codes in order, the estate's own among them."""
    for code in "abcdef":
        await add(databases, clock, Location, acme.tenant.id, code=code, name=f"Location {code}")
    return [*"abcdef", "hq"]


def codes(connection: dict[str, Any]) -> list[str]:
    return [node["code"] for node in connection["nodes"]]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"first": 0}, "from 1 to 100"),
        ({"first": 101}, "from 1 to 100"),
        ({"first": -1}, "from 1 to 100"),
        ({"last": 0}, "from 1 to 100"),
        ({"first": 5, "last": 5}, "does not go with"),
        ({"page": 0}, "from 1 to"),
        ({"first": 100, "page": 101}, "from 1 to 100"),
        ({"page": 2, "after": "x"}, "does not go with"),
        ({"after": "nonsense"}, "not a cursor"),
        ({"after": ""}, "not a cursor"),
        ({"after": base64.urlsafe_b64encode(b'["areas_of_location:ID:ASC","x"]').decode()}, "not a cursor"),
        ({"before": base64.urlsafe_b64encode(orjson.dumps([1, 2, 3])).decode()}, "not a cursor"),
    ],
    ids=str,
)
async def test_a_part_that_cannot_be_is_refused(ask: Ask, acme: Estate, arguments: dict[str, Any], words: str) -> None:
    """The message names the argument and says what would do."""
    outcome = await ask(acme, CODES, Scope.LOCATIONS_READ, **arguments)
    assert outcome.codes == ["BAD_USER_INPUT"]
    assert words in outcome.errors[0]["message"]
    assert outcome.data is None


@pytest.mark.parametrize("order", ["NAME_ASC", "CODE_DESC", "ID_ASC"])
async def test_a_cursor_of_another_ordering_or_list_is_refused(ask: Ask, acme: Estate, order: str) -> None:
    """Reading it as a place in this list would skip or repeat rows."""
    taken = await ask(acme, CODES, Scope.LOCATIONS_READ, order="CODE_ASC")
    cursor = taken.data["locations"]["pageInfo"]["endCursor"]
    other_order = await ask(acme, CODES, Scope.LOCATIONS_READ, after=cursor, order=order)
    other_list = await ask(acme, "query ($c: String) { areas(after: $c) { totalCount } }", Scope.AREAS_READ, c=cursor)
    assert (other_order.codes, other_list.codes) == (["BAD_USER_INPUT"], ["BAD_USER_INPUT"])


async def test_twenty_rows_come_where_nothing_is_said(
    ask: Ask, databases: Databases, clock: HeldClock, acme: Estate
) -> None:
    """The default page size."""
    for number in range(25):
        await add(databases, clock, Location, acme.tenant.id, code=f"l{number}", name="L")
    outcome = await ask(acme, CODES, Scope.LOCATIONS_READ)
    assert len(outcome.data["locations"]["nodes"]) == 20
    assert outcome.data["locations"]["totalCount"] == 26
    assert outcome.data["locations"]["paging"] == {"total": 26, "page": 1, "pages": 2, "size": 20}


async def test_pages_forward_and_backward_meet(ask: Ask, databases: Databases, clock: HeldClock, acme: Estate) -> None:
    """`last` with `before` gives the same rows in the same order as `first` with `after`."""
    expected = await seven(databases, clock, acme)
    forward = (await ask(acme, CODES, Scope.LOCATIONS_READ, first=4, order="CODE_ASC")).data["locations"]
    end = forward["pageInfo"]["endCursor"]
    rest = (await ask(acme, CODES, Scope.LOCATIONS_READ, first=4, after=end, order="CODE_ASC")).data["locations"]
    start = rest["pageInfo"]["startCursor"]
    back = (await ask(acme, CODES, Scope.LOCATIONS_READ, last=3, before=start, order="CODE_ASC")).data["locations"]
    assert codes(forward) + codes(rest) == expected
    assert codes(back) == expected[1:4]
    assert (forward["pageInfo"]["hasNextPage"], forward["pageInfo"]["hasPreviousPage"]) == (True, False)
    assert (rest["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasPreviousPage"]) == (False, True)
    assert (back["pageInfo"]["hasNextPage"], back["pageInfo"]["hasPreviousPage"]) == (True, True)


async def test_numbered_pages_cover_the_list(ask: Ask, databases: Databases, clock: HeldClock, acme: Estate) -> None:
    """For those who count pages."""
    expected = await seven(databases, clock, acme)
    pages = [
        (await ask(acme, CODES, Scope.LOCATIONS_READ, first=3, page=page, order="CODE_ASC")).data["locations"]
        for page in (1, 2, 3, 4)
    ]
    assert [codes(page) for page in pages] == [expected[:3], expected[3:6], expected[6:], []]
    assert pages[2]["paging"] == {"total": 7, "page": 3, "pages": 3, "size": 3}


async def test_a_descending_order_is_the_ascending_one_reversed(
    ask: Ask, databases: Databases, clock: HeldClock, acme: Estate
) -> None:
    """Page by page, from its own cursors."""
    expected = await seven(databases, clock, acme)
    found: list[str] = []
    after = None
    while True:
        outcome = await ask(acme, CODES, Scope.LOCATIONS_READ, first=2, after=after, order="CODE_DESC")
        page = outcome.data["locations"]
        found += codes(page)
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert found == expected[::-1]


async def test_an_empty_list_has_no_cursors(ask: Ask, acme: Estate) -> None:
    """And no pages, and a total of none."""
    outcome = await ask(
        acme,
        '{ devices(search: "nothing like it") { nodes { id } totalCount paging { pages } '
        "pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }",
        Scope.DEVICES_READ,
    )
    info = {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None}
    assert outcome.data["devices"] == {"nodes": [], "totalCount": 0, "paging": {"pages": 0}, "pageInfo": info}


async def test_a_neighbours_cursor_is_only_a_place(ask: Ask, acme: Estate, globex: Estate) -> None:
    """It shows no row of the neighbour's, and says nothing of whether there is one."""
    taken = await ask(globex, CODES, Scope.LOCATIONS_READ, order="CODE_ASC")
    cursor = taken.data["locations"]["pageInfo"]["endCursor"]
    outcome = await ask(acme, CODES, Scope.LOCATIONS_READ, before=cursor, last=5, order="CODE_ASC")
    assert codes(outcome.data["locations"]) in ([], ["hq"])


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    names=st.lists(st.sampled_from(["", "a", "B", "ä", "a a", "\U0001f600", "zz"]), min_size=1, max_size=12),
    size=st.integers(1, 5),
    order=st.sampled_from(["NAME_ASC", "NAME_DESC", "ID_ASC", "ID_DESC", "CODE_DESC"]),
    gone=st.integers(0, 11),
)
async def test_a_cursor_never_skips_or_repeats(
    *, ask: Ask, databases: Databases, names: list[str], size: int, order: str, gone: int
) -> None:
    """Walking the pages while a row that was shown goes and others come gives each remaining row exactly once."""
    clock = HeldClock(START, uuid.uuid4().int)
    estate = await make_estate(databases, clock, "walker")
    rows = [estate.location] + [
        await add(databases, clock, Location, estate.tenant.id, code=f"c{number}", name=name)
        for number, name in enumerate(names)
    ]
    victim = rows[gone % len(rows)]
    query = """query ($n: Int, $after: String, $o: LocationOrder) { locations(first: $n, after: $after, orderBy: $o) {
               edges { cursor node { id } } pageInfo { hasNextPage } } }"""
    seen: list[str] = []
    after = None
    while True:
        outcome = await ask(estate, query, Scope.LOCATIONS_READ, n=size, after=after, o=order)
        page = outcome.data["locations"]
        seen += [edge["node"]["id"] for edge in page["edges"]]
        if f"loc_{victim.id}" in seen:
            async with databases.app.write(estate.tenant.id) as connection:
                await connection.execute(delete(Location).where(Location.id == victim.id, Location.code != "hq"))
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["edges"][-1]["cursor"]
    assert sorted(seen) == sorted(f"loc_{row.id}" for row in rows)


def test_each_type_offers_the_orderings_that_it_declares() -> None:
    """The graph's enums come from the loaders' declarations."""
    assert list(LOCATION.orders) == ["ID", "NAME", "CODE"]
    assert list(DEVICE.orders) == ["ID", "NAME", "SERIAL"]

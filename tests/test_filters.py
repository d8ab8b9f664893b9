"""Filters: each operator, their combination, and the law that a filter lists exactly what it says."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.scopes import Scope
from loaders.columns import camel_case, snake_case
from loaders.filters import upper_bound
from models import Device
from tenantry.databases import Databases
from tests.ask import Ask
from tests.clock import HeldClock
from tests.estate import Estate, add

LIST = """query ($filter: DeviceFilter, $search: String) {
  devices(filter: $filter, search: $search, orderBy: SERIAL_ASC, first: 100) { nodes { serial } totalCount } }"""


@pytest.fixture
async def fleet(databases: Databases, clock: HeldClock, acme: Estate) -> Estate:
    """Acme with a few devices more: S-1, s-2, T_3, T%4, ü-5."""
    fields: list[dict[str, Any]] = [
        {"serial": "S-1", "name": "Alpha", "status": "ONLINE", "purchase_value": 10, "last_seen_at": clock.now()},
        {"serial": "s-2", "name": "beta", "status": "OFFLINE", "last_seen_at": clock.now() - timedelta(days=2)},
        {"serial": "T_3", "name": "Gamma", "enabled": False, "firmware": "1.10"},
        {"serial": "T%4", "name": "Delta", "labels": ["spare"], "firmware": "1.9"},
        {"serial": "ü-5", "name": "Epsilon", "simulated": True, "parent_id": acme.device.id},
    ]
    for each in fields:
        await add(databases, clock, Device, acme.tenant.id, type_id=acme.device_type.id, **each)
    return acme


@pytest.mark.parametrize(
    ("given_filter", "expected"),
    [
        ({}, ["R-0001", "S-1", "T%4", "T_3", "s-2", "ü-5"]),
        (None, ["R-0001", "S-1", "T%4", "T_3", "s-2", "ü-5"]),
        ({"serial": {"eq": "S-1"}}, ["S-1"]),
        ({"serial": {"ne": "S-1"}}, ["R-0001", "T%4", "T_3", "s-2", "ü-5"]),
        ({"serial": {"in": ["S-1", "ü-5", "none"]}}, ["S-1", "ü-5"]),
        ({"serial": {"in": []}}, []),
        ({"serial": {"startsWith": "T"}}, ["T%4", "T_3"]),
        ({"serial": {"startsWith": "T_"}}, ["T_3"]),
        ({"serial": {"startsWith": ""}}, ["R-0001", "S-1", "T%4", "T_3", "s-2", "ü-5"]),
        ({"serial": {"contains": "%"}}, ["T%4"]),
        ({"serial": {"matches": "T*"}}, ["T%4", "T_3"]),
        ({"serial": {"matches": "*-*"}}, ["R-0001", "S-1", "s-2", "ü-5"]),
        ({"serial": {"matches": "T_*"}}, ["T_3"]),
        ({"serial": {"matches": "*_3"}}, ["T_3"]),
        ({"serial": {"matches": "S-1"}}, ["S-1"]),
        ({"serial": {"matches": "*"}}, ["R-0001", "S-1", "T%4", "T_3", "s-2", "ü-5"]),
        ({"serial": {"gt": "S-1", "lte": "T_3"}}, ["T%4", "T_3"]),
        ({"firmware": {"lt": "1.9"}}, ["T_3"]),
        ({"firmware": {"ne": "1.9"}}, ["R-0001", "S-1", "T_3", "s-2", "ü-5"]),
        ({"firmware": {"isNull": False}}, ["T%4", "T_3"]),
        ({"firmware": {"isNull": True}, "enabled": {"eq": True}}, ["R-0001", "S-1", "s-2", "ü-5"]),
        ({"status": {"in": ["ONLINE", "OFFLINE"]}}, ["R-0001", "S-1", "s-2"]),
        ({"status": {"ne": "UNKNOWN"}}, ["R-0001", "S-1", "s-2"]),
        ({"enabled": {"eq": False}}, ["T_3"]),
        ({"labels": {"has": "spare"}}, ["T%4"]),
        ({"purchaseValue": {"gte": "9.99", "lt": "10.01"}}, ["S-1"]),
        ({"lastSeenAt": {"lt": "2026-02-28T13:00:00+01:00"}}, ["s-2"]),
        ({"not": {"firmware": {"eq": "1.9"}}}, ["R-0001", "S-1", "T_3", "s-2", "ü-5"]),
        ({"or": [{"serial": {"eq": "S-1"}}, {"name": {"eq": "beta"}}]}, ["S-1", "s-2"]),
        ({"or": []}, []),
        ({"and": [{"serial": {"startsWith": "T"}}, {"not": {"enabled": {"eq": False}}}]}, ["T%4"]),
        ({"serial": {"eq": None}}, ["R-0001", "S-1", "T%4", "T_3", "s-2", "ü-5"]),
        ({"serial": None}, ["R-0001", "S-1", "T%4", "T_3", "s-2", "ü-5"]),
        ({"id": {"eq": "nonsense"}}, []),
        ({"id": {"isNull": True}}, []),
        ({"parentId": {"isNull": False}}, ["ü-5"]),
    ],
    ids=str,
)
async def test_a_filter_lists_what_it_says(ask: Ask, fleet: Estate, given_filter: Any, expected: list[str]) -> None:
    """Every operator; text in byte order, wildcards only where they are wildcards."""
    outcome = await ask(fleet, LIST, Scope.DEVICES_READ, filter=given_filter)
    assert [node["serial"] for node in outcome.data["devices"]["nodes"]] == expected
    assert outcome.data["devices"]["totalCount"] == len(expected)


async def test_ids_filter_by_what_they_name(ask: Ask, fleet: Estate, globex: Estate) -> None:
    """An id of another type, or a neighbour's, names no row."""

    async def count(**conditions: Any) -> int:
        outcome = await ask(fleet, LIST, Scope.DEVICES_READ, filter=conditions)
        total: int = outcome.data["devices"]["totalCount"]
        return total

    assert await count(areaId={"eq": f"area_{fleet.area.id}"}) == 1
    assert await count(areaId={"eq": f"loc_{fleet.area.id}"}) == 0
    assert await count(areaId={"eq": f"area_{globex.area.id}"}) == 0
    assert await count(id={"in": [f"dev_{fleet.device.id}", f"dev_{globex.device.id}"]}) == 1
    assert await count(parentId={"eq": f"dev_{fleet.device.id}"}) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [("ALPHA", ["S-1"]), ("s-", ["S-1", "s-2"]), ("%", ["T%4"]), ("Ü", ["ü-5"]), ("", 6), ("\\", [])],
)
async def test_search_looks_at_name_and_serial_in_any_case(
    ask: Ask, fleet: Estate, text: str, expected: list[str] | int
) -> None:
    """A part of either is enough; no character is special; nothing means everything."""
    outcome = await ask(fleet, LIST, Scope.DEVICES_READ, search=text)
    found = [node["serial"] for node in outcome.data["devices"]["nodes"]]
    assert (len(found) if isinstance(expected, int) else found) == expected


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b"], ids=["NUL", "surrogate"])
@pytest.mark.parametrize("place", ["search", "filter"])
async def test_text_that_postgresql_cannot_hold_is_refused(ask: Ask, acme: Estate, text: str, place: str) -> None:
    """A clear error, not a fault."""
    variables = {"search": text} if place == "search" else {"filter": {"name": {"eq": text}}}
    outcome = await ask(acme, LIST, Scope.DEVICES_READ, **variables)
    assert outcome.codes == ["BAD_USER_INPUT"]


@pytest.mark.parametrize("levels", [60, 9000])
async def test_a_filter_that_nests_too_deep_is_refused(ask: Ask, acme: Estate, levels: int) -> None:
    """Whatever its size, it costs neither the stack nor the database."""
    nested: dict[str, Any] = {"serial": {"eq": "x"}}
    for _ in range(levels):
        nested = {"not": nested}
    outcome = await ask(acme, LIST, Scope.DEVICES_READ, filter=nested)
    assert outcome.codes == ["BAD_USER_INPUT"]


async def test_a_filter_with_too_many_terms_is_refused(ask: Ask, acme: Estate) -> None:
    """A hundred conditions are enough for one list."""
    outcome = await ask(acme, LIST, Scope.DEVICES_READ, filter={"or": [{"serial": {"eq": "x"}}] * 200})
    assert outcome.codes == ["BAD_USER_INPUT"]


@pytest.mark.parametrize(
    "bad",
    [
        {"status": {"eq": "BROKEN"}},
        {"colour": {"eq": "red"}},
        {"lastSeenAt": {"lt": "yesterday"}},
        {"lastSeenAt": {"lt": "2026-01-01T00:00:00"}},
        {"purchaseValue": {"eq": 12.5}},
        {"purchaseValue": {"eq": "NaN"}},
        {"enabled": {"eq": "yes"}},
        {"serial": "S-1"},
    ],
    ids=str,
)
async def test_a_filter_of_the_wrong_shape_is_refused(ask: Ask, acme: Estate, bad: dict[str, Any]) -> None:
    """Before anything runs, naming the variable."""
    outcome = await ask(acme, LIST, Scope.DEVICES_READ, filter=bad)
    assert (outcome.status, outcome.data) == (400, None)
    assert outcome.codes == ["BAD_USER_INPUT"]
    assert "$filter" in outcome.errors[0]["message"]


@given(prefix=st.text(max_size=5), rest=st.text(max_size=5), other=st.text(max_size=8))
def test_a_range_holds_exactly_what_starts_with_its_prefix(prefix: str, rest: str, other: str) -> None:
    """In byte order, as COLLATE "C" has it."""
    bound = upper_bound(prefix)

    def inside(text: str) -> bool:
        return text.encode() >= prefix.encode() and (bound is None or text.encode() < bound.encode())

    assert inside(prefix + rest)
    assert inside(other) == other.startswith(prefix)


@given(st.from_regex(r"[a-z]+(_[a-z]+)*", fullmatch=True))
def test_names_of_fields_and_columns_are_each_others_mirror(name: str) -> None:
    """`lastSeenAt` and `last_seen_at`."""
    assert snake_case(camel_case(name)) == name

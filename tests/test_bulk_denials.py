"""Bulk changes, refused: without their scopes, and for whatever in an item is not the caller's."""

import uuid
from typing import Any

import pytest

from auth.scopes import Scope
from loaders.entities import BY_NAME
from models.ids import encode
from tenantry.databases import Databases
from tests.ask import Ask
from tests.bulk import BULK, CREATE, UPDATE, ask_bulk, bulk, bulk_document, device, kinds
from tests.changing import EVERYTHING, Node, everything
from tests.estate import Estate

COUNTS = "{ __typename ... on BulkDevices { written items { index problem { message } } } }"
# What an item may name beside its own row.
NAMED: list[tuple[str, str, Any]] = [
    (CREATE, "DeviceType", lambda its: {"typeId": its}),
    (CREATE, "Location", lambda its: {"place": {"locationId": its}}),
    (CREATE, "Area", lambda its: {"place": {"areaId": its}}),
    (CREATE, "Device", lambda its: {"parentId": its}),
    (CREATE, "Organization", lambda its: {"organizationId": its}),
    (UPDATE, "Device", lambda its: {"id": its}),
    (UPDATE, "DeviceType", lambda its: {"typeId": its}),
    (UPDATE, "Device", lambda its: {"parentId": its}),
    (UPDATE, "Organization", lambda its: {"organizationId": its}),
]


def good(estate: Estate, field: str) -> Node:
    """An item that would be written."""
    return device(estate, "new") if field == CREATE else {"id": estate.ids["Device"], "name": "New"}


@pytest.mark.parametrize("field", BULK)
async def test_a_bulk_change_asks_for_its_scope(ask: Ask, databases: Databases, acme: Estate, field: str) -> None:
    """With every other scope of the vocabulary the whole operation is refused, and nothing changes."""
    before = await everything(databases, acme)
    others = [scope for scope in Scope if scope is not Scope.DEVICES_WRITE]
    outcome = await ask(acme, bulk_document(field), *others, **{"in": {"items": [good(acme, field)]}})
    assert (outcome.status, outcome.codes, outcome.data) == (403, ["FORBIDDEN_SCOPE"], None)
    missing = outcome.errors[0]["extensions"]["missing"]
    assert missing == [{"field": f"Mutation.{field}", "scopes": ["tenant.devices.write"]}]
    assert await everything(databases, acme) == before


@pytest.mark.parametrize("field", BULK)
async def test_the_devices_of_an_answer_ask_for_their_own_scope(
    ask: Ask, databases: Databases, acme: Estate, field: str
) -> None:
    """Who may write and not read is told how it went, and refused as a whole where it asks for the rows."""
    before = await everything(databases, acme)
    given = {"in": {"items": [good(acme, field)]}}
    shows = bulk_document(field, "{ ... on BulkDevices { items { device { id } } } }")
    outcome = await ask(acme, shows, Scope.DEVICES_WRITE, **given)
    assert (outcome.status, outcome.codes) == (403, ["FORBIDDEN_SCOPE"])
    missing = outcome.errors[0]["extensions"]["missing"]
    assert missing == [{"field": "BulkDeviceItem.device", "scopes": ["tenant.devices.read"]}]
    assert await everything(databases, acme) == before
    blind = await ask(acme, bulk_document(field, COUNTS), Scope.DEVICES_WRITE, **given)
    assert blind.data[field] == {
        "__typename": "BulkDevices", "written": 1, "items": [{"index": 0, "problem": None}],
    }  # fmt: skip


@pytest.mark.parametrize("named", NAMED, ids=lambda each: f"{each[0]}-{each[1]}")
@pytest.mark.parametrize("atomic", [False, True], ids=["each", "atomic"])
async def test_a_neighbours_thing_in_an_item_is_one_that_never_was(  # noqa: PLR0917
    ask: Ask,
    databases: Databases,
    acme: Estate,
    globex: Estate,
    named: tuple[str, str, Any],
    atomic: bool,  # noqa: FBT001
) -> None:
    """The same bytes, that item's own problem, nobody's rows touched."""
    field, target, given = named
    before = [await everything(databases, estate) for estate in (acme, globex)]
    answers = []
    for its in (globex.ids[target], encode(BY_NAME[target].prefix, uuid.uuid4())):
        item = {**(good(acme, field)), **given(its)}
        answers.append(await ask_bulk(ask, acme, field, [item], atomic=atomic))
    theirs, nobodys = answers
    assert theirs.answer == nobodys.answer
    assert kinds(theirs.data[field]) == ["NotFound"]
    assert [await everything(databases, estate) for estate in (acme, globex)] == before


async def test_a_neighbours_thing_keeps_no_other_item_back(
    ask: Ask, databases: Databases, acme: Estate, globex: Estate
) -> None:
    """What is good beside it is written, in the caller's own tenant."""
    before = await everything(databases, globex)
    items = [device(acme, "a"), device(acme, "b", parentId=globex.ids["Device"]), device(acme, "c")]
    assert kinds(await bulk(ask, acme, CREATE, items)) == ["Device", "NotFound", "Device"]
    ids = [globex.ids["Device"], acme.ids["Device"]]
    answered = await bulk(ask, acme, UPDATE, [{"id": each, "name": "Mine"} for each in ids])
    assert kinds(answered) == ["NotFound", "Device"]
    assert await everything(databases, globex) == before


async def test_a_neighbours_serial_does_not_count(ask: Ask, acme: Estate, globex: Estate) -> None:
    """Each tenant has its own."""
    await bulk(ask, globex, CREATE, [device(globex, "theirs")])
    assert kinds(await bulk(ask, acme, CREATE, [device(acme, "theirs")])) == ["Device"]


@pytest.mark.parametrize("bad", ["", "nonsense", "dev_x", "loc_", "ten_00000000-0000-0000-0000-000000000001", "\0"])
async def test_an_id_that_is_none_names_nothing(ask: Ask, acme: Estate, bad: str) -> None:
    """Nor does an id of another kind of thing, wherever it stands."""
    created = await bulk(ask, acme, CREATE, [{**good(acme, CREATE), **given(bad)} for _, _, given in NAMED[:5]])
    assert kinds(created) == ["NotFound"] * 5
    assert kinds(await bulk(ask, acme, UPDATE, [{"id": bad, "name": "New"}])) == ["NotFound"]


@pytest.mark.parametrize("field", BULK)
async def test_an_item_that_lacks_what_is_required_is_refused(ask: Ask, acme: Estate, field: str) -> None:
    """By the type of the input, and the whole operation with it."""
    outcome = await ask(acme, bulk_document(field), *EVERYTHING, **{"in": {"items": [{"name": "N"}]}})
    assert (outcome.status, set(outcome.codes), outcome.data) == (400, {"BAD_USER_INPUT"}, None)

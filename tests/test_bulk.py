"""Bulk changes: each item is answered for itself, in as many statements for three items as for three hundred."""

from itertools import pairwise
from typing import Any

import pytest

from tenantry.databases import Databases
from tests.ask import Ask
from tests.bulk import BULK, CREATE, UPDATE, bulk, device, kinds, made, rows
from tests.changing import Node, changed, events, everything
from tests.estate import Estate
from tests.sql import statements

TAKEN = {"__typename": "Conflict", "message": "The serial is taken by another device.", "currentVersion": None}


@pytest.mark.parametrize("field", BULK)
@pytest.mark.parametrize("count", [0, 1001])
async def test_too_few_or_too_many_items_are_refused(
    ask: Ask, databases: Databases, acme: Estate, field: str, count: int
) -> None:
    """Invalid, for the request as a whole, by the place of the list."""
    before = await everything(databases, acme)
    items = [device(acme, f"s-{at}") if field == CREATE else {"id": acme.ids["Device"]} for at in range(count)]
    refused = await bulk(ask, acme, field, items)
    assert (refused["__typename"], [each["path"] for each in refused["fields"]]) == ("Invalid", [["items"]])
    assert "from 1 to 1,000" in refused["message"]
    assert await everything(databases, acme) == before


async def test_what_is_bad_is_told_and_what_is_good_is_written(ask: Ask, databases: Databases, acme: Estate) -> None:
    """Each item answers in its place; an event for each row that was written, in the order of the input."""
    items = [
        device(acme, "a"),
        device(acme, "b", name=" ", currency="eur"),
        device(acme, "R-0001"),
        device(acme, "c", place={"areaId": acme.ids["Area"]}),
        device(acme, "a"),
    ]
    answered = await bulk(ask, acme, CREATE, items)
    assert kinds(answered) == ["Device", "Invalid", "Conflict", "Device", "Conflict"]
    assert (answered["written"], answered["refused"]) == (2, 3)
    assert [item["index"] for item in answered["items"]] == [0, 1, 2, 3, 4]
    assert [each["path"] for each in answered["items"][1]["problem"]["fields"]] == [["name"], ["currency"]]
    assert [answered["items"][at]["problem"] for at in (2, 4)] == [TAKEN, TAKEN]
    assert answered["items"][3]["device"]["location"] == {"id": acme.ids["Location"]}
    told = await events(databases, acme)
    assert [f"dev_{event['entity_id']}" for event in told] == [answered["items"][at]["device"]["id"] for at in (0, 3)]
    assert [(event["kind"], event["number"]) for event in told] == [("CREATED", 1), ("CREATED", 2)]
    assert told[1]["location_id"] == acme.location.id


@pytest.mark.parametrize(
    "bad",
    [{"serial": "R-0001"}, {"serial": "a"}, {"name": ""}, {"parentId": "dev_x"}],
    ids=["a serial that is taken", "a serial twice", "a name that is blank", "no parent"],
)
async def test_all_or_nothing_is_nothing_where_one_is_bad(
    ask: Ask, databases: Databases, acme: Estate, bad: dict[str, Any]
) -> None:
    """The bad one says why, every other one that it is not to blame."""
    before = await everything(databases, acme)
    items = [device(acme, "a"), device(acme, "b") | bad, device(acme, "c")]
    answered = await bulk(ask, acme, CREATE, items, atomic=True)
    assert (answered["written"], answered["refused"]) == (0, 3)
    told = [item["problem"]["message"] for item in answered["items"]]
    assert ["Another item was refused" in message for message in told] == [True, False, True]
    assert [item["device"] for item in answered["items"]] == [None] * 3
    assert await everything(databases, acme) == before
    assert kinds(await bulk(ask, acme, CREATE, [items[0], items[2]], atomic=True)) == ["Device"] * 2


async def test_an_update_is_all_or_nothing_too(ask: Ask, databases: Databases, acme: Estate) -> None:
    """A stale version keeps all the others back, and tells the version."""
    one, two = await made(ask, acme, "one", "two")
    before = await everything(databases, acme)
    items: list[Node] = [{"id": one, "name": "New"}, {"id": two, "ifVersion": 7, "name": "New"}]
    answered = await bulk(ask, acme, UPDATE, items, atomic=True)
    assert kinds(answered) == ["Conflict", "Conflict"]
    assert [item["problem"]["currentVersion"] for item in answered["items"]] == [None, 1]
    assert await everything(databases, acme) == before
    each = await bulk(ask, acme, UPDATE, items)
    assert kinds(each) == ["Device", "Conflict"]
    assert each["items"][0]["device"]["version"] == 2


async def test_what_is_not_named_stays_and_null_clears(ask: Ask, acme: Estate) -> None:
    """Whatever the items beside it change; what changes in one column of one row changes there alone."""
    full = {"firmware": "1.0", "labels": ["a"], "desired": {"a": 1}, "purchaseValue": "129.90", "currency": "EUR"}
    ids = await made(ask, acme, "one", "two", "three", warrantyEndsAt="2028-02-29", **full)
    items: list[dict[str, Any]] = [
        {"id": ids[0], "firmware": None, "desired": {"b": [1, 1.5, None]}},
        {"id": ids[1], "serial": "2", "warrantyEndsAt": None, "purchaseValue": "0.01"},
        {"id": ids[2], "labels": [], "enabled": False, "lifecycle": "RETIRED"},
    ]
    shown = rows(await bulk(ask, acme, UPDATE, items))
    names = [*full, "serial", "enabled", "warrantyEndsAt", "lifecycle"]
    same = {**full, "enabled": True, "warrantyEndsAt": "2028-02-29", "lifecycle": "AVAILABLE"}
    expected = [same | {"serial": serial} | item for serial, item in zip(["one", "two", "three"], items, strict=True)]
    assert [{name: row[name] for name in names} for row in shown] == [
        {name: row[name] for name in names} for row in expected
    ]


async def test_an_item_that_changes_nothing_is_written(ask: Ask, databases: Databases, acme: Estate) -> None:
    """The device as it is: no version, no event."""
    before = await everything(databases, acme)
    answered = await bulk(ask, acme, UPDATE, [{"id": acme.ids["Device"], "name": "Front door reader"}], atomic=True)
    assert (answered["written"], rows(answered)[0]["version"]) == (1, 1)
    assert await everything(databases, acme) == before


async def test_a_device_is_named_once(ask: Ask, acme: Estate) -> None:
    """The second naming is Invalid, whatever became of the first."""
    device_id = acme.ids["Device"]
    answered = await bulk(ask, acme, UPDATE, [{"id": device_id, "ifVersion": 9}, {"id": device_id, "name": "New"}])
    assert kinds(answered) == ["Conflict", "Invalid"]
    assert [each["path"] for each in answered["items"][1]["problem"]["fields"]] == [["id"]]


async def test_a_serial_that_an_item_gives_up_is_free_for_those_after_it(ask: Ask, acme: Estate) -> None:
    """As it is where the items come one by one; two that would swap theirs are both refused."""
    ids = await made(ask, acme, "a", "b", "c")
    answered = await bulk(
        ask, acme, UPDATE, [{"id": ids[0], "serial": "b"}, {"id": ids[1], "serial": "a"}]
    )  # fmt: skip
    assert [item["problem"] for item in answered["items"]] == [TAKEN, TAKEN]
    chain = [{"id": ids[2], "serial": "d"}, {"id": ids[1], "serial": "c"}, {"id": ids[0], "serial": "b"}]
    assert [row["serial"] for row in rows(await bulk(ask, acme, UPDATE, chain))] == ["d", "c", "b"]
    shown = await changed(ask, acme, "updateDevice", id=ids[0])
    assert (shown["serial"], shown["version"]) == ("b", 2)


async def test_a_deleted_devices_serial_is_free(ask: Ask, acme: Estate) -> None:
    """Serials are unique among the living."""
    gone, other = await made(ask, acme, "gone", "other")
    await changed(ask, acme, "deleteDevice", id=gone)
    assert kinds(await bulk(ask, acme, UPDATE, [{"id": gone, "name": "N"}, {"id": other, "serial": "gone"}])) == [
        "NotFound",
        "Device",
    ]
    assert kinds(await bulk(ask, acme, CREATE, [device(acme, "other")])) == ["Device"]


async def test_items_close_no_circle_together(ask: Ask, databases: Databases, acme: Estate) -> None:
    """Each sees what those before it have done; nor is one a part of itself."""
    a, b, c = await made(ask, acme, "a", "b", "c")
    before = await everything(databases, acme)
    ring = [{"id": a, "parentId": b}, {"id": b, "parentId": c}, {"id": c, "parentId": a}]
    assert kinds(await bulk(ask, acme, UPDATE, [{"id": a, "parentId": a}])) == ["Conflict"]
    assert kinds(await bulk(ask, acme, UPDATE, ring, atomic=True)) == ["Conflict"] * 3
    assert await everything(databases, acme) == before
    answered = await bulk(ask, acme, UPDATE, ring)
    assert kinds(answered) == ["Device", "Device", "Conflict"]
    assert "within itself" in answered["items"][2]["problem"]["message"]


async def test_items_build_no_sixth_level_together(ask: Ask, acme: Estate) -> None:
    """From the top down and from the bottom up; a new part beneath the fifth is refused as well."""
    for turn, prefix in enumerate("xy"):
        ids = await made(ask, acme, *(f"{prefix}{at}" for at in range(6)))
        hung = [{"id": part, "parentId": whole} for whole, part in pairwise(ids)]
        answered = await bulk(ask, acme, UPDATE, hung[:: -1 if turn else 1])
        assert kinds(answered) == ["Device"] * 4 + ["Conflict"]
        assert "deeper than 5 levels" in answered["items"][4]["problem"]["message"]
        whole = [ids[4], ids[3]] if not turn else [ids[5], ids[4]]
        created = await bulk(ask, acme, CREATE, [device(acme, f"{prefix}-{each}", parentId=each) for each in whole])
        assert kinds(created) == ["Conflict", "Device"]


async def test_statements_do_not_grow_with_items(ask: Ask, acme: Estate) -> None:
    """Three items and three hundred: of every kind, with parents, places, keys and problems among them."""
    counted: dict[str, list[int]] = {field: [] for field in BULK}
    for count in (3, 300):
        whole = await made(ask, acme, *(f"whole-{count}-{at}" for at in range(count)))
        items = [
            device(
                acme,
                f"part-{count}-{at}",
                parentId=whole[at],
                place={"areaId": acme.ids["Area"]},
                organizationId=acme.ids["Organization"],
                name="N" if at else "",
            )
            for at in range(count)
        ]
        with statements() as sent:
            created = await bulk(ask, acme, CREATE, items, clientMutationId=f"create-{count}")
        counted[CREATE].append(len(sent))
        assert (created["written"], created["refused"]) == (count - 1, 1)
        parts = [item["device"]["id"] for item in created["items"][1:]]
        passed_on = [f"new-{count}", *(f"part-{count}-{at}" for at in range(1, count - 1))]
        updates: list[dict[str, Any]] = [
            {"id": part, "serial": serial, "parentId": other, "typeId": acme.ids["DeviceType"]}
            for part, serial, other in zip(parts, passed_on, whole, strict=False)
        ]
        with statements() as sent:
            updated = await bulk(ask, acme, UPDATE, updates, clientMutationId=f"update-{count}")
        counted[UPDATE].append(len(sent))
        assert updated["written"] == count - 1
    assert [len(set(each)) for each in counted.values()] == [1, 1], counted
    assert max(counted[CREATE] + counted[UPDATE]) < 25, counted

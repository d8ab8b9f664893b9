"""Deleting softly, and restoring: what goes together comes back together, and nothing is ever left hanging."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from auth.scopes import Scope
from tenantry.databases import Databases
from tests.ask import Ask
from tests.changing import EVERYTHING, Node, change, changed, create_area, create_device, events, everything
from tests.estate import Estate

IMPACT = "query ($id: ID!) { deleteImpact(id: $id) { counts { type count } } }"
LISTS = """query ($ids: [ID!]!) { locations { totalCount } areas { totalCount } devices { totalCount }
  organizations { totalCount } deviceTypes { totalCount } nodes(ids: $ids) { id } }"""


def counted(answer: Node) -> dict[str, int]:
    """The counts of an answer, by type."""
    return {each["type"]: each["count"] for each in answer["counts"]}


async def seen(ask: Ask, acme: Estate) -> dict[str, Any]:
    """What lists count and `nodes` finds."""
    ids = [id_ for name, id_ in acme.ids.items() if name != "Tenant"]
    data: dict[str, Any] = (await ask(acme, LISTS, *EVERYTHING, ids=ids)).data
    return data


@pytest.mark.parametrize(
    ("noun", "hanging"),
    [
        ("Location", {"Area": 2, "Device": 1}),
        ("Area", {"Device": 1}),
        ("Organization", {"Location": 1, "Area": 2, "Device": 1}),
        ("DeviceType", {"Device": 1}),
    ],
)
async def test_what_is_not_empty_stays(
    ask: Ask, databases: Databases, acme: Estate, noun: str, hanging: dict[str, int]
) -> None:
    """The refusal counts what hangs on it; the impact and the cascade count the same and the thing itself."""
    before = await everything(databases, acme)
    for cascade in (None, False):
        refused = await change(ask, acme, f"delete{noun}", id=acme.ids[noun], cascade=cascade)
        assert (refused["__typename"], counted(refused)) == ("NotEmpty", hanging)
    impact = await ask(acme, IMPACT, *EVERYTHING, id=acme.ids[noun])
    assert await everything(databases, acme) == before
    gone = await changed(ask, acme, f"delete{noun}", id=acme.ids[noun], cascade=True)
    assert gone["id"] == acme.ids[noun]
    assert counted(gone) == counted(impact.data["deleteImpact"]) == {**hanging, noun: 1}


async def test_a_cascade_takes_everything_out_of_sight(ask: Ask, databases: Databases, acme: Estate) -> None:
    """Lists, totals and ids no longer know it; the feed tells each thing; what does not hang on it stays."""
    await changed(ask, acme, "deleteLocation", id=acme.ids["Location"], cascade=True)
    after = await seen(ask, acme)
    totals = {name: after[name]["totalCount"] for name in after if name != "nodes"}
    assert totals == {"locations": 0, "areas": 0, "devices": 0, "organizations": 1, "deviceTypes": 1}
    left = {node["id"] for node in after["nodes"] if node}
    assert left == {acme.ids["Organization"], acme.ids["DeviceType"]}
    told = await events(databases, acme)
    assert {event["kind"] for event in told} == {"DELETED"}
    assert sorted(event["entity"] for event in told) == ["Area", "Area", "Device", "Location"]
    for field in ("updateArea", "deleteArea"):
        assert (await change(ask, acme, field, id=acme.ids["Area"]))["__typename"] == "NotFound"


async def test_a_restored_set_is_as_it_was(ask: Ask, databases: Databases, acme: Estate) -> None:
    """With its ids and places, two versions on; restoring twice is a Conflict."""
    before = await seen(ask, acme)
    rows = await everything(databases, acme)
    await changed(ask, acme, "deleteLocation", id=acme.ids["Location"], cascade=True)
    back = await changed(ask, acme, "restoreLocation", id=acme.ids["Location"])
    assert (back["id"], back["version"]) == (acme.ids["Location"], 3)
    assert await seen(ask, acme) == before
    after = await everything(databases, acme)
    assert after["deletion"] == []
    for name in ("location", "area", "device"):
        assert [{**row, "version": 1} for row in after[name]] == rows[name]
    assert [event["kind"] for event in await events(databases, acme)] == ["DELETED"] * 4 + ["RESTORED"] * 4
    assert (await change(ask, acme, "restoreLocation", id=acme.ids["Location"]))["__typename"] == "Conflict"


async def test_what_was_deleted_before_does_not_come_back_with_it(ask: Ask, acme: Estate) -> None:
    """A set is one deletion's, not everything that lies there."""
    await changed(ask, acme, "deleteDevice", id=acme.ids["Device"])
    await changed(ask, acme, "deleteLocation", id=acme.ids["Location"], cascade=True)
    await changed(ask, acme, "restoreLocation", id=acme.ids["Location"])
    after = await seen(ask, acme)
    assert (after["areas"]["totalCount"], after["devices"]["totalCount"]) == (2, 0)
    await changed(ask, acme, "restoreDevice", id=acme.ids["Device"])


async def test_a_member_is_restored_by_its_root(ask: Ask, databases: Databases, acme: Estate) -> None:
    """The refusal names it."""
    await changed(ask, acme, "deleteLocation", id=acme.ids["Location"], cascade=True)
    before = await everything(databases, acme)
    for noun in ("Area", "Device"):
        refused = await change(ask, acme, f"restore{noun}", id=acme.ids[noun])
        assert (refused["__typename"], acme.ids["Location"] in refused["message"]) == ("Conflict", True)
    assert await everything(databases, acme) == before


@pytest.mark.parametrize(
    ("gone", "then"), [("Device", "Area"), ("Device", "DeviceType"), ("Area", "Location"), ("Location", "Organization")]
)
async def test_nothing_is_restored_onto_what_is_deleted(
    ask: Ask, databases: Databases, acme: Estate, gone: str, then: str
) -> None:
    """The refusal names what must come back first; then it does come back."""
    await changed(ask, acme, f"delete{gone}", id=acme.ids[gone], cascade=True)
    await changed(ask, acme, f"delete{then}", id=acme.ids[then], cascade=True)
    before = await everything(databases, acme)
    refused = await change(ask, acme, f"restore{gone}", id=acme.ids[gone])
    assert (refused["__typename"], acme.ids[then] in refused["message"]) == ("Conflict", True)
    assert await everything(databases, acme) == before
    await changed(ask, acme, f"restore{then}", id=acme.ids[then])
    await changed(ask, acme, f"restore{gone}", id=acme.ids[gone])


async def test_no_member_is_restored_onto_what_is_deleted(ask: Ask, databases: Databases, acme: Estate) -> None:
    """A device that went with its building does not come back without its type."""
    await changed(ask, acme, "deleteLocation", id=acme.ids["Location"], cascade=True)
    await changed(ask, acme, "deleteDeviceType", id=acme.ids["DeviceType"])
    before = await everything(databases, acme)
    refused = await change(ask, acme, "restoreLocation", id=acme.ids["Location"])
    assert (refused["__typename"], acme.ids["DeviceType"] in refused["message"]) == ("Conflict", True)
    assert await everything(databases, acme) == before


async def test_no_tree_is_restored_too_deep(ask: Ask, databases: Databases, acme: Estate) -> None:
    """What it hung on has moved down meanwhile."""
    top = await create_area(ask, acme, "top")
    child = await create_area(ask, acme, "child", top["id"])
    await create_area(ask, acme, "grandchild", child["id"])
    await changed(ask, acme, "deleteArea", id=child["id"], cascade=True)
    below = None
    for level in range(3):
        below = (await create_area(ask, acme, f"level-{level}", below))["id"]
    await changed(ask, acme, "moveArea", id=top["id"], to={"parentId": below})
    before = await everything(databases, acme)
    refused = await change(ask, acme, "restoreArea", id=child["id"])
    assert (refused["__typename"], "deeper" in refused["message"]) == ("Conflict", True)
    assert await everything(databases, acme) == before


async def test_a_key_that_was_taken_meanwhile_keeps_the_whole_set_away(
    ask: Ask, databases: Databases, acme: Estate
) -> None:
    """Nothing of it is restored; when the key is free again, all of it is."""
    await changed(ask, acme, "deleteLocation", id=acme.ids["Location"], cascade=True)
    taker = await create_device(ask, acme, acme.device.serial)
    before = await everything(databases, acme)
    refused = await change(ask, acme, "restoreLocation", id=acme.ids["Location"])
    assert (refused["__typename"], "serial" in refused["message"]) == ("Conflict", True)
    assert await everything(databases, acme) == before
    await changed(ask, acme, "deleteDevice", id=taker["id"])
    await changed(ask, acme, "restoreLocation", id=acme.ids["Location"])


async def test_an_impact_out_of_reach_is_null(ask: Ask, acme: Estate, globex: Estate) -> None:
    """A neighbour's, a deleted thing's, a tenant's, nonsense; and it asks for the scope of what the id names."""
    await changed(ask, acme, "deleteDevice", id=acme.ids["Device"])
    for id_ in (globex.ids["Location"], acme.ids["Device"], acme.ids["Tenant"], "nonsense"):
        assert (await ask(acme, IMPACT, *EVERYTHING, id=id_)).body == {"data": {"deleteImpact": None}}
    outcome = await ask(acme, IMPACT, Scope.DEVICES_READ, id=acme.ids["Location"])
    assert outcome.codes == ["FORBIDDEN_SCOPE"]


ORPHANS = """SELECT count(*) FROM device d JOIN area a ON (a.tenant_id, a.id) = (d.tenant_id, d.area_id)
  WHERE d.deleted_at IS NULL AND a.deleted_at IS NOT NULL"""


@pytest.mark.parametrize("cascade", [False, True])
async def test_a_parent_that_goes_while_a_child_comes_leaves_no_orphan(
    ask: Ask, databases: Databases, acme: Estate, *, cascade: bool
) -> None:
    """Twenty times at once: either the parent stays, or the child goes with it, or it is refused."""
    for turn in range(20):
        area = (await create_area(ask, acme, f"area-{turn}"))["id"]
        device = {"serial": f"s-{turn}", "name": "N", "typeId": acme.ids["DeviceType"], "place": {"areaId": area}}
        gone, come = await asyncio.gather(
            change(ask, acme, "deleteArea", id=area, cascade=cascade), change(ask, acme, "createDevice", **device)
        )
        ends = {("Deletion", "NotFound"), ("Deletion", "Device") if cascade else ("NotEmpty", "Device")}
        assert (gone["__typename"], come["__typename"]) in ends
        async with databases.app.read(acme.tenant.id) as connection:
            assert (await connection.execute(text(ORPHANS))).scalar_one() == 0


async def test_a_cascade_needs_the_right_to_all_that_it_takes(ask: Ask, databases: Databases, acme: Estate) -> None:
    """Who may write locations and no devices deletes no devices by deleting their building, nor brings them back."""
    given = {"id": acme.ids["Location"], "cascade": True}
    query = "mutation ($in: DeleteInput!) { deleteLocation(input: $in) { __typename ... on Forbidden { missing } } }"
    before = await everything(databases, acme)
    refused = await ask(acme, query, Scope.LOCATIONS_WRITE, Scope.AREAS_WRITE, **{"in": given})
    assert refused.data == {"deleteLocation": {"__typename": "Forbidden", "missing": [Scope.DEVICES_WRITE]}}
    assert await everything(databases, acme) == before
    await changed(ask, acme, "deleteLocation", **given)
    query = "mutation ($in: RestoreInput!) { restoreLocation(input: $in) { ... on Forbidden { missing } } }"
    refused = await ask(acme, query, Scope.LOCATIONS_WRITE, **{"in": {"id": acme.ids["Location"]}})
    assert refused.data == {"restoreLocation": {"missing": [Scope.AREAS_WRITE, Scope.DEVICES_WRITE]}}

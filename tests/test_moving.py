"""Moving: things keep their id and history, trees stay trees, and nothing leaves its building by accident."""

import asyncio
from typing import Any

import pytest

from tenantry.databases import Databases
from tests.ask import Ask
from tests.changing import EVERYTHING, change, changed, create_area, create_device, document, events, everything
from tests.estate import Estate


async def chain(ask: Ask, acme: Estate, length: int, prefix: str = "level") -> list[str]:
    """Areas, each within the one before it."""
    made: list[str] = []
    for level in range(length):
        made.append((await create_area(ask, acme, f"{prefix}-{level}", made[-1] if made else None))["id"])
    return made


async def other_location(ask: Ask, acme: Estate) -> str:
    """A second building."""
    found: str = (await changed(ask, acme, "createLocation", code="annex", name="Annex"))["id"]
    return found


async def test_a_moved_area_keeps_its_id(ask: Ask, databases: Databases, acme: Estate) -> None:
    """One version on; the feed tells what moved, and `none` moves it out again."""
    made = await create_area(ask, acme, "new")
    moved = await changed(ask, acme, "moveArea", id=made["id"], ifVersion=1, to={"parentId": f"area_{acme.floor.id}"})
    assert (moved["id"], moved["version"], moved["parent"]) == (made["id"], 2, {"id": f"area_{acme.floor.id}"})
    event = (await events(databases, acme))[-1]
    assert (event["kind"], event["changed"], event["entity_version"]) == ("MOVED", ["parent_id"], 2)
    out = await changed(ask, acme, "moveArea", id=made["id"], to={"none": True})
    assert (out["version"], out["parent"], out["location"]) == (3, None, {"id": acme.ids["Location"]})


async def test_a_device_moves_between_area_building_and_nowhere(ask: Ask, databases: Databases, acme: Estate) -> None:
    """Its area decides its location; a building without an area takes it out of the area."""
    annex = await other_location(ask, acme)
    seen = []
    for to in ({"locationId": annex}, {"areaId": acme.ids["Area"]}, {"none": True}):
        row = await changed(ask, acme, "moveDevice", id=acme.ids["Device"], to=to)
        seen.append((row["id"], row["version"], row["location"], row["area"]))
    device, hq, room = acme.ids["Device"], {"id": acme.ids["Location"]}, {"id": acme.ids["Area"]}
    assert seen == [(device, 2, {"id": annex}, None), (device, 3, hq, room), (device, 4, None, None)]
    told = [event["changed"] for event in await events(databases, acme) if event["kind"] == "MOVED"]
    assert told == [["area_id", "location_id"]] * 3


@pytest.mark.parametrize(
    ("field", "target"),
    [("moveLocation", "organizationId"), ("moveOrganization", "parentId")],
)
async def test_locations_and_organizations_move_in_the_hierarchy(
    ask: Ask, acme: Estate, field: str, target: str
) -> None:
    """Into an organization and out of it."""
    made = await changed(ask, acme, "createOrganization", key="north", name="North")
    noun, shown = {"moveLocation": ("Location", "organization"), "moveOrganization": ("Organization", "parent")}[field]
    row = await changed(ask, acme, field, id=acme.ids[noun], to={target: made["id"]})
    assert (row[shown], row["version"]) == ({"id": made["id"]}, 2)
    row = await changed(ask, acme, field, id=acme.ids[noun], to={"none": True})
    assert (row[shown], row["version"]) == (None, 3)


async def test_a_move_to_where_it_is_changes_nothing(ask: Ask, databases: Databases, acme: Estate) -> None:
    """No version, no event."""
    before = await everything(databases, acme)
    row = await changed(ask, acme, "moveDevice", id=acme.ids["Device"], to={"areaId": acme.ids["Area"]})
    assert row["version"] == 1
    assert await everything(databases, acme) == before


async def test_none_is_true_or_not_said(ask: Ask, databases: Databases, acme: Estate) -> None:
    """`none: false` is no place."""
    before = await everything(databases, acme)
    refused = await change(ask, acme, "moveDevice", id=acme.ids["Device"], to={"none": False})
    assert [field["path"] for field in refused["fields"]] == [["to", "none"]]
    assert await everything(databases, acme) == before


async def test_a_room_cannot_leave_its_building(ask: Ask, databases: Databases, acme: Estate) -> None:
    """Not even by way of a parent there."""
    annex = await other_location(ask, acme)
    place = {"locationId": annex}
    there = await changed(ask, acme, "createArea", code="there", name="There", kind="FLOOR", place=place)
    before = await everything(databases, acme)
    refused = await change(ask, acme, "moveArea", id=acme.ids["Area"], to={"parentId": there["id"]})
    assert refused["__typename"] == "Conflict"
    assert await everything(databases, acme) == before


async def test_no_area_lies_within_itself(ask: Ask, databases: Databases, acme: Estate) -> None:
    """Nor in what lies in it, at any depth."""
    made = await chain(ask, acme, 4)
    before = await everything(databases, acme)
    for target in made:
        refused = await change(ask, acme, "moveArea", id=made[0], to={"parentId": target})
        assert (refused["__typename"], "within itself" in refused["message"]) == ("Conflict", True)
    assert await everything(databases, acme) == before


async def test_two_moves_do_not_close_a_circle_together(ask: Ask, acme: Estate) -> None:
    """Each alone would do."""
    for turn in range(4):
        one, two = [(await create_area(ask, acme, f"{side}-{turn}"))["id"] for side in ("one", "two")]
        answers = await asyncio.gather(
            change(ask, acme, "moveArea", id=one, to={"parentId": two}),
            change(ask, acme, "moveArea", id=two, to={"parentId": one}),
        )
        assert sorted(answer["__typename"] for answer in answers) == ["Area", "Conflict"]


async def test_there_is_no_sixth_level(ask: Ask, databases: Databases, acme: Estate) -> None:
    """Neither by creating at the bottom, nor by moving a subtree to where it does not fit."""
    made = await chain(ask, acme, 5)
    two = await chain(ask, acme, 2, "two")
    before = await everything(databases, acme)
    place = {"parentId": made[4]}
    answers = [
        await change(ask, acme, "createArea", code="deep", name="Deep", kind="ROOM", place=place),
        await change(ask, acme, "moveArea", id=two[0], to={"parentId": made[3]}),
        await change(ask, acme, "moveArea", id=two[1], to={"parentId": made[4]}),
    ]
    assert [answer["__typename"] for answer in answers] == ["Conflict"] * 3
    assert await everything(databases, acme) == before
    fits = await changed(ask, acme, "moveArea", id=two[0], to={"parentId": made[2]})
    assert fits["parent"] == {"id": made[2]}


async def test_a_device_is_no_part_of_itself(ask: Ask, databases: Databases, acme: Estate) -> None:
    """Parts are a tree too."""
    part = await create_device(ask, acme, "part", parentId=acme.ids["Device"])
    assert part["parent"] == {"id": acme.ids["Device"]}
    before = await everything(databases, acme)
    for parent in (part["id"], acme.ids["Device"]):
        refused = await change(ask, acme, "updateDevice", id=acme.ids["Device"], parentId=parent)
        assert refused["__typename"] == "Conflict"
    assert await everything(databases, acme) == before


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("moveDevice", {"to": {}}),
        ("moveDevice", {"to": {"areaId": "area_x", "none": True}}),
        ("moveDevice", {"to": {"areaId": "area_x", "locationId": "loc_x"}}),
        ("moveDevice", {"to": {"areaId": None}}),
        ("moveArea", {"to": {"locationId": "loc_x"}}),
        ("createDevice", {"place": {"areaId": "area_x", "locationId": "loc_x"}}),
        ("createArea", {"place": {}}),
        ("createArea", {"place": None}),
        ("createArea", {"kind": "CASTLE"}),
        ("updateArea", {"kind": "room"}),
        ("updateArea", {"locationId": "loc_x"}),
        ("updateDevice", {"status": "ONLINE"}),
        ("updateDevice", {"reported": {}}),
        ("updateDevice", {"purchaseValue": 1.5}),
        ("updateDevice", {"purchaseValue": "NaN"}),
        ("updateDevice", {"ifVersion": "1"}),
        ("updateDevice", {"warrantyEndsAt": "2026-02-30"}),
        ("updateDevice", {"name": 1}),
        ("updateDevice", {"labels": [None]}),
    ],
    ids=str,
)
async def test_an_input_that_fits_no_type_is_refused_before_anything_runs(
    ask: Ask, acme: Estate, field: str, given: dict[str, Any]
) -> None:
    """Two places, none, an unknown word, a field that cannot be written: 400 and no data."""
    base: dict[str, Any] = {"id": acme.ids["Device"]}
    if field.startswith("create"):
        base = {"serial": "n", "name": "N", "typeId": acme.ids["DeviceType"]}
    if field == "createArea":
        base = {"code": "n", "name": "N", "kind": "ROOM", "place": {"locationId": acme.ids["Location"]}}
    outcome = await ask(acme, document(field), *EVERYTHING, **{"in": base | given})
    assert (outcome.status, set(outcome.codes), outcome.data) == (400, {"BAD_USER_INPUT"}, None)

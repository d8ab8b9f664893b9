"""Creating and updating: what comes back, what is refused, and what the feed tells of it."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from auth.scopes import Scope
from models.database import Database
from tenantry.databases import Databases
from tests.ask import Ask
from tests.changing import (
    EVERYTHING,
    change,
    changed,
    create_area,
    create_device,
    document,
    events,
    everything,
    selection,
)
from tests.estate import Estate


async def test_creating_asks_for_the_scope_of_writing(ask: Ask, databases: Databases, acme: Estate) -> None:
    """Reading is not writing; nothing was created."""
    given = {"code": "x", "name": "X", "kind": "ROOM", "place": {"locationId": acme.ids["Location"]}}
    outcome = await ask(acme, document("createArea"), Scope.AREAS_READ, Scope.LOCATIONS_READ, **{"in": given})
    assert (outcome.status, outcome.codes) == (403, ["FORBIDDEN_SCOPE"])
    assert await events(databases, acme) == []


async def test_an_area_is_created_in_its_parents_location(ask: Ask, databases: Databases, acme: Estate) -> None:
    """The location follows from the parent; the feed tells of it, with who did it."""
    made = await create_area(ask, acme, "r2", f"area_{acme.floor.id}")
    assert made["location"] == {"id": acme.ids["Location"]}
    assert made["parent"] == {"id": f"area_{acme.floor.id}"}
    assert (made["code"], made["name"], made["kind"], made["version"]) == ("r2", "r2", "ROOM", 1)
    [event] = await events(databases, acme)
    assert (event["number"], event["kind"], event["entity"]) == (1, "CREATED", "Area")
    assert f"area_{event['entity_id']}" == made["id"]
    assert (event["actor_name"], event["location_id"]) == ("a test", acme.location.id)


async def test_a_device_in_an_area_is_in_the_areas_location(ask: Ask, acme: Estate) -> None:
    """And the values that were not given are what they are from the start, also where null was said."""
    made = await create_device(ask, acme, "R-2", place={"areaId": acme.ids["Area"]}, lifecycle=None, labels=None)
    assert (made["area"], made["location"]) == ({"id": acme.ids["Area"]}, {"id": acme.ids["Location"]})
    assert (made["lifecycle"], made["labels"], made["desired"]) == ("AVAILABLE", [], {})
    assert (made["enabled"], made["version"], made["type"]) == (True, 1, {"id": acme.ids["DeviceType"]})


async def test_an_update_changes_what_it_names(ask: Ask, databases: Databases, acme: Estate) -> None:
    """What is not named stays, null clears; the event tells the columns."""
    row = await changed(
        ask, acme, "updateLocation", id=acme.ids["Location"], name="Home", city=None, latitude=59.9, ifVersion=1
    )
    assert (row["name"], row["city"], row["latitude"], row["country"]) == ("Home", None, 59.9, "US")
    assert (row["code"], row["version"], row["organization"]) == ("hq", 2, {"id": acme.ids["Organization"]})
    [event] = await events(databases, acme)
    assert (event["kind"], event["changed"], event["entity_version"]) == ("UPDATED", ["city", "latitude", "name"], 2)


async def test_a_devices_values_are_written_as_they_are_read(ask: Ask, acme: Estate) -> None:
    """Decimals, dates, words and JSON of every kind."""
    given = {
        "purchaseValue": "129.90",
        "currency": "EUR",
        "warrantyEndsAt": "2028-02-29",
        "labels": ["a", "b c"],
        "desired": {"on": True, "level": 1.5, "none": None, "list": [1, "ü"]},
        "firmware": "",
        "enabled": False,
        "organizationId": None,
    }
    row = await changed(ask, acme, "updateDevice", id=acme.ids["Device"], **given)
    assert {name: row[name] for name in given if name in row} == {
        name: value for name, value in given.items() if name in row
    }
    assert row["organization"] is None
    assert (await ask(acme, "{ devices { nodes { desired } } }", *EVERYTHING)).data["devices"]["nodes"] == [
        {"desired": given["desired"]}
    ]


async def test_an_update_that_changes_nothing_is_no_change(ask: Ask, databases: Databases, acme: Estate) -> None:
    """No version, no event, no time."""
    before = await everything(databases, acme)
    same = {"name": acme.device.name, "lifecycle": "DEPLOYED", "labels": [], "desired": {}, "firmware": None}
    row = await changed(ask, acme, "updateDevice", id=acme.ids["Device"], ifVersion=1, **same)
    assert row["version"] == 1
    assert await everything(databases, acme) == before


async def test_true_is_another_value_than_one(ask: Ask, acme: Estate) -> None:
    """In JSON; Python would hold them for equal."""
    for version, on in enumerate((1, True, 1.5, True), 2):
        row = await changed(ask, acme, "updateDevice", id=acme.ids["Device"], desired={"on": on})
        assert (row["version"], row["desired"]["on"]) == (version, on)
        assert type(row["desired"]["on"]) is type(on)


@pytest.mark.parametrize("field", ["updateLocation", "moveLocation", "deleteLocation"])
async def test_a_stale_version_is_told_the_current_one(
    ask: Ask, databases: Databases, acme: Estate, field: str
) -> None:
    """Nothing changes."""
    await changed(ask, acme, "updateLocation", id=acme.ids["Location"], name="Second")
    before = await everything(databases, acme)
    more: dict[str, dict[str, Any]] = {
        "updateLocation": {"name": "Third"},
        "moveLocation": {"to": {"none": True}},
        "deleteLocation": {"cascade": True},
    }
    refused = await change(ask, acme, field, id=acme.ids["Location"], ifVersion=1, **more[field])
    assert (refused["__typename"], refused["currentVersion"]) == ("Conflict", 2)
    assert await everything(databases, acme) == before


async def test_of_twenty_updates_at_one_version_one_wins(ask: Ask, databases: Databases, acme: Estate) -> None:
    """The others are told the version that it is at now."""
    answers = await asyncio.gather(
        *(
            change(ask, acme, "updateDevice", id=acme.ids["Device"], ifVersion=1, name=f"Name {number}")
            for number in range(20)
        )
    )
    kinds = [answer["__typename"] for answer in answers]
    assert (kinds.count("Device"), kinds.count("Conflict")) == (1, 19)
    assert {answer["currentVersion"] for answer in answers if answer["__typename"] == "Conflict"} == {2}
    assert len(await events(databases, acme)) == 1


async def test_the_second_field_sees_what_the_first_one_made(ask: Ask, acme: Estate) -> None:
    """Each is committed before the next; a problem in one leaves the other's change."""
    query = f"""mutation ($a: CreateAreaInput!, $b: CreateAreaInput!, $c: CreateAreaInput!) {{
      a: createArea(input: $a) {selection("createArea")}
      b: createArea(input: $b) {selection("createArea")}
      c: createArea(input: $c) {{ ... on Area {{ location {{ areas {{ totalCount }} }} }} }} }}"""
    given = {"name": "N", "kind": "ROOM", "place": {"locationId": acme.ids["Location"]}}
    named = {"a": {**given, "code": "n"}, "b": {**given, "code": "n"}, "c": {**given, "code": "o"}}
    outcome = await ask(acme, query, *EVERYTHING, **named)
    assert [outcome.data[alias].get("__typename") for alias in "ab"] == ["Area", "Conflict"]
    assert outcome.data["c"] == {"location": {"areas": {"totalCount": 4}}}


async def test_many_requests_of_several_changes_do_not_wait_for_each_other_forever(ask: Ask, acme: Estate) -> None:
    """What a field shows is read on a connection; it is given back before the next field takes one to write."""
    fields = " ".join(f"m{number}: updateDevice(input: $in) {selection('updateDevice')}" for number in range(3))
    query = f"mutation ($in: UpdateDeviceInput!) {{ {fields} }}"
    given = {"id": acme.ids["Device"], "name": "Again"}
    outcomes = await asyncio.gather(*(ask(acme, query, *EVERYTHING, **{"in": given}) for _ in range(24)))
    assert {(outcome.status, len(outcome.errors)) for outcome in outcomes} == {(200, 0)}


@pytest.mark.parametrize("key", [None, "a-key"])
async def test_a_fault_in_the_middle_rolls_everything_back(
    ask: Ask, databases: Databases, acme: Estate, monkeypatch: pytest.MonkeyPatch, key: str | None
) -> None:
    """Rows, events and the key; and the next attempt does well."""
    before = await everything(databases, acme)

    async def broken(connection: AsyncConnection, statement: str, given: Sequence[Any]) -> None:
        await Database.fetch(connection, statement, given)
        raise RuntimeError("a fault of ours")

    given = {"in": {"id": acme.ids["Location"], "cascade": True, "clientMutationId": key}}
    with monkeypatch.context() as patch:
        patch.setattr(Database, "last", broken)
        outcome = await ask(acme, document("deleteLocation"), *EVERYTHING, **given)
    assert (outcome.codes, outcome.data) == (["INTERNAL"], {"deleteLocation": None})
    assert "a fault of ours" not in outcome.answer.body.decode()
    assert await everything(databases, acme) == before
    again = await ask(acme, document("deleteLocation"), *EVERYTHING, **given)
    assert again.data["deleteLocation"]["__typename"] == "Deletion"

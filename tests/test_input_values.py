"""Values that are refused: each is told by its place in the input, all at once, and nothing changes."""

from typing import Any

import pytest

from tenantry.databases import Databases
from tests.ask import Ask
from tests.changing import EVERYTHING, change, changed, create_device, document, everything
from tests.estate import Estate


def nested(levels: int) -> Any:
    """Lists in each other."""
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


NESTED = nested(300)
BAD: list[tuple[str, str, Any]] = [
    ("updateLocation", "name", None),
    ("updateLocation", "code", None),
    ("updateLocation", "name", ""),
    ("updateLocation", "name", "  "),
    ("updateLocation", "name", " Padded"),
    ("updateLocation", "name", "x" * 201),
    ("updateLocation", "name", "a\0b"),
    ("updateLocation", "name", "a\x1b[2J"),
    ("updateLocation", "code", "x" * 129),
    ("updateLocation", "address", "x" * 501),
    ("updateLocation", "city", "x" * 201),
    ("updateLocation", "city", "a\nb"),
    ("updateLocation", "country", "no"),
    ("updateLocation", "country", "NOR"),
    ("updateLocation", "country", ""),
    ("updateLocation", "timeZone", "Mars/Olympus"),
    ("updateLocation", "timeZone", "../etc/passwd"),
    ("updateLocation", "timeZone", "Europe/Oslo\0"),
    ("updateLocation", "latitude", 91),
    ("updateLocation", "latitude", -90.001),
    ("updateLocation", "longitude", 181),
    ("updateArea", "kind", None),
    ("updateArea", "floor", "x" * 33),
    ("updateOrganization", "key", "x" * 129),
    ("updateDeviceType", "manufacturer", "x" * 201),
    ("updateDeviceType", "commands", ["x" * 20_000]),
    ("updateDeviceType", "properties", {"a": "b\0"}),
    ("updateDeviceType", "properties", {"a\0": [1]}),
    ("updateDeviceType", "commands", NESTED),
    ("updateDevice", "serial", None),
    ("updateDevice", "serial", "x" * 201),
    ("updateDevice", "typeId", None),
    ("updateDevice", "lifecycle", None),
    ("updateDevice", "enabled", None),
    ("updateDevice", "labels", None),
    ("updateDevice", "labels", ["x"] * 51),
    ("updateDevice", "labels", ["x" * 65]),
    ("updateDevice", "labels", ["ok", ""]),
    ("updateDevice", "labels", ["a\0"]),
    ("updateDevice", "desired", {"a": "x" * 20_000}),
    ("updateDevice", "desired", {"a": nested(100)}),
    ("updateDevice", "desired", None),
    ("updateDevice", "desired", "on"),
    ("updateDevice", "desired", []),
    ("updateDeviceType", "commands", {"unlock": {}}),
    ("updateDeviceType", "properties", [1]),
    ("updateDevice", "purchaseValue", "-0.01"),
    ("updateDevice", "purchaseValue", "1.001"),
    ("updateDevice", "purchaseValue", "1000000000000"),
    ("updateDevice", "purchaseValue", "1E+999999"),
    ("updateDevice", "purchaseValue", "0E-99999"),
    ("updateDevice", "currency", "eur"),
]


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: f"{bad[0]}-{bad[1]}-{str(bad[2])[:12]!r}")
async def test_a_bad_value_is_told_by_its_place(
    ask: Ask, databases: Databases, acme: Estate, bad: tuple[str, str, Any]
) -> None:
    """Invalid, with the field's path and a sentence; nothing changes."""
    field, name, value = bad
    before = await everything(databases, acme)
    refused = await change(ask, acme, field, id=acme.ids[field.removeprefix("update")], **{name: value})
    assert refused["__typename"] == "Invalid"
    assert [each["path"] for each in refused["fields"]] == [[name]]
    assert refused["fields"][0]["message"].startswith(name)
    assert await everything(databases, acme) == before


async def test_every_wrong_field_is_told_at_once(ask: Ask, databases: Databases, acme: Estate) -> None:
    """A form marks them all."""
    before = await everything(databases, acme)
    wrong = {"name": "", "country": "no", "timeZone": "Mars", "latitude": 91}
    updated = await change(ask, acme, "updateLocation", id=acme.ids["Location"], city="Oslo", **wrong)
    created = await change(ask, acme, "createLocation", **{"code": "ok", **wrong})
    for refused in (updated, created):
        assert refused["__typename"] == "Invalid"
        assert [each["path"] for each in refused["fields"]] == [[name] for name in wrong]
    device = await change(ask, acme, "updateDevice", id=acme.ids["Device"], serial=None, typeId=None)
    assert [each["path"] for each in device["fields"]] == [["serial"], ["typeId"]]
    assert await everything(databases, acme) == before


@pytest.mark.parametrize("name", ["x" * 200, "Ω" * 200, "🏢 Gebäude 7", "e\u0301"])
async def test_a_name_in_any_script_is_kept(ask: Ask, acme: Estate, name: str) -> None:
    """Characters are counted, not bytes."""
    row = await changed(ask, acme, "updateLocation", id=acme.ids["Location"], name=name)
    assert row["name"] == name


async def test_the_deepest_json_is_kept_and_shown(ask: Ask, acme: Estate) -> None:
    """Under a key too, which keeps it with the answer around it."""
    desired = {"a": nested(99)}
    row = await changed(ask, acme, "updateDevice", id=acme.ids["Device"], desired=desired, clientMutationId="k")
    assert row["desired"] == desired


@pytest.mark.parametrize("keyed", ["", ', clientMutationId: "k"'], ids=["no key", "key"])
async def test_a_number_beyond_64_bits_is_no_json_of_ours(ask: Ask, acme: Estate, keyed: str) -> None:
    """A literal in the document can hold one; it is told, whether or not the request has a key."""
    literal = f'{{id: "{acme.ids["Device"]}", desired: {{a: {10**30}}}{keyed}}}'
    outcome = await ask(acme, f"mutation {{ updateDevice(input: {literal}) {{ __typename }} }}", *EVERYTHING)
    assert outcome.data == {"updateDevice": {"__typename": "Invalid"}}


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("createLocation", {"code": "hq", "name": "N"}),
        ("createOrganization", {"key": "west", "name": "N"}),
        ("createDeviceType", {"key": "reader-2", "name": "N", "kind": "OTHER"}),
    ],
)
async def test_a_key_is_unique_among_the_living(
    ask: Ask, databases: Databases, acme: Estate, field: str, given: dict[str, Any]
) -> None:
    """A second one is a Conflict that names the column; after the first one is deleted its key is free again."""
    noun = field.removeprefix("create")
    before = await everything(databases, acme)
    refused = await change(ask, acme, field, **given)
    assert (refused["__typename"], refused["currentVersion"]) == ("Conflict", None)
    assert f"The {next(iter(given))} is taken" in refused["message"]
    assert await everything(databases, acme) == before
    await changed(ask, acme, f"delete{noun}", id=acme.ids[noun], cascade=True)
    again = await changed(ask, acme, field, **given)
    assert again["id"] != acme.ids[noun]


async def test_a_serial_and_an_areas_code_are_unique(ask: Ask, acme: Estate, globex: Estate) -> None:
    """A code in its location, a serial in its tenant; a neighbour's does not count, nor does an update escape."""
    place = {"locationId": acme.ids["Location"]}
    area = {"code": "room_101", "name": "N", "kind": "ROOM"}
    assert (await change(ask, acme, "createArea", **area, place=place))["__typename"] == "Conflict"
    annex = await changed(ask, acme, "createLocation", code="annex", name="Annex")
    await changed(ask, acme, "createArea", **area, place={"locationId": annex["id"]})
    await create_device(ask, globex, "R-0002")
    second = await create_device(ask, acme, "R-0002")
    refused = await change(ask, acme, "updateDevice", id=second["id"], serial="R-0001")
    assert (refused["__typename"], "serial" in refused["message"]) == ("Conflict", True)


async def test_an_input_that_lacks_what_is_required_is_refused(ask: Ask, acme: Estate) -> None:
    """By the type of the input."""
    outcome = await ask(acme, document("createDevice"), *EVERYTHING, **{"in": {"serial": "n", "name": "N"}})
    assert (outcome.status, outcome.codes) == (400, ["BAD_USER_INPUT"])


@pytest.mark.parametrize("number", [1e300, -1e300, 2**63, 1.5, 0.1, 5e-324])
async def test_a_number_in_json_comes_back_as_it_was_written(ask: Ask, acme: Estate, number: float) -> None:
    """However many digits PostgreSQL spells it with."""
    made = await changed(ask, acme, "updateDevice", id=acme.ids["Device"], desired={"a": number})
    assert made["desired"] == {"a": number}
    outcome = await ask(acme, "{ devices { nodes { desired } } }", *EVERYTHING)
    assert outcome.data["devices"]["nodes"] == [{"desired": {"a": number}}]

"""What requests leave in the audit: each change in its own transaction, each refusal in one that survives it."""

from typing import Any

import orjson
import pytest

from auth.scopes import Scope
from resolvers.auditing.checking import check
from tenantry.databases import Databases
from tests.ask import Ask
from tests.auditing import RECORDS, VALUES, rows_of
from tests.bulk import UPDATE, bulk
from tests.changing import change, changed, create_area, create_device, events
from tests.estate import Estate
from tests.tokens import CREATE, READ, created
from tests.tokens import change as change_token


async def recorded(databases: Databases, estate: Estate) -> list[dict[str, Any]]:
    """The records of a tenant, in their order."""
    return await rows_of(databases, RECORDS, estate.tenant.id)


async def test_each_change_is_one_record_of_who_did_what_to_which_thing(
    ask: Ask, databases: Databases, acme: Estate
) -> None:
    """By the closed vocabulary of actions, with the actor's token and the request's id."""
    area = await create_area(ask, acme, "a")
    await changed(ask, acme, "updateArea", id=area["id"], name="New name")
    await changed(ask, acme, "moveArea", id=area["id"], to={"parentId": acme.ids["Area"]})
    await changed(ask, acme, "deleteArea", id=area["id"])
    await changed(ask, acme, "restoreArea", id=area["id"])
    found = await recorded(databases, acme)
    assert [each["action"] for each in found] == [
        "area.created", "area.updated", "area.moved", "area.deleted", "area.restored",
    ]  # fmt: skip
    assert {each["target_id"] for each in found} == {area["id"]}
    assert {(each["actor_kind"], each["actor_name"], each["request_id"]) for each in found} == {
        ("SERVICE", "a test", "a-request")
    }
    assert {each["outcome"] for each in found} == {"SUCCEEDED"}


async def test_a_record_holds_what_was_written_before_and_after(ask: Ask, databases: Databases, acme: Estate) -> None:
    """Of the fields that were written, and of no others."""
    await changed(ask, acme, "updateDevice", id=acme.ids["Device"], name="Back door reader", labels=["new"])
    values = await rows_of(databases, VALUES, acme.tenant.id)
    assert {each["field"]: (orjson.loads(each["before"]), orjson.loads(each["after"])) for each in values} == {
        "name": ("Front door reader", "Back door reader"),
        "labels": ([], ["new"]),
    }


async def test_a_change_of_many_is_a_record_for_each(ask: Ask, databases: Databases, acme: Estate) -> None:
    """A deletion with what hangs on it, too."""
    await create_device(ask, acme, "second", place={"areaId": acme.ids["Area"]})
    await changed(ask, acme, "deleteLocation", id=acme.ids["Location"], cascade=True)
    actions = [each["action"] for each in await recorded(databases, acme)]
    assert sorted(actions[1:]) == ["area.deleted"] * 2 + ["device.deleted"] * 2 + ["location.deleted"]


async def test_a_change_that_is_rolled_back_leaves_no_record_of_a_change(
    ask: Ask, databases: Databases, acme: Estate
) -> None:
    """Nor a gap."""
    await change(ask, acme, "createDevice", serial=acme.device.serial, name="x", typeId=acme.ids["DeviceType"])
    await create_area(ask, acme, "a")
    assert [(each["number"], each["action"]) for each in await recorded(databases, acme)] == [(1, "area.created")]


async def test_an_operation_that_lacks_a_scope_is_recorded(ask: Ask, databases: Databases, acme: Estate) -> None:
    """What it lacked, and nothing of what it sent."""
    query = 'mutation { createArea(input: {code: "c", name: "n", kind: ROOM, place: {}}) { __typename } }'
    await ask(acme, query, Scope.DEVICES_READ)
    [record] = await recorded(databases, acme)
    assert (record["action"], record["outcome"], record["target_id"]) == ("access.refused", "REFUSED", None)
    [value] = await rows_of(databases, VALUES, acme.tenant.id)
    assert orjson.loads(value["after"]) == [{"field": "Mutation.createArea", "scopes": ["tenant.areas.write"]}]


async def test_a_thing_whose_type_the_caller_may_not_read_is_recorded_once(
    ask: Ask, databases: Databases, acme: Estate
) -> None:
    """Only its id tells the type: the rest of the query is answered, and what was lacking is named once."""
    query = "query ($device: ID!, $area: ID!) { node(id: $area) { id } nodes(ids: [$device, $device]) { id } }"
    outcome = await ask(acme, query, Scope.AREAS_READ, device=acme.ids["Device"], area=acme.ids["Area"])
    assert (outcome.data["node"]["id"], len(outcome.errors)) == (acme.ids["Area"], 2)
    [record] = await recorded(databases, acme)
    assert (record["action"], record["outcome"]) == ("access.refused", "REFUSED")
    [value] = await rows_of(databases, VALUES, acme.tenant.id)
    assert orjson.loads(value["after"]) == [{"field": "Device", "scopes": ["tenant.devices.read"]}]


@pytest.mark.parametrize("whose", ["globex", "nobody"])
async def test_what_is_out_of_reach_is_recorded_where_the_caller_is(
    ask: Ask, databases: Databases, acme: Estate, globex: Estate, whose: str
) -> None:
    """The neighbour's audit says nothing of it; the answer is the same for a thing that never was."""
    wanted = globex.ids["Device"] if whose == "globex" else globex.ids["Device"][:-4] + "ffff"
    answered = await change(ask, acme, "updateDevice", id=wanted, name="Mine now")
    assert answered["__typename"] == "NotFound"
    assert [each["action"] for each in await recorded(databases, acme)] == ["access.refused"]
    assert await recorded(databases, globex) == []


async def test_items_of_a_bulk_change_that_are_out_of_reach_are_recorded_as_refused(
    ask: Ask, databases: Databases, acme: Estate, globex: Estate
) -> None:
    """How many, beside the records of those that were changed; once, however often the request is repeated."""
    items = [{"id": each.ids["Device"], "name": "New"} for each in (acme, globex)]
    for _ in range(2):
        await bulk(ask, acme, UPDATE, items, clientMutationId="once")
    found = await recorded(databases, acme)
    assert [(each["action"], each["outcome"]) for each in found] == [
        ("device.updated", "SUCCEEDED"),
        ("access.refused", "REFUSED"),
    ]
    values = {each["field"]: orjson.loads(each["after"]) for each in await rows_of(databases, VALUES, acme.tenant.id)}
    assert values["answers"] == {"NotFound": 1}


async def test_a_repeated_request_is_recorded_once(ask: Ask, databases: Databases, acme: Estate) -> None:
    """It changes nothing the second time."""
    for _ in range(2):
        await changed(ask, acme, "updateDevice", id=acme.ids["Device"], name="New", clientMutationId="once")
    assert len(await recorded(databases, acme)) == 1


async def test_what_no_event_tells_is_recorded_with_its_change(ask: Ask, databases: Databases, acme: Estate) -> None:
    """The feed says nothing of tokens; the audit does, in the same transaction."""
    await created(ask, acme)
    assert (await change_token(ask, acme, CREATE, name="dashboard", scopes=[READ]))["__typename"] == "Conflict"
    assert [each["action"] for each in await recorded(databases, acme)] == ["token.created"]
    assert await events(databases, acme) == []


async def test_what_requests_leave_verifies(ask: Ask, databases: Databases, acme: Estate) -> None:
    """The chain over changes and refusals holds."""
    for at in range(5):
        await create_device(ask, acme, f"D-{at}", desired={"level": at / 3}, purchaseValue="129.90")
        await ask(acme, "{ devices { totalCount } }", Scope.AREAS_READ)
    verdict = await check(databases.app, acme.tenant.id)
    assert (verdict.ok, verdict.records) == (True, 10)

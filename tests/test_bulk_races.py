"""Bulk changes and others at once: nothing is written twice, nothing by half, and nobody is told of a fault of ours."""

import asyncio
from collections import Counter

from sqlalchemy import insert

from models import Device
from tenantry.databases import Databases
from tests.ask import Ask
from tests.bulk import CREATE, UPDATE, ask_bulk, bulk, device, kinds, made
from tests.changing import change, changed, events, everything
from tests.clock import HeldClock
from tests.estate import Estate
from tests.interrupt import until
from tests.test_interleaving import is_waiting


async def test_a_repeated_key_gets_the_first_answer(ask: Ask, databases: Databases, acme: Estate) -> None:
    """The same bytes, problems and all, also where the rows have gone on; another input is a Conflict."""
    full = {"purchaseValue": "129.90", "warrantyEndsAt": "2028-02-29", "desired": {"a": {"__typename": "Device"}}}
    items = [device(acme, "a", **full, place={"areaId": acme.ids["Area"]}), device(acme, "b", name="")]
    first = await ask_bulk(ask, acme, CREATE, items, clientMutationId="once")
    assert kinds(first.data[CREATE]) == ["Device", "Invalid"]
    device_id = first.data[CREATE]["items"][0]["device"]["id"]
    await changed(ask, acme, "moveDevice", id=acme.ids["Device"], to={"none": True})
    await changed(ask, acme, "updateDevice", id=device_id, name="Renamed")
    after = await everything(databases, acme)
    for _ in range(2):
        assert (await ask_bulk(ask, acme, CREATE, items, clientMutationId="once")).answer == first.answer
    other = await bulk(ask, acme, CREATE, items[:1], clientMutationId="once")
    assert (other["__typename"], "another input" in other["message"]) == ("Conflict", True)
    assert await everything(databases, acme) == after


async def test_twenty_at_once_are_written_once(ask: Ask, databases: Databases, acme: Estate) -> None:
    """All get the answer of the one that worked."""
    items = [device(acme, f"s-{at}") for at in range(20)]
    answers = await asyncio.gather(
        *(ask_bulk(ask, acme, CREATE, items, clientMutationId="once") for _ in range(20))
    )  # fmt: skip
    assert len({outcome.answer.body for outcome in answers}) == 1
    assert answers[0].data[CREATE]["written"] == 20
    assert len(await events(databases, acme)) == 20


async def test_a_request_of_which_nothing_is_written_does_not_use_its_key_up(ask: Ask, acme: Estate) -> None:
    """As with a single change: the mended input may take the same key."""
    bad = [device(acme, "a"), device(acme, "b", name="")]
    refused = await bulk(ask, acme, CREATE, bad, atomic=True, clientMutationId="once")
    assert refused["refused"] == 2
    good = [device(acme, "a"), device(acme, "b")]
    assert kinds(await bulk(ask, acme, CREATE, good, atomic=True, clientMutationId="once")) == ["Device"] * 2


async def test_twenty_updates_at_one_version_are_one(ask: Ask, databases: Databases, acme: Estate) -> None:
    """Each row goes on by one version; the others are told the version that it is at."""
    ids = await made(ask, acme, "a", "b", "c")
    since = len(await events(databases, acme))

    async def update(number: int) -> list[str]:
        order = ids if number % 2 else ids[::-1]
        return kinds(
            await bulk(ask, acme, UPDATE, [{"id": each, "ifVersion": 1, "name": f"n{number}"} for each in order])
        )

    told = await asyncio.gather(*(update(number) for number in range(20)))
    assert Counter(kind for each in told for kind in each) == {"Device": 3, "Conflict": 57}
    assert ["Device"] * 3 in told
    assert [event["entity_version"] for event in (await events(databases, acme))[since:]] == [2] * 3


async def test_overlapping_creations_share_the_serials_out(ask: Ask, databases: Databases, acme: Estate) -> None:
    """Each serial exactly once, whatever the order in which each request names them."""
    serials = [f"s-{at}" for at in range(30)]

    async def create(number: int) -> list[str]:
        order = [*serials[number:], *serials[:number]][:: 1 if number % 2 else -1]
        return kinds(await bulk(ask, acme, CREATE, [device(acme, each) for each in order]))

    told = await asyncio.gather(*(create(number) for number in range(8)))
    assert Counter(kind for each in told for kind in each) == {"Device": 30, "Conflict": 7 * 30}
    rows = (await everything(databases, acme))["device"]
    assert sorted(row["serial"] for row in rows) == sorted([*serials, "R-0001"])


async def test_a_serial_that_is_taken_meanwhile_is_that_items_conflict(
    ask: Ask, databases: Databases, clock: HeldClock, acme: Estate
) -> None:
    """The update waits for whoever writes the serial, is run again, and tells of the one item alone."""
    ids = await made(ask, acme, "a", "b", "c")
    items = [{"id": each, "serial": f"{serial}-new"} for each, serial in zip(ids, "abc", strict=True)]
    row = {
        "tenant_id": acme.tenant.id,
        "id": clock.new_id(),
        "serial": "b-new",
        "name": "N",
        "type_id": acme.device_type.id,
        "created_at": clock.now(),
        "updated_at": clock.now(),
    }
    async with databases.app.write(acme.tenant.id) as connection:
        await connection.execute(insert(Device), row)
        update = asyncio.create_task(bulk(ask, acme, UPDATE, items))
        create = asyncio.create_task(bulk(ask, acme, CREATE, [device(acme, "b-new"), device(acme, "d")]))
        await until(lambda: is_waiting(databases.app, how_many=2))
    assert kinds(await update) == ["Device", "Conflict", "Device"]
    assert kinds(await create) == ["Conflict", "Device"]
    shown = [await changed(ask, acme, "updateDevice", id=each) for each in ids]
    assert [(each["serial"], each["version"]) for each in shown] == [("a-new", 2), ("b", 1), ("c-new", 2)]


async def test_two_bulk_updates_close_no_circle_together(ask: Ask, acme: Estate) -> None:
    """Each alone would do."""
    for turn in range(4):
        one, two = await made(ask, acme, f"one-{turn}", f"two-{turn}")
        answers = await asyncio.gather(
            bulk(ask, acme, UPDATE, [{"id": one, "parentId": two}]),
            bulk(ask, acme, UPDATE, [{"id": two, "parentId": one}]),
        )
        assert sorted(kinds(answer)[0] for answer in answers) == ["Conflict", "Device"]


async def test_a_whole_that_is_deleted_meanwhile_gets_no_part(ask: Ask, acme: Estate) -> None:
    """Either the parts are there first, and it is not empty, or it is gone, and they have no parent."""
    for turn in range(6):
        [whole] = await made(ask, acme, f"whole-{turn}")
        parts = [device(acme, f"part-{turn}-{at}", parentId=whole) for at in range(5)]
        created, deleted = await asyncio.gather(
            bulk(ask, acme, CREATE, parts), change(ask, acme, "deleteDevice", id=whole)
        )
        assert (set(kinds(created)), deleted["__typename"]) in (
            ({"Device"}, "NotEmpty"),
            ({"NotFound"}, "Deletion"),
        )

"""A bulk change answers what the single mutations answer one after the other: for whatever items, in any order."""

import json
import re
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert

from models import Device
from tenantry.databases import Databases
from tests.ask import Ask
from tests.bulk import CREATE, UPDATE, bulk, kinds
from tests.changing import Node, change, events, everything
from tests.clock import HeldClock
from tests.estate import Estate

ID = re.compile("[a-z]{2,4}_[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# Five in each other, one with a part, and one alone: each device's whole, by its place in this list.
WHOLES = (None, 0, 1, 2, 3, None, 5, None)
NOWHERE = "dev_00000000-0000-7000-8000-000000000000"
SERIALS = st.sampled_from([*(f"s{at}" for at in range(len(WHOLES))), "free", "x" * 201])
DEVICES = st.integers(-1, len(WHOLES) - 1)
ORGANIZATIONS = st.sampled_from(["west", None, "org_x"])
COMMON = {
    "name": st.sampled_from(["same", "New", " "]),
    "lifecycle": st.sampled_from(["RETIRED", None]),
    "desired": st.sampled_from([{"a": 1}, {}, []]),
    "parentId": st.one_of(st.none(), DEVICES),
    "organizationId": ORGANIZATIONS,
}
UPDATES = st.lists(
    st.fixed_dictionaries(
        {"id": DEVICES}, optional={"ifVersion": st.sampled_from([1, 1, 2]), "serial": SERIALS, **COMMON}
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda item: item["id"],
)
PLACES = st.sampled_from(["Location", "Area", None])
CREATES = st.lists(
    st.fixed_dictionaries(
        {"serial": SERIALS, "name": COMMON["name"]},
        optional={**{name: kind for name, kind in COMMON.items() if name != "name"}, "place": PLACES},
    ),
    min_size=1,
    max_size=6,
)
few = settings(max_examples=50, deadline=None, database=None, suppress_health_check=list(HealthCheck))


@few
@given(items=UPDATES, atomic=st.booleans())
async def test_a_bulk_update_is_its_items_one_by_one(
    *, ask: Ask, databases: Databases, clock: HeldClock, acme: Estate, globex: Estate, items: list[Node], atomic: bool
) -> None:
    """The same rows, problems and events; with `atomic` the same where nothing is bad, and otherwise nothing."""
    await compare(ask, databases, clock, (acme, globex), (UPDATE, "updateDevice"), items, atomic=atomic)


@few
@given(items=CREATES, atomic=st.booleans())
async def test_a_bulk_creation_is_its_items_one_by_one(
    *, ask: Ask, databases: Databases, clock: HeldClock, acme: Estate, globex: Estate, items: list[Node], atomic: bool
) -> None:
    """The same rows, problems and events; with `atomic` the same where nothing is bad, and otherwise nothing."""
    await compare(ask, databases, clock, (acme, globex), (CREATE, "createDevice"), items, atomic=atomic)


async def compare(  # noqa: PLR0917
    ask: Ask,
    databases: Databases,
    clock: HeldClock,
    estates: tuple[Estate, Estate],
    fields: tuple[str, str],
    items: list[Node],
    *,
    atomic: bool,
) -> None:
    """One estate is changed by the one mutation, another like it by the other."""
    one, other = estates
    devices = [await begin(databases, clock, estate) for estate in estates]
    told = [len(await events(databases, estate)) for estate in estates]
    before = await everything(databases, one)
    answered = await bulk(ask, one, fields[0], [named(item, one, devices[0]) for item in items], atomic=atomic)
    singles = [await change(ask, other, fields[1], **named(item, other, devices[1])) for item in items]
    if atomic and answered["refused"]:
        assert kinds(answered) != ["Device"] * len(items)
        assert answered["written"] == 0
        assert await everything(databases, one) == before
        assert {single["__typename"] for single in singles} != {"Device"}
        return
    ours = alike([item["device"] or item["problem"] for item in answered["items"]], one, devices[0])
    theirs = alike([without_type(single) for single in singles], other, devices[1])
    assert ours == theirs
    feeds = [(await events(databases, estate))[since:] for estate, since in zip(estates, told, strict=True)]
    said = [[(each["kind"], each["entity_version"], each["changed"]) for each in feed] for feed in feeds]
    assert said[0] == said[1]
    assert len(feeds[0]) <= answered["written"]


async def begin(databases: Databases, clock: HeldClock, estate: Estate) -> list[str]:
    """The same small estate each time; the ids of its devices."""
    ids = [clock.new_id() for _ in WHOLES]
    common = {
        "tenant_id": estate.tenant.id,
        "type_id": estate.device_type.id,
        "name": "same",
        "created_at": clock.now(),
        "updated_at": clock.now(),
    }
    rows = [
        {**common, "id": ids[at], "serial": f"s{at}", "parent_id": None if whole is None else ids[whole]}
        for at, whole in enumerate(WHOLES)
    ]
    async with databases.app.write(estate.tenant.id) as connection:
        await connection.execute(delete(Device))
        await connection.execute(insert(Device), rows)
    return [f"dev_{each}" for each in ids]


def named(item: Node, estate: Estate, devices: list[str]) -> Node:
    """The item with the ids that things have in this estate."""
    found: dict[str, Any] = {} if "id" in item else {"typeId": estate.ids["DeviceType"]}
    for name, value in item.items():
        if name in {"id", "parentId"} and value is not None:
            found[name] = devices[value] if value >= 0 else NOWHERE
        elif name == "organizationId" and value == "west":
            found[name] = estate.ids["Organization"]
        elif name == "place":
            found[name] = value and {f"{value.lower()}Id": estate.ids[value]}
        else:
            found[name] = value
    return found


def without_type(single: Node) -> Node:
    """A single mutation's answer as it stands in a bulk one: only a problem tells its type."""
    return {name: value for name, value in single.items() if name != "__typename" or value != "Device"}


def alike(answers: list[Node], estate: Estate, devices: list[str]) -> str:
    """Answers with each id as its place among the things that there were, and among the new ones."""
    places = {id_: f"#{at}" for at, id_ in enumerate([*estate.ids.values(), *devices])}
    return ID.sub(
        lambda found: places.setdefault(found[0], f"#{len(places)}"), json.dumps(answers, indent=1, sort_keys=True)
    )

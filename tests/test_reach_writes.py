"""Changes by a caller who is bound to a node: what lies beneath it, and nothing else."""

from collections.abc import Callable
from typing import Any

import pytest

from auth.scopes import Scope
from loaders.entities import BY_NAME
from models.hierarchy import ReachKind
from models.ids import encode
from schema.graph import Graph
from tenantry.databases import Databases
from tests.bound import KINDS, Change, changing, estate
from tests.bulk import CREATE, UPDATE, bulk_document, kinds
from tests.changing import everything, parts
from tests.clock import HeldClock
from tests.reaching import Halves, make_halves, nobodys
from tests.sql import statements
from tests.test_bulk_denials import NAMED
from tests.test_mutation_denials import MATRIX, NAMING, SECOND

WHOLE = ("DeviceType", "Tenant")
BOUND = [field for field in NAMING if parts(field)[1] not in WHOLE and field != "createDevice"]
NEVER = [field for field in MATRIX if parts(field)[1] in WHOLE]
BESIDE = [each for each in SECOND if each[1] not in WHOLE]
BEYOND = "would lie beyond the token's reach."
Ids = dict[str, str]
by_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture
async def halves(databases: Databases, clock: HeldClock) -> Halves:
    """A tenant of two halves; the callers of this file are bound to the first."""
    return await make_halves(databases, clock)


@pytest.fixture
def change(graph: Graph, clock: HeldClock) -> Change:
    """Change something as a bound caller."""
    return changing(graph, clock)


def ids_of(halves: Halves, *, second: bool = False) -> Ids:
    """One thing of each type, of one half."""
    return estate(halves, halves.second if second else None).ids


def kind_of(outcome: Any, field: str) -> str:
    """What was answered, in a word."""
    assert outcome.errors == [], outcome.errors
    name: str = outcome.data[field]["__typename"]
    return name


@by_kind
@pytest.mark.parametrize("field", BOUND)
async def test_a_siblings_thing_is_as_missing_as_one_that_never_was(  # noqa: PLR0917
    change: Change, databases: Databases, clock: HeldClock, halves: Halves, field: str, kind: ReachKind
) -> None:
    """The two answers are the same bytes, and nothing changes."""
    before = await everything(databases, estate(halves))
    theirs = ids_of(halves, second=True)
    never = {name: nobodys(clock, id_) for name, id_ in theirs.items()}
    node = halves.first.node(kind)
    told = [await change(halves, node, field, MATRIX[field](ids)) for ids in (theirs, never)]
    assert told[0].answer == told[1].answer
    assert kind_of(told[0], field) == "NotFound"
    assert await everything(databases, estate(halves)) == before


@by_kind
@pytest.mark.parametrize("field", [field for field in BOUND if field.startswith("restore")])
async def test_a_siblings_deleted_thing_is_as_missing(  # noqa: PLR0917
    change: Change, databases: Databases, clock: HeldClock, halves: Halves, field: str, kind: ReachKind
) -> None:
    """What was deleted lies where it was."""
    its = ids_of(halves, second=True)[parts(field)[1]]
    gone = await change(halves, None, field.replace("restore", "delete"), {"id": its, "cascade": True})
    assert kind_of(gone, field.replace("restore", "delete")) == "Deletion"
    before = await everything(databases, estate(halves))
    node = halves.first.node(kind)
    told = [await change(halves, node, field, {"id": each}) for each in (its, nobodys(clock, its))]
    assert told[0].answer == told[1].answer
    assert kind_of(told[0], field) == "NotFound"
    assert await everything(databases, estate(halves)) == before


@by_kind
@pytest.mark.parametrize("second", BESIDE, ids=lambda second: f"{second[0]}-{second[1]}")
async def test_nothing_is_hung_on_a_siblings_thing(  # noqa: PLR0917
    change: Change,
    databases: Databases,
    clock: HeldClock,
    halves: Halves,
    second: tuple[str, str, Any],
    kind: ReachKind,
) -> None:
    """An own thing with a sibling's beside it: the same bytes as with one that never was."""
    field, target, named = second
    verb, noun = parts(field)
    own = {"id": ids_of(halves)[noun]} if verb != "create" else {}
    own |= {"typeId": ids_of(halves)["DeviceType"]} if field == "createDevice" else {}
    before = await everything(databases, estate(halves))
    its = ids_of(halves, second=True)[target]
    node = halves.first.node(kind)
    told = [await change(halves, node, field, own | named(each)) for each in (its, nobodys(clock, its))]
    assert told[0].answer == told[1].answer
    assert kind_of(told[0], field) == "NotFound"
    assert await everything(databases, estate(halves)) == before


@by_kind
@pytest.mark.parametrize("field", NEVER)
async def test_what_the_whole_tenant_has_is_forbidden(  # noqa: PLR0917
    change: Change, databases: Databases, clock: HeldClock, halves: Halves, field: str, kind: ReachKind
) -> None:
    """Types of devices and tenants: whether there is such a thing or not, in the same bytes."""
    before = await everything(databases, estate(halves))
    own = ids_of(halves)
    never = {name: nobodys(clock, id_) for name, id_ in own.items()}
    make = MATRIX[field] or (lambda _ids: {"key": "new", "name": "New", "kind": "OTHER"})
    told = [await change(halves, halves.first.node(kind), field, make(ids)) for ids in (own, never)]
    assert told[0].answer == told[1].answer
    assert kind_of(told[0], field) == "Forbidden"
    assert await everything(databases, estate(halves)) == before


@by_kind
@pytest.mark.parametrize("named", [each for each in NAMED if each[1] != "DeviceType"], ids=lambda n: f"{n[0]}-{n[1]}")
async def test_a_siblings_thing_in_an_item_is_one_that_never_was(  # noqa: PLR0917
    change: Change,
    databases: Databases,
    clock: HeldClock,
    halves: Halves,
    named: tuple[str, str, Any],
    kind: ReachKind,
) -> None:
    """The same bytes, that item's own problem, nothing written."""
    field, target, beside = named
    own, its = ids_of(halves), ids_of(halves, second=True)[target]
    good = {"serial": "n", "name": "N", "typeId": own["DeviceType"]} if field == CREATE else {"id": own["Device"]}
    before = await everything(databases, estate(halves))
    told = [
        await change(
            halves, halves.first.node(kind), field, {"items": [good | beside(each)]}, query=bulk_document(field)
        )
        for each in (its, nobodys(clock, its))
    ]
    assert told[0].answer == told[1].answer
    assert kinds(told[0].data[field]) == ["NotFound"]
    assert await everything(databases, estate(halves)) == before


async def test_an_ancestor_is_shown_and_takes_nothing(change: Change, databases: Databases, halves: Halves) -> None:
    """Neither a device nor an area is hung on what is above the node, although its name can be read."""
    before = await everything(databases, estate(halves))
    own = ids_of(halves)
    device = {"serial": "n", "name": "N", "typeId": own["DeviceType"]}
    area = {"code": "n", "name": "N", "kind": "ROOM", "place": {"locationId": own["Location"]}}
    inside, room = halves.first.node(ReachKind.LOCATION), halves.first.node(ReachKind.AREA)
    for node, field, asked in (
        (inside, "createDevice", device | {"organizationId": own["Organization"]}),
        (room, "createDevice", device | {"place": {"locationId": own["Location"]}}),
        (room, "createArea", area),
    ):
        assert kind_of(await change(halves, node, field, asked), field) == "NotFound"
    assert await everything(databases, estate(halves)) == before


@pytest.mark.parametrize(
    ("kind", "field", "asked"),
    [
        (ReachKind.LOCATION, "createDevice", lambda ids: {"serial": "n", "name": "N", "typeId": ids["DeviceType"]}),
        (ReachKind.LOCATION, "moveDevice", lambda ids: {"id": ids["Device"], "to": {"none": True}}),
        (ReachKind.LOCATION, "createLocation", lambda _ids: {"code": "n", "name": "N"}),
        (ReachKind.LOCATION, "createOrganization", lambda _ids: {"key": "n", "name": "N"}),
        (ReachKind.LOCATION, "moveLocation", lambda ids: {"id": ids["Location"], "to": {"none": True}}),
        (ReachKind.AREA, "moveDevice", lambda ids: {"id": ids["Device"], "to": {"none": True}}),
        (ReachKind.ORGANIZATION, "createLocation", lambda _ids: {"code": "n", "name": "N"}),
        (ReachKind.ORGANIZATION, "createOrganization", lambda _ids: {"key": "n", "name": "N"}),
        (ReachKind.ORGANIZATION, "moveLocation", lambda ids: {"id": ids["Location"], "to": {"none": True}}),
        (ReachKind.ORGANIZATION, "moveOrganization", lambda ids: {"id": ids["Organization"], "to": {"none": True}}),
    ],
)
async def test_what_would_lie_beyond_the_reach_is_forbidden(  # noqa: PLR0917
    change: Change,
    databases: Databases,
    halves: Halves,
    kind: ReachKind,
    field: str,
    asked: Callable[[Ids], dict[str, Any]],
) -> None:
    """Nothing is put outside, nothing leaves, and the node itself stays where it hangs."""
    before = await everything(databases, estate(halves))
    outcome = await change(halves, halves.first.node(kind), field, asked(ids_of(halves)))
    assert kind_of(outcome, field) == "Forbidden"
    assert outcome.data[field]["message"].endswith(BEYOND)
    assert await everything(databases, estate(halves)) == before


@pytest.mark.parametrize(
    ("field", "key", "taken"), [("createLocation", "code", "b-hq"), ("createOrganization", "key", "b-org")]
)
async def test_whether_a_key_is_taken_beyond_the_reach_is_not_told(
    change: Change, halves: Halves, field: str, key: str, taken: str
) -> None:
    """Whoever cannot create such a thing at all gets one answer for every key."""
    node = halves.first.node(ReachKind.LOCATION)
    told = [await change(halves, node, field, {key: each, "name": "N"}) for each in (taken, "free")]
    assert told[0].answer == told[1].answer


async def test_a_device_does_not_leave_its_organization(change: Change, databases: Databases, halves: Halves) -> None:
    """One that belongs to the node's organization, and stands elsewhere, would be nobody's to see."""
    node = halves.first.node(ReachKind.ORGANIZATION)
    device = ids_of(halves)["Device"]
    elsewhere = {"id": device, "to": {"locationId": ids_of(halves, second=True)["Location"]}}
    await change(halves, None, "moveDevice", elsewhere)
    before = await everything(databases, estate(halves))
    for field, asked in (
        ("updateDevice", {"id": device, "organizationId": None}),
        (UPDATE, {"items": [{"id": device, "organizationId": None}]}),
    ):
        query = bulk_document(field) if field == UPDATE else None
        answered = (await change(halves, node, field, asked, query=query)).data[field]
        problem = answered["items"][0]["problem"] if field == UPDATE else answered
        assert problem["__typename"] == "Forbidden"
    assert await everything(databases, estate(halves)) == before


async def test_each_item_of_many_is_held_to_the_reach(change: Change, databases: Databases, halves: Halves) -> None:
    """What would lie beyond it is refused by itself, and holds no key; with `atomic` all are."""
    node, own = halves.first.node(ReachKind.LOCATION), ids_of(halves)
    item = {"name": "N", "typeId": own["DeviceType"]}
    place = {"place": {"locationId": own["Location"]}}
    items = [item | {"serial": "n"}, item | {"serial": "n"} | place, item | {"serial": "m"} | place]
    before = await everything(databases, estate(halves))
    together = await change(halves, node, CREATE, {"items": items, "atomic": True}, query=bulk_document(CREATE))
    assert kinds(together.data[CREATE]) == ["Forbidden", "Conflict", "Conflict"]
    assert await everything(databases, estate(halves)) == before
    each = await change(halves, node, CREATE, {"items": items}, query=bulk_document(CREATE))
    assert kinds(each.data[CREATE]) == ["Forbidden", "Device", "Device"]


async def test_a_cascade_that_goes_beyond_the_reach_is_forbidden(
    change: Change, databases: Databases, halves: Halves
) -> None:
    """A part of the device stands in the other half: it is told of without a number, and keeps the device."""
    before = await everything(databases, estate(halves))
    node, device = halves.first.node(ReachKind.LOCATION), ids_of(halves)["Device"]
    kept = (await change(halves, node, "deleteDevice", {"id": device})).data["deleteDevice"]
    assert kept["__typename"] == "NotEmpty"
    assert kept["counts"] == [{"type": "Device", "count": 1}]
    assert "(1 Device and more beyond the token's reach)" in kept["message"]
    cascade = await change(halves, node, "deleteDevice", {"id": device, "cascade": True})
    assert kind_of(cascade, "deleteDevice") == "Forbidden"
    assert await everything(databases, estate(halves)) == before


async def test_what_went_with_something_beyond_the_reach_does_not_come_back(
    change: Change, databases: Databases, halves: Halves
) -> None:
    """Neither what was named, nor a part of it; and the problem names nothing out of reach."""
    node, own = halves.first.node(ReachKind.LOCATION), ids_of(halves)
    await change(halves, None, "deleteDevice", {"id": own["Device"], "cascade": True})
    before = await everything(databases, estate(halves))
    assert kind_of(await change(halves, node, "restoreDevice", {"id": own["Device"]}), "restoreDevice") == "Forbidden"
    theirs = ids_of(halves, second=True)["Device"]
    assert await everything(databases, estate(halves)) == before
    await change(halves, None, "restoreDevice", {"id": own["Device"]})
    await change(halves, None, "deleteDevice", {"id": theirs, "cascade": True})
    stray = encode(BY_NAME["Device"].prefix, halves.stray.id)
    told = (await change(halves, node, "restoreDevice", {"id": stray})).data["restoreDevice"]
    assert told["__typename"] == "Conflict"
    assert theirs not in told["message"]


async def test_an_answer_is_not_repeated_for_what_has_left_the_reach(change: Change, halves: Halves) -> None:
    """The key is known, and the thing is no more the token's to see."""
    node, device = halves.first.node(ReachKind.LOCATION), ids_of(halves)["Device"]
    asked = {"id": device, "name": "Mine", "clientMutationId": "once"}
    assert kind_of(await change(halves, node, "updateDevice", asked), "updateDevice") == "Device"
    await change(halves, None, "updateDevice", {"id": device, "name": "Theirs"})
    again = await change(halves, node, "updateDevice", asked)
    assert again.data["updateDevice"]["name"] == "Mine"
    away = {"id": device, "to": {"locationId": ids_of(halves, second=True)["Location"]}}
    await change(halves, None, "moveDevice", away)
    gone = (await change(halves, node, "updateDevice", asked)).data["updateDevice"]
    assert gone["__typename"] == "Conflict"
    assert "name" not in gone


async def test_what_lies_beneath_the_node_is_changed(change: Change, halves: Halves) -> None:
    """A token of a location renames it, and makes, moves, deletes and restores what is in it."""
    node, own = halves.first.node(ReachKind.LOCATION), ids_of(halves)
    room = encode(BY_NAME["Area"].prefix, halves.first.room.id)
    part = encode(BY_NAME["Device"].prefix, halves.first.part.id)
    place = {"place": {"areaId": room}}
    for field, asked, answered in (
        ("updateLocation", {"id": own["Location"], "name": "New"}, "Location"),
        ("createArea", {"code": "n", "name": "N", "kind": "ROOM", "place": {"parentId": room}}, "Area"),
        ("createDevice", {"serial": "n", "name": "N", "typeId": own["DeviceType"], **place}, "Device"),
        ("moveDevice", {"id": part, "to": {"locationId": own["Location"]}}, "Device"),
        ("updateDevice", {"id": part, "parentId": None}, "Device"),
        ("deleteDevice", {"id": part}, "Deletion"),
        ("restoreDevice", {"id": part}, "Device"),
        ("moveArea", {"id": room, "to": {"none": True}}, "Area"),
    ):
        assert kind_of(await change(halves, node, field, asked), field) == answered, field


async def test_a_node_may_be_deleted_with_all_that_is_in_it(change: Change, halves: Halves) -> None:
    """It lies within itself; and it comes back."""
    node, own = halves.first.node(ReachKind.LOCATION), ids_of(halves)
    lent = encode(BY_NAME["Device"].prefix, halves.lent.id)
    await change(halves, None, "deleteDevice", {"id": lent})
    gone = await change(halves, node, "deleteLocation", {"id": own["Location"], "cascade": True})
    assert kind_of(gone, "deleteLocation") == "Deletion"
    assert (
        kind_of(await change(halves, node, "restoreLocation", {"id": own["Location"]}), "restoreLocation") == "Location"
    )


async def test_an_organization_grows_beneath_the_node(change: Change, halves: Halves) -> None:
    """Organizations, locations and devices are made beneath the one that the token is bound to."""
    node, own = halves.first.node(ReachKind.ORGANIZATION), ids_of(halves)
    for field, asked in (
        ("createOrganization", {"key": "n", "name": "N", "parentId": own["Organization"]}),
        ("createLocation", {"code": "n", "name": "N", "organizationId": own["Organization"]}),
        ("createDevice", {
            "serial": "n", "name": "N", "typeId": own["DeviceType"], "organizationId": own["Organization"],
        }),
    ):  # fmt: skip
        assert kind_of(await change(halves, node, field, asked), field) == parts(field)[1]


async def test_who_writes_and_reads_nothing_refers_to_what_it_could_write(change: Change, halves: Halves) -> None:
    """The scope that writes devices is enough to say where in the node one is."""
    node, own = halves.first.node(ReachKind.LOCATION), ids_of(halves)
    asked = {"serial": "n", "name": "N", "typeId": own["DeviceType"], "place": {"locationId": own["Location"]}}
    query = "mutation ($in: CreateDeviceInput!) { createDevice(input: $in) { __typename } }"
    outcome = await change(halves, node, "createDevice", asked, scopes=[Scope.DEVICES_WRITE], query=query)
    assert kind_of(outcome, "createDevice") == "Device"
    asked |= {"serial": "m", "place": {"locationId": ids_of(halves, second=True)["Location"]}}
    outcome = await change(halves, node, "createDevice", asked, scopes=[Scope.DEVICES_WRITE], query=query)
    assert kind_of(outcome, "createDevice") == "NotFound"


async def test_a_right_that_is_not_bound_pays_nothing(change: Change, halves: Halves) -> None:
    """Where a new row would lie is one statement, and only of a caller who is bound."""
    own = ids_of(halves)
    asking: list[int] = []
    query = "mutation ($in: CreateDeviceInput!) { createDevice(input: $in) { __typename } }"
    for node, serial in ((None, "n"), (halves.first.node(ReachKind.LOCATION), "m")):
        asked = {"serial": serial, "name": "N", "typeId": own["DeviceType"], "place": {"locationId": own["Location"]}}
        with statements() as sent:
            assert kind_of(await change(halves, node, "createDevice", asked, query=query), "createDevice") == "Device"
        asking.append(sum(each.startswith("SELECT") and "json_to_recordset" in each for each in sent))
    assert asking == [0, 1]

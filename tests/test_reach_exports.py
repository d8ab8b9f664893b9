"""Exports by a caller who is bound to a node: the devices beneath it, and of what is around them no code."""

import csv
import io
from typing import Any

import orjson
import pytest

from models.hierarchy import Node, ReachKind
from schema.graph import Graph
from tenantry.databases import Databases
from tests.ask import caller_of
from tests.bound import KINDS, changing, estate
from tests.changing import EVERYTHING
from tests.clock import HeldClock
from tests.following import HeldStanding, following
from tests.reaching import Halves, make_halves

EXPORT = """subscription ($format: ExportFormat, $search: String, $filter: DeviceFilter) {
  exportDevices(format: $format, search: $search, filter: $filter) { text rows } }"""
Line = dict[str, Any]
by_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture
async def halves(databases: Databases, clock: HeldClock) -> Halves:
    """A tenant of two halves; who exports in this file is bound to the first."""
    return await make_halves(databases, clock)


async def text_of(graph: Graph, clock: HeldClock, halves: Halves, node: Node | None, **variables: Any) -> str:
    """What an export gives a caller with every scope of a tenant."""
    caller = caller_of(halves.tenant, clock, frozenset(EVERYTHING), node=node)
    text = ""
    async with following(graph, HeldStanding(caller), EXPORT, **variables) as read:
        try:
            while True:
                response = await read.response()
                assert "errors" not in response, response
                text += response["data"]["exportDevices"]["text"]
        except StopAsyncIteration:
            return text


async def lines_of(
    graph: Graph, clock: HeldClock, halves: Halves, node: Node | None, **variables: Any
) -> dict[str, Line]:
    """The devices of an export, by their serials."""
    text = await text_of(graph, clock, halves, node, **variables)
    found = [orjson.loads(line) for line in text.splitlines()]
    return {line["serial"]: line for line in found}


@by_kind
async def test_a_siblings_devices_are_not_exported(
    graph: Graph, clock: HeldClock, halves: Halves, kind: ReachKind
) -> None:
    """Nor found by a search or a filter, in either format; and no word of the other half is in the text."""
    node = halves.first.node(kind)
    for format_ in ("NDJSON", "CSV"):
        text = await text_of(graph, clock, halves, node, format=format_)
        assert "a-1" in text
        for theirs in ("b-1", "b-2", "b-lent", "b-hq", "b-r", "b-org", *halves.second.all_ids):
            assert theirs not in text, theirs
    assert set(await lines_of(graph, clock, halves, node)) == {"a-1", "a-2", "a-stray"}
    assert await lines_of(graph, clock, halves, node, search="b-") == {}
    ids = estate(halves, halves.second).ids
    for wanted in ({"locationId": {"eq": ids["Location"]}}, {"parentId": {"eq": ids["Device"]}}):
        assert await lines_of(graph, clock, halves, node, filter=wanted) == {}


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        (ReachKind.ORGANIZATION, ("a-org", "a-hq", "a-r")),
        (ReachKind.LOCATION, (None, "a-hq", "a-r")),
        (ReachKind.AREA, (None, None, "a-r")),
    ],
)
async def test_an_ancestor_shows_its_id_and_not_its_code(
    graph: Graph, clock: HeldClock, halves: Halves, kind: ReachKind, codes: tuple[str | None, ...]
) -> None:
    """What is around the node has an id in the line, and no name of the tenant's own; types are everybody's."""
    line = (await lines_of(graph, clock, halves, halves.first.node(kind)))["a-1"]
    assert (line["organizationKey"], line["locationCode"], line["areaCode"]) == codes
    own = estate(halves).ids
    assert (line["organizationId"], line["locationId"]) == (own["Organization"], own["Location"])
    assert line["typeKey"] == "reader-2"


@by_kind
async def test_a_parent_out_of_reach_is_none(graph: Graph, clock: HeldClock, halves: Halves, kind: ReachKind) -> None:
    """Neither its id nor its serial is told."""
    lines = await lines_of(graph, clock, halves, halves.first.node(kind))
    assert (lines["a-stray"]["parentId"], lines["a-stray"]["parentSerial"]) == (None, None)
    assert lines["a-2"]["parentSerial"] == "a-1"


async def test_a_siblings_csv_has_the_same_columns(graph: Graph, clock: HeldClock, halves: Halves) -> None:
    """A cell that is not shown is an empty one."""
    text = await text_of(graph, clock, halves, halves.first.node(ReachKind.AREA), format="CSV")
    rows = {row["serial"]: row for row in csv.DictReader(io.StringIO(text, newline=""), strict=True)}
    assert (rows["a-1"]["locationCode"], rows["a-1"]["areaCode"]) == ("", "a-r")


async def test_a_right_that_is_not_bound_exports_as_before(graph: Graph, clock: HeldClock, halves: Halves) -> None:
    """Everything, with what the devices' places are called."""
    every = await lines_of(graph, clock, halves, None)
    assert set(every) == {"a-1", "a-2", "a-stray", "b-1", "b-2", "b-lent"}
    assert every["b-1"]["locationCode"] == "b-hq"
    assert every["a-stray"]["parentSerial"] == "b-1"


async def test_a_device_that_leaves_is_exported_no_more(graph: Graph, clock: HeldClock, halves: Halves) -> None:
    """Reach is asked of the rows as they are."""
    ids = estate(halves, halves.second).ids
    asked = {"id": estate(halves).ids["Device"], "to": {"locationId": ids["Location"]}}
    await changing(graph, clock)(halves, None, "moveDevice", asked)
    lines = await lines_of(graph, clock, halves, halves.first.node(ReachKind.LOCATION))
    assert set(lines) == {"a-2", "a-stray"}
    assert lines["a-2"]["parentSerial"] is None

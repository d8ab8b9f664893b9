"""Random changes by a caller who is bound to a node: outside of it everything stays as it was, and hidden."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loaders.entities import BY_NAME
from models.hierarchy import ReachKind
from models.ids import encode
from schema.graph import Graph
from tenantry.databases import Databases
from tests.bound import KINDS, changing, outside
from tests.clock import HeldClock
from tests.reaching import Halves, make_halves, nobodys
from tests.test_mutation_denials import MATRIX
from tests.test_reach_writes import Ids, ids_of

CHOICES = st.fixed_dictionaries({name: st.sampled_from(["first", "second", "third", "never"]) for name in BY_NAME})
PLACES = st.sampled_from([None, "locationId", "areaId"])
STEPS = st.lists(st.tuples(st.sampled_from(sorted(MATRIX)), CHOICES, PLACES), min_size=1, max_size=8)


@settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS, kind=st.sampled_from(KINDS))
async def test_no_changes_of_a_bound_caller_touch_or_show_what_lies_outside(
    *, graph: Graph, databases: Databases, clock: HeldClock, steps: list[Any], kind: ReachKind
) -> None:
    """Whatever is asked in whatever order: outside the node every row stays as it was, and no new one appears."""
    halves = await make_halves(databases, clock)
    node = halves.first.node(kind)
    before = await outside(databases, halves, node)
    change = changing(graph, clock)
    for number, (field, choices, place) in enumerate(steps):
        asked = input_of(halves, clock, field, choices, place, number)
        outcome = await change(halves, node, field, asked)
        shown = outcome.answer.body.decode()
        assert '"b-' not in shown, (field, asked, shown)
        assert '"b ' not in shown, (field, asked, shown)
    assert await outside(databases, halves, node) == before


def input_of(  # noqa: PLR0917
    halves: Halves, clock: HeldClock, field: str, choices: dict[str, str], place: str | None, number: int
) -> dict[str, Any]:
    """An input of this mutation that names these things, and puts them at a place where that can be said."""
    pools = {name: pool(halves, clock, name) for name in BY_NAME}
    ids = {name: pools[name][choice] for name, choice in choices.items()}
    asked: dict[str, Any] = (MATRIX[field] or (lambda _ids: {"name": "N", "kind": "OTHER", "key": ""}))(ids)
    asked |= {name: f"n-{number}" for name in ("code", "key", "serial") if name in asked}
    if field == "createTenant":
        asked["slug"] = f"n-{clock.new_id()}"
    if field in {"createDevice", "moveDevice"} and place is not None:
        its = {place: ids["Location" if place == "locationId" else "Area"]}
        asked |= {"place": its} if field == "createDevice" else {"to": its}
    return asked


def pool(halves: Halves, clock: HeldClock, name: str) -> Ids:
    """What may be named of a type: of either half, a further thing, and one that never was."""
    first, second = ids_of(halves)[name], ids_of(halves, second=True)[name]
    third: dict[str, Any] = {
        "Area": halves.first.floor.id,
        "Device": halves.stray.id,
        "Organization": halves.above.id,
        "Location": halves.first.location.id,
    }
    further = encode(BY_NAME[name].prefix, third[name]) if name in third else first
    return {"first": first, "second": second, "third": further, "never": nobodys(clock, first)}

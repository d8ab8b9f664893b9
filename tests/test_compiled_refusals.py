"""Bad input to a compiled operation: refused in graphql-core's own words, and PostgreSQL hears nothing of it."""

from dataclasses import dataclass
from typing import Any

import pytest

from auth.scopes import Scope
from schema.compiling import NotCompilable
from schema.graph import Graph
from schema.operation import OperationRequest
from tests.ask import Outcome, caller_of
from tests.clock import HeldClock
from tests.estate import Estate
from tests.sql import statements

READ = frozenset(scope for scope in Scope if scope.endswith(".read"))
QUERY = """query ($first: Int, $after: String, $order: DeviceOrder, $filter: DeviceFilter, $search: String) {
  devices(first: $first, after: $after, orderBy: $order, filter: $filter, search: $search) {
    totalCount pageInfo { endCursor } nodes { name } } }"""
GOOD: dict[str, Any] = {"first": 5, "order": "NAME_ASC", "filter": {"name": {"startsWith": "F"}}}


@dataclass(frozen=True)
class Bad:
    """What is given instead of something good, and the words of the refusal."""

    given: dict[str, Any]
    status: int
    says: str


def nested(levels: int) -> dict[str, Any]:
    """A filter so deep."""
    made: dict[str, Any] = {"name": {"eq": "x"}}
    for _ in range(levels):
        made = {"not": made}
    return made


# The place of a row among devices by their serials.
OF_SERIALS = "a cursor of the order by serial"
TABLE = {
    "a text for a number": Bad({"first": "five"}, 400, "$first"),
    "a list for a text": Bad({"search": ["x"]}, 400, "$search"),
    "an unknown enum": Bad({"order": "COLOUR_ASC"}, 400, "$order"),
    "an unknown field of a filter": Bad({"filter": {"colour": {"eq": "x"}}}, 400, "$filter"),
    "a cursor of another order": Bad({"after": OF_SERIALS}, 200, "cursor"),
    "a cursor that is none": Bad({"after": "nonsense"}, 200, "cursor"),
    "a filter 50 deep": Bad({"filter": nested(50)}, 200, "deep"),
    "text that PostgreSQL cannot hold": Bad({"search": "\0"}, 200, "nul characters"),
}


@pytest.mark.parametrize("bad", TABLE.values(), ids=TABLE)
async def test_bad_input_to_a_compiled_operation_is_refused_and_nothing_is_sent(
    graph: Graph, clock: HeldClock, acme: Estate, bad: Bad
) -> None:
    """The same operation with good input is one statement, before and after it."""
    caller = caller_of(acme.tenant, clock, READ)
    good = OperationRequest(QUERY, GOOD)
    assert graph.compiled(good, caller).statement.text.startswith("SELECT")
    before = await graph.run(good, caller, "r")
    given = GOOD | bad.given
    if given.get("after") == OF_SERIALS:
        by_serial = await graph.run(OperationRequest(QUERY, GOOD | {"order": "SERIAL_ASC"}), caller, "r")
        given["after"] = Outcome(by_serial).data["devices"]["pageInfo"]["endCursor"]
    with pytest.raises(NotCompilable):
        graph.compiled(OperationRequest(QUERY, given), caller)
    with statements() as sent:
        refused = Outcome(await graph.run(OperationRequest(QUERY, given), caller, "r"))
    assert (refused.status, refused.codes, sent) == (bad.status, ["BAD_USER_INPUT"], [])
    assert bad.says in refused.errors[0]["message"]
    with statements() as sent:
        assert await graph.run(good, caller, "r") == before
    assert len(sent) == 1

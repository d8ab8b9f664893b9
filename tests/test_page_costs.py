"""What a page of a compiled list costs: its own rows at any depth; the whole list only where a total is asked for."""

import re
from typing import Any

import pytest
from sqlalchemy import insert

from auth.scopes import Scope
from models import Device
from schema.graph import Graph
from schema.operation import OperationRequest, PlanWanted
from tenantry.databases import Databases
from tests.ask import Outcome, caller_of
from tests.clock import HeldClock
from tests.estate import Estate
from tests.postgres import Urls, run_as_superuser

READ = frozenset({Scope.DEVICES_READ})
MANY = 3000
PAGE = 20
LIST = """query ($first: Int, $last: Int, $after: String, $before: String, $order: DeviceOrder) {
  devices(first: $first, last: $last, after: $after, before: $before, orderBy: $order) {
    %s nodes { name serial } pageInfo { hasNextPage startCursor endCursor } } }"""
READ_ROWS = re.compile(r"actual (?:time=\S+ )?rows=([\d.]+) loops=(\d+)")
PASSED_OVER = re.compile(r"Rows Removed by \w+: (\d+)")


@pytest.fixture
async def fleet(databases: Databases, urls: Urls, clock: HeldClock, acme: Estate) -> Estate:
    """Thousands of devices."""
    common = {
        "tenant_id": acme.tenant.id,
        "type_id": acme.device_type.id,
        "created_at": clock.now(),
        "updated_at": clock.now(),
    }
    rows = [
        {**common, "id": clock.new_id(), "serial": f"s{number:05}", "name": f"n{number // 3:05}"}
        for number in range(MANY)
    ]
    async with databases.app.write(acme.tenant.id) as connection:
        await connection.execute(insert(Device), rows)
    await run_as_superuser(urls.superuser, "VACUUM ANALYZE device")
    return acme


class Cost:
    """Asks the graph for a page, and what PostgreSQL read for it."""

    def __init__(self, graph: Graph, clock: HeldClock, estate: Estate) -> None:
        self._graph = graph
        self._caller = caller_of(estate.tenant, clock, READ)

    async def page(self, facts: str = "", **given: Any) -> dict[str, Any]:
        """The page."""
        answer = await self._graph.run(OperationRequest(LIST % facts, given), self._caller, "r")
        found: dict[str, Any] = Outcome(answer).data["devices"]
        return found

    async def rows(self, facts: str = "", **given: Any) -> int:
        """The most rows that any step of the plan gave or passed over."""
        request = OperationRequest(LIST % facts, given)
        planned = await self._graph.plan(request, self._caller, PlanWanted.ANALYZE)
        plan = "\n".join(planned.plan)
        assert planned.reason is None, planned.reason
        steps = [float(rows) * int(loops) for rows, loops in READ_ROWS.findall(plan)]
        return int(max([*steps, *map(float, PASSED_OVER.findall(plan))]))


@pytest.fixture
def cost(graph: Graph, clock: HeldClock, fleet: Estate) -> Cost:
    """Of the fleet's pages."""
    return Cost(graph, clock, fleet)


@pytest.mark.parametrize("order", ["ID_ASC", "ID_DESC", "NAME_ASC", "NAME_DESC", "SERIAL_ASC", "SERIAL_DESC"])
async def test_a_page_costs_its_own_rows_at_any_depth(cost: Cost, order: str) -> None:
    """From either end, and in the middle of thousands: no row before it is read."""
    middle: dict[str, Any] = {"first": 100, "after": None}
    for _ in range(MANY // 200):
        middle["after"] = (await cost.page(order=order, **middle))["pageInfo"]["endCursor"]
    at = middle["after"]
    pages: list[dict[str, Any]] = [
        {"first": PAGE},
        {"first": PAGE, "after": at},
        {"last": PAGE},
        {"last": PAGE, "before": at},
    ]
    for given in pages:
        assert len((await cost.page(order=order, **given))["nodes"]) == PAGE
    first, deep, last, before = [await cost.rows(order=order, **given) for given in pages]
    assert (deep, before) == (first, last)
    # One tells whether there are more, and one that the order's ties have ended.
    assert max(first, last) <= PAGE + 2


@pytest.mark.parametrize("total", ["totalCount", "paging { total }", "paging { pages }"])
async def test_a_list_is_counted_only_where_its_total_is_asked_for(cost: Cost, total: str) -> None:
    """Selected, and not left out by a directive; the size of a page or its number is no total."""
    nothing = "paging { page size } totalCount @include(if: false)"
    assert await cost.rows(nothing, first=PAGE, order="NAME_ASC") == PAGE + 1
    assert await cost.rows(total, first=PAGE, order="NAME_ASC") == MANY + 1
    assert (await cost.page("totalCount", first=PAGE))["totalCount"] == MANY + 1

"""At most one statement for each edge and level, whatever the number of rows: counted, not believed."""

import re
from typing import Any

import pytest
from graphql import GraphQLSchema
from sqlalchemy import insert

from auth.limits import Limits
from auth.scopes import Scope
from loaders.entities import ENTITIES, TENANT
from models import Area, Device, Location
from schema.graph import Graph
from tenantry.databases import Databases
from tests.ask import Ask
from tests.clock import HeldClock
from tests.estate import Estate, make_estate
from tests.sql import statements

READ = [scope for scope in Scope if scope.endswith(".read")]
TENANT_DATA = {entity.table.__tablename__ for entity in ENTITIES if entity is not TENANT}
# The tenant, its locations, their areas, the devices there, the devices' types, the devices' parents.
STATEMENTS = 6


@pytest.fixture
def graph(built: GraphQLSchema, databases: Databases, clock: HeldClock) -> Graph:
    """The graph as it is where nothing can be compiled."""
    return Graph(built, databases.app, clock, Limits(), compiles=False)


def four_levels(listed: str = "", device: str = "") -> str:
    """From the tenant to its devices' types and parents; more fields for every list and for the devices."""
    return f"""query ($first: Int!) {{ tenant {{ locations(first: $first) {{ {listed} nodes {{ id
      areas(first: 5) {{ {listed} nodes {{ id
        devices(first: 5) {{ {listed} nodes {{ id type {{ key }} parent {{ id }} {device} }} }} }} }} }} }} }} }}"""


async def fill(databases: Databases, clock: HeldClock, estate: Estate, count: int) -> None:
    """Locations, each with three areas, each with three devices, of which one is a part of another."""

    def row(**fields: Any) -> dict[str, Any]:
        times = {"created_at": clock.now(), "updated_at": clock.now()}
        return {"tenant_id": estate.tenant.id, "id": clock.new_id(), "name": "Some", **times, **fields}

    locations = [row(code=f"code-{number}") for number in range(count)]
    areas = [
        row(location_id=location["id"], code=f"code-{number}", kind="ZONE")
        for location in locations
        for number in range(3)
    ]
    for area in areas:
        area["path"] = [area["id"]]
    devices: list[dict[str, Any]] = []
    for area in areas:
        place = {"area_id": area["id"], "location_id": area["location_id"], "type_id": estate.device_type.id}
        for number in range(3):
            parent = devices[-1]["id"] if number == 2 else None
            devices.append(row(serial=f"serial-{len(devices)}", parent_id=parent, **place))
    async with databases.app.write(estate.tenant.id) as connection:
        for table, rows in ((Location, locations), (Area, areas), (Device, devices)):
            await connection.execute(insert(table), rows)


@pytest.mark.parametrize("count", [1, 49])
async def test_four_levels_cost_a_statement_for_each_edge(
    ask: Ask, databases: Databases, clock: HeldClock, acme: Estate, count: int
) -> None:
    """The same six statements for two buildings and for fifty, and every row is there."""
    await fill(databases, clock, acme, count)
    with statements() as sent:
        outcome = await ask(acme, four_levels(), *READ, first=50)
    assert len(sent) == STATEMENTS
    locations = outcome.data["tenant"]["locations"]["nodes"]
    areas = [area for location in locations for area in location["areas"]["nodes"]]
    devices = [device for area in areas for device in area["devices"]["nodes"]]
    assert (len(locations), len(areas), len(devices)) == (count + 1, count * 3 + 2, count * 9 + 1)
    assert {device["type"]["key"] for device in devices} == {acme.device_type.key}
    assert len([device for device in devices if device["parent"]]) == count * 3


async def test_totals_cost_no_statement_of_their_own(
    ask: Ask, databases: Databases, clock: HeldClock, acme: Estate
) -> None:
    """What is counted is counted where it is listed, at every level."""
    await fill(databases, clock, acme, 3)
    with statements() as sent:
        outcome = await ask(acme, four_levels("totalCount paging { pages } pageInfo { hasNextPage }"), *READ, first=2)
    assert len(sent) == STATEMENTS
    locations = outcome.data["tenant"]["locations"]
    assert (locations["totalCount"], len(locations["nodes"])) == (4, 2)


async def test_aliases_of_one_edge_share_its_statement(
    ask: Ask, databases: Databases, clock: HeldClock, acme: Estate
) -> None:
    """Saying the same twice costs once, for one thing and for a list."""
    await fill(databases, clock, acme, 3)
    again = """a: type { name } b: type { kind } c: parent { serial }
               d: children(first: 3) { totalCount } e: children(first: 3) { totalCount }"""
    with statements() as sent:
        await ask(acme, four_levels(device=again), *READ, first=50)
    assert len(sent) == STATEMENTS + 1


async def test_what_is_known_is_not_asked_again(ask: Ask, databases: Databases, clock: HeldClock, acme: Estate) -> None:
    """Edges that lead to one row twice read it once, also on another level."""
    await fill(databases, clock, acme, 3)
    back = "parent { type { key } }"
    with statements() as sent:
        outcome = await ask(acme, four_levels(device=back), *READ, first=50)
    assert outcome.errors == []
    assert len(sent) == STATEMENTS


@pytest.mark.parametrize("door", ["nodes", "_entities"])
async def test_things_by_id_cost_a_statement_for_each_type(ask: Ask, acme: Estate, globex: Estate, door: str) -> None:
    """Many ids of all types, unknown and foreign ones among them, are looked up table by table."""
    wanted = [*acme.ids.items(), *globex.ids.items()] * 2
    with statements() as sent:
        if door == "nodes":
            outcome = await ask(
                acme, "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", *READ, ids=[id_ for _, id_ in wanted]
            )
        else:
            outcome = await ask(
                acme,
                "query ($all: [_Any!]!) { _entities(representations: $all) { ... on Node { id } } }",
                *READ,
                all=[{"__typename": name, "id": id_} for name, id_ in wanted],
            )
    assert len(sent) == len(acme.ids)
    assert [each and each["id"] for each in outcome.data[door]] == [*acme.ids.values(), *[None] * len(acme.ids)] * 2


async def test_two_tenants_never_share_a_statement(ask: Ask, databases: Databases, clock: HeldClock) -> None:
    """A partner's query costs a statement for each customer that it goes into, and each names its tenant."""
    partner = await make_estate(databases, clock, "partner")
    for name in ("one", "two", "three"):
        await make_estate(databases, clock, name, partner.tenant)
    with statements() as sent:
        outcome = await ask(partner, "{ tenants { nodes { slug devices { totalCount } } } }", *READ)
    assert [each["devices"]["totalCount"] for each in outcome.data["tenants"]["nodes"]] == [1, 1, 1, 1]
    assert len(sent) == 1 + 4


async def test_every_statement_names_its_tenant(ask: Ask, acme: Estate) -> None:
    """Policies would do; naming the tenant makes indexes fit, and lets a distributed engine find the rows."""
    everything = four_levels("totalCount", "location { id } area { id } organization { id } children { totalCount }")
    with statements() as sent:
        await ask(acme, everything, *READ, first=2)
        await ask(acme, "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", *READ, ids=[*acme.ids.values()])
    read = [(table, statement) for statement in sent for table in re.findall(r"\bFROM (\w+)", statement)]
    assert {table for table, _ in read} >= TENANT_DATA
    assert [sql for table, sql in read if table in TENANT_DATA and f"{table}.tenant_id = " not in sql] == []

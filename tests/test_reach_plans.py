"""What a right bound to one building of fifty costs: its lists are read from that building's indexes."""

import re
from typing import Any

import pytest
from sqlalchemy import Select, insert

from loaders import statements
from loaders.edges import Edge, devices_of_device_type, devices_of_tenant
from loaders.entities import DEVICE
from loaders.window import Window
from models import Device, Location
from models.hierarchy import Node, ReachKind
from tenantry.databases import Databases
from tests.clock import HeldClock
from tests.estate import Estate
from tests.postgres import Urls, run_as_superuser

BUILDINGS = 50
DEVICES = 60


@pytest.fixture
async def node(databases: Databases, urls: Urls, clock: HeldClock, acme: Estate) -> Node:
    """One of fifty buildings, each with sixty devices."""
    times = {"tenant_id": acme.tenant.id, "created_at": clock.now(), "updated_at": clock.now()}
    buildings = [{"id": clock.new_id(), "code": f"b{at}", "name": f"b{at}", **times} for at in range(BUILDINGS)]
    devices = [
        {
            "id": clock.new_id(),
            "serial": f"s{at}-{number}",
            "name": f"n{number}-{at}",
            "type_id": acme.device_type.id,
            "location_id": building["id"],
            **times,
        }
        for number in range(DEVICES)
        for at, building in enumerate(buildings)
    ]
    async with databases.app.write(acme.tenant.id) as connection:
        await connection.execute(insert(Location), buildings)
        await connection.execute(insert(Device), devices)
    await run_as_superuser(urls.superuser, "ANALYZE location", "ANALYZE device")
    return Node(ReachKind.LOCATION, buildings[7]["id"])


@pytest.mark.parametrize("order", ["ID", "NAME", "SERIAL"])
@pytest.mark.parametrize("edge", [devices_of_tenant, devices_of_device_type], ids=lambda edge: edge.name)
async def test_a_buildings_devices_are_read_from_an_index(
    *, databases: Databases, acme: Estate, node: Node, edge: Edge, order: str
) -> None:
    """The building's or the type's, whichever the planner holds for smaller: nobody reads the whole table."""
    key = acme.tenant.id if edge is devices_of_tenant else acme.device_type.id
    window = Window(size=20, order=order)
    plan = await explained(
        databases, acme, statements.pages(edge, acme.tenant.id, lambda _entity: ((node,),), [key], window)
    )
    assert re.search(r"Scan (using|on) device_(location|type)_id", plan), plan
    assert "Seq Scan" not in plan, plan


async def test_a_buildings_devices_are_counted_by_its_index(databases: Databases, acme: Estate, node: Node) -> None:
    """A total looks at the building's devices alone."""
    plan = await explained(databases, acme, statements.counted(DEVICE, acme.tenant.id, ((node,),)))
    assert "device_location_id" in plan, plan
    assert "Seq Scan" not in plan, plan


async def explained(databases: Databases, estate: Estate, statement: Select[Any]) -> str:
    """The plan that the application's role is given for a statement."""
    compiled: Any = statement.compile(dialect=databases.app.engine.dialect)
    given = [compiled.params[name] for name in compiled.positiontup or ()]
    async with databases.app.read(estate.tenant.id) as connection:
        raw: Any = (await connection.get_raw_connection()).driver_connection
        return "\n".join(line for (line,) in await raw.fetch(f"EXPLAIN {compiled}", *given))

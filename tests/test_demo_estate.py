"""The demonstration estate is of the promised size, looks alive, and is made once."""

import os
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from models import PLATFORM_ID, Area, Device, DeviceKind, DeviceType, Event, Location, Organization
from models.database import Database
from models.migrate import migrate
from tenantry.databases import Databases
from tenantry.demo_estate import DemoEstate, fill_demo
from tests.clock import START, HeldClock
from tests.postgres import create_database

Rows = dict[str, list[dict[str, Any]]]
MODELS = (Organization, Location, Area, DeviceType, Device)


@pytest.fixture(scope="module")
async def databases(superuser_url: str) -> AsyncIterator[Databases]:
    """A database of its own: the demonstration's slugs are the same for everybody."""
    urls = await create_database(superuser_url, f"tenantry_demo_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}")
    await migrate(urls.owner)
    opened = Databases(app=Database(urls.app), platform=Database(urls.platform), owner_url=urls.owner)
    yield opened
    await opened.app.close()
    await opened.platform.close()


@pytest.fixture(scope="module")
async def demo(databases: Databases) -> DemoEstate:
    """Filled at noon."""
    return await fill_demo(databases.platform, databases.app, HeldClock(START, 7))


@pytest.fixture
async def estate(databases: Databases, demo: DemoEstate) -> Rows:
    """Everything that the customers have, by table."""
    return await read(databases, demo)


async def read(databases: Databases, demo: DemoEstate) -> Rows:
    """The rows of all customers, in the order of their ids."""
    found: Rows = {model.__tablename__: [] for model in MODELS}
    for customer in demo.customers:
        async with databases.app.read(customer["id"]) as connection:
            for model in MODELS:
                table = model.__table__
                wanted = select(table).where(table.c.tenant_id == customer["id"]).order_by(table.c.id)
                found[model.__tablename__] += [dict(row) for row in (await connection.execute(wanted)).mappings()]
    return found


def test_a_partner_has_three_customers(demo: DemoEstate) -> None:
    """The partner is beneath the platform, the customers beneath the partner."""
    assert demo.partner["path"] == [PLATFORM_ID, demo.partner["id"]]
    assert [tenant["parent_id"] for tenant in demo.customers] == [demo.partner["id"]] * 3
    assert len({tenant["name"] for tenant in demo.customers}) == 3


def test_the_estate_has_the_promised_size(estate: Rows) -> None:
    """Six locations, 120 areas, 2,000 devices of twelve types in all six families."""
    assert len(estate["location"]) == 6
    assert len(estate["area"]) == 120
    assert len(estate["device"]) == 2000
    types = {row["id"]: row for row in estate["device_type"]}
    assert len({types[row["type_id"]]["key"] for row in estate["device"]}) == 12
    assert {row["kind"] for row in types.values()} == set(DeviceKind)


def test_one_customer_has_two_levels_of_organizations(estate: Rows) -> None:
    """Its locations belong to the lower ones."""
    lower = {row["id"] for row in estate["organization"] if row["parent_id"]}
    assert lower < {row["id"] for row in estate["organization"]}
    assert sum(row["organization_id"] in lower for row in estate["location"]) == 2


def test_most_devices_are_online_and_some_are_not(estate: Rows) -> None:
    """All states and lifecycles are there; what is online was heard of minutes ago, some offline ones days ago."""
    devices = estate["device"]
    states = Counter((row["lifecycle"], row["status"]) for row in devices)
    assert states["DEPLOYED", "ONLINE"] > 1600
    assert {lifecycle for lifecycle, _ in states} == {"AVAILABLE", "DEPLOYED", "MAINTENANCE", "RETIRED"}
    assert {status for _, status in states} == {"ONLINE", "OFFLINE", "UNKNOWN"}
    online = [START - row["last_seen_at"] for row in devices if row["status"] == "ONLINE"]
    assert timedelta() < min(online)
    assert max(online) < timedelta(minutes=5)
    offline = [START - row["last_seen_at"] for row in devices if row["status"] == "OFFLINE"]
    assert max(offline) > timedelta(days=3)
    assert all(row["last_seen_at"] is None for row in devices if row["status"] == "UNKNOWN")


def test_devices_in_stock_are_in_no_area(estate: Rows) -> None:
    """And every other device is in one."""
    assert {row["area_id"] is None for row in estate["device"] if row["lifecycle"] == "AVAILABLE"} == {True}
    assert {row["area_id"] is None for row in estate["device"] if row["lifecycle"] != "AVAILABLE"} == {False}


def test_readers_and_sensors_belong_to_controllers_and_these_to_gateways(estate: Rows) -> None:
    """Whatever is wired hangs three deep: gateway, controller, device."""
    kinds = {row["id"]: row["kind"] for row in estate["device_type"]}
    devices = {row["id"]: row for row in estate["device"]}

    def kind_above(row: dict[str, Any]) -> str | None:
        above = devices.get(row["parent_id"])
        return kinds[above["type_id"]] if above else None

    above = {(kinds[row["type_id"]], kind_above(row)) for row in devices.values() if row["lifecycle"] != "AVAILABLE"}
    leaves = {DeviceKind.READER, DeviceKind.SENSOR, DeviceKind.ACTUATOR, DeviceKind.OTHER}
    assert above == {
        (DeviceKind.GATEWAY, None),
        (DeviceKind.CONTROLLER, DeviceKind.GATEWAY),
        *((leaf, DeviceKind.CONTROLLER) for leaf in leaves),
    }


def test_names_tell_devices_of_a_building_apart(estate: Rows) -> None:
    """No two devices of a location are called the same, and nothing is called like a number."""
    names = Counter((row["location_id"], row["name"]) for row in estate["device"])
    assert set(names.values()) == {1}
    assert all(row["purchase_value"] > 0 and row["warranty_ends_at"] for row in estate["device"])


async def test_each_thing_is_told_once_in_the_feed(databases: Databases, demo: DemoEstate, estate: Rows) -> None:
    """By the command that made it, in the transaction that made it."""
    told: list[Any] = []
    for customer in demo.customers:
        async with databases.app.read(customer["id"]) as connection:
            told += (await connection.execute(select(Event.__table__))).mappings().all()
    assert {(event["kind"], event["actor_name"]) for event in told} == {("CREATED", "tenantry demo")}
    assert sorted(event["entity_id"] for event in told) == sorted(row["id"] for rows in estate.values() for row in rows)


async def test_a_second_filling_keeps_everything(databases: Databases, demo: DemoEstate, estate: Rows) -> None:
    """It makes nothing and returns the same tenants."""
    again = await fill_demo(databases.platform, databases.app, HeldClock(START + timedelta(days=1), 8))
    assert not again.filled
    assert (again.partner["id"], [row["id"] for row in again.customers]) == (
        demo.partner["id"],
        [row["id"] for row in demo.customers],
    )
    assert await read(databases, again) == estate

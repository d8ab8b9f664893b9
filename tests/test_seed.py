"""`tenantry seed` makes estates of the size that is asked for, always the same, and leaves others alone."""

import uuid
from typing import Any

import pytest
from sqlalchemy import func, select

from models import Area, Device, DeviceType, Event, Location
from models.database import Database
from resolvers.tenants import tenant_by_slug
from tenantry.databases import Databases
from tenantry.seed import Seeded, Size, seed
from tests.clock import HeldClock

SIZE = Size(tenants=2, locations=2, areas=12, devices=6)


@pytest.fixture
def prefix() -> str:
    """Of tenants that there are not."""
    return f"seed-{uuid.uuid4().hex[:12]}"


async def run(databases: Databases, clock: HeldClock, prefix: str, size: Size = SIZE) -> tuple[Seeded, list[int]]:
    """What was done, and the progress that was told."""
    told: list[int] = []
    done = await seed(
        databases.app, databases.platform, clock, size, prefix=prefix, tell=lambda _step, number: told.append(number)
    )
    return done, told


async def rows(app: Database, tenant_id: uuid.UUID, model: Any) -> list[dict[str, Any]]:
    """All rows of a table, without what differs from run to run."""
    table = model.__table__
    wanted = select(table).where(table.c.tenant_id == tenant_id).order_by(table.c.id)
    async with app.read(tenant_id) as connection:
        found = (await connection.execute(wanted)).mappings().all()
    # A path is ids: how long it is stays the same.
    spelled = [{**row, "path": len(row["path"])} if "path" in row else row for row in found]
    return [{name: value for name, value in row.items() if not name.endswith("id")} for row in spelled]


async def test_each_tenant_gets_what_was_asked_for(databases: Databases, clock: HeldClock, prefix: str) -> None:
    """Locations in a tenant, areas in a location, devices in an area."""
    seeded, told = await run(databases, clock, prefix)
    assert seeded == Seeded([f"{prefix}-1", f"{prefix}-2"], [])
    assert told == [1, 2]
    for slug in seeded.filled:
        tenant_id = (await tenant_by_slug(databases.platform, slug))["id"]
        counts = [len(await rows(databases.app, tenant_id, model)) for model in (Location, Area, Device)]
        assert counts == [2, 2 * 12, 2 * 12 * 6]


async def test_the_same_numbers_make_the_same_estate(databases: Databases, clock: HeldClock, prefix: str) -> None:
    """All but ids: two tenants, and two runs, are alike."""
    await run(databases, clock, prefix)
    ids = [(await tenant_by_slug(databases.platform, f"{prefix}-{number}"))["id"] for number in (1, 2)]
    for model in (Location, Area, DeviceType, Device):
        first, second = [await rows(databases.app, tenant_id, model) for tenant_id in ids]
        assert first == second


async def test_devices_belong_to_their_areas_controller(databases: Databases, clock: HeldClock, prefix: str) -> None:
    """And most of them are online."""
    await run(databases, clock, prefix)
    tenant_id = (await tenant_by_slug(databases.platform, f"{prefix}-1"))["id"]
    parent = Device.__table__.alias("parent")
    beneath = (
        select(func.count())
        .select_from(Device)
        .join(parent, (parent.c.tenant_id == Device.tenant_id) & (parent.c.id == Device.parent_id))
        .where(Device.tenant_id == tenant_id, Device.area_id == parent.c.area_id)
    )
    online = select(func.count()).where(Device.tenant_id == tenant_id, Device.status == "ONLINE")
    async with databases.app.read(tenant_id) as connection:
        assert (await connection.execute(beneath)).scalar_one() == 2 * 12 * 5
        assert (await connection.execute(online)).scalar_one() > 2 * 12 * 6 * 0.9


async def test_a_tenant_that_has_data_is_left_as_it_is(databases: Databases, clock: HeldClock, prefix: str) -> None:
    """A larger seed makes the tenants that are missing, and touches no other."""
    await run(databases, clock, prefix, Size(1, 1, 1, 1))
    seeded, _ = await run(databases, clock, prefix)
    assert seeded == Seeded([f"{prefix}-2"], [f"{prefix}-1"])
    tenant_id = (await tenant_by_slug(databases.platform, f"{prefix}-1"))["id"]
    assert len(await rows(databases.app, tenant_id, Device)) == 1


async def test_a_seeding_that_is_stopped_leaves_no_half_tenant(
    databases: Databases, clock: HeldClock, prefix: str
) -> None:
    """What was filled stays; the next run fills the others, an empty one too."""

    def stop(_step: str, number: int) -> None:
        if number == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await seed(databases.app, databases.platform, clock, SIZE, prefix=prefix, tell=stop)
    seeded, _ = await run(databases, clock, prefix)
    assert seeded == Seeded([f"{prefix}-2"], [f"{prefix}-1"])


async def test_a_neighbour_sees_nothing_of_it(databases: Databases, clock: HeldClock, prefix: str) -> None:
    """Row-level security holds for what is streamed in as for all else."""
    await run(databases, clock, prefix)
    one, other = [(await tenant_by_slug(databases.platform, f"{prefix}-{n}"))["id"] for n in (1, 2)]
    async with databases.app.read(one) as connection:
        theirs = select(func.count()).select_from(Device).where(Device.tenant_id == other)
        assert (await connection.execute(theirs)).scalar_one() == 0


async def test_each_row_is_told_once_in_the_feed(databases: Databases, clock: HeldClock, prefix: str) -> None:
    """By the command, each where its thing is, what is referred to first; a second run tells nothing."""
    for _ in range(2):
        await run(databases, clock, prefix)
    tenant_id = (await tenant_by_slug(databases.platform, f"{prefix}-1"))["id"]
    async with databases.app.read(tenant_id) as connection:
        feed = (await connection.execute(select(Event.__table__).order_by(Event.number))).mappings().all()
        devices = (await connection.execute(select(Device.id, Device.location_id, Device.area_id))).all()
    assert [event["number"] for event in feed] == list(range(1, len(feed) + 1))
    made = {"DeviceType": 6, "Location": 2, "Area": 2 * 12, "Device": 2 * 12 * 6}
    assert [event["entity"] for event in feed] == [name for name, count in made.items() for _ in range(count)]
    assert {(event["kind"], event["entity_version"], event["actor_kind"], event["actor_name"]) for event in feed} == {
        ("CREATED", 1, "OPERATOR", "tenantry seed")
    }
    told = {(event["entity_id"], event["location_id"], event["area_id"]) for event in feed}
    assert {tuple(row) for row in devices} <= told
    assert "status" in feed[-1]["changed"]
    assert "created_at" not in feed[-1]["changed"]

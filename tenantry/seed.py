"""Estates of any size for trying and measuring: the same for the same numbers, but for ids and times."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from loaders import entities
from loaders.entities import Entity
from models import AreaKind, DeviceKind, DeviceLifecycle, DeviceStatus, Location
from models.clock import Clock
from models.database import Database
from resolvers import telling
from resolvers.bulk import take_time
from resolvers.operating import record_created
from resolvers.problems import NotFound, Problem
from resolvers.tenants import create_tenant, tenant_by_slug

# Who the feed says did it.
ACTOR = "tenantry seed"
AREAS_PER_FLOOR = 10
CITIES = (
    ("Oslo", "NO", "Europe/Oslo"),
    ("Rotterdam", "NL", "Europe/Amsterdam"),
    ("Chicago", "US", "America/Chicago"),
    ("Singapore", "SG", "Asia/Singapore"),
)
# In turn; the first device of an area is the controller that the others belong to.
KINDS = (
    DeviceKind.CONTROLLER,
    DeviceKind.SENSOR,
    DeviceKind.READER,
    DeviceKind.ACTUATOR,
    DeviceKind.SENSOR,
)
OFFLINE_EVERY = 20
UNKNOWN_EVERY = 50

LOCATION = ("code", "name", "city", "country", "time_zone")
AREA = ("location_id", "parent_id", "path", "code", "name", "kind", "floor")
DEVICE = (
    "serial", "name", "type_id", "location_id", "area_id", "parent_id", "status", "lifecycle", "firmware",
    "last_seen_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Size:
    """How many there are of each, in each of what is above it."""

    tenants: int
    locations: int
    areas: int
    devices: int


@dataclass(frozen=True, slots=True)
class Seeded:
    """The slugs of tenants that were filled, and of those that had data and were left as they are."""

    filled: list[str]
    left: list[str]


@dataclass(frozen=True, slots=True)
class Place:
    """An area that devices stand in; `code` is unique in the tenant."""

    location_id: uuid.UUID
    area_id: uuid.UUID
    code: str


async def seed(
    app: Database,
    platform: Database,
    clock: Clock,
    size: Size,
    *,
    prefix: str,
    tell: Callable[[str, int], None],
) -> Seeded:
    """Make and fill `prefix`-1, `prefix`-2 and so on, each in one transaction; what has data is left as it is."""
    seeded = Seeded([], [])
    for number in range(1, size.tenants + 1):
        slug = f"{prefix}-{number}"
        tenant_id = await _tenant(app, platform, clock, slug=slug, name=slug.replace("-", " ").capitalize())
        async with app.write(tenant_id) as connection:
            any_location = select(Location.id).where(Location.tenant_id == tenant_id).limit(1)
            if (await connection.execute(any_location)).first():
                seeded.left.append(slug)
            else:
                await take_time(connection)
                await telling.gather(connection)
                await Filling(connection, clock, tenant_id, clock.now()).fill(size)
                changes = await telling.tell(connection, clock, tenant_id, ACTOR)
                await telling.record(connection, clock, tenant_id, ACTOR, changes=changes)
                seeded.filled.append(slug)
        tell("tenants", number)
    return seeded


async def _tenant(app: Database, platform: Database, clock: Clock, *, slug: str, name: str) -> uuid.UUID:
    """A tenant left empty by a seeding that was stopped is found again here, and filled."""
    try:
        tenant = await tenant_by_slug(platform, slug)
    except Problem as problem:
        if not isinstance(problem.noun, NotFound):
            raise
        tenant = await create_tenant(platform, clock, slug, name)
        await record_created(app, clock, ACTOR, dict(tenant))
    tenant_id: uuid.UUID = tenant["id"]
    return tenant_id


@dataclass(frozen=True, slots=True)
class Filling:
    """One empty tenant's rows, made one after the other and streamed."""

    connection: AsyncConnection
    clock: Clock
    tenant_id: uuid.UUID
    now: datetime

    async def fill(self, size: Size) -> None:
        """Types, locations, areas and devices."""
        types = {kind: self.clock.new_id() for kind in DeviceKind}
        named = ((types[kind], kind.lower(), kind.capitalize(), kind) for kind in types)
        await self._insert(entities.DEVICE_TYPE, ("key", "name", "kind"), named)
        sites = [(self.clock.new_id(), number) for number in range(1, size.locations + 1)]
        located = (
            (site, f"location-{number}", f"Location {number}", *CITIES[number % len(CITIES)]) for site, number in sites
        )
        await self._insert(entities.LOCATION, LOCATION, located)
        places: list[Place] = []
        await self._insert(entities.AREA, AREA, self._areas(sites, size.areas, places))
        await self._insert(entities.DEVICE, DEVICE, self._devices(places, size.devices, types))

    async def _insert(self, entity: Entity, columns: tuple[str, ...], rows: Iterator[tuple[Any, ...]]) -> None:
        common = ("tenant_id", "created_at", "updated_at")
        whole = ((*row, self.tenant_id, self.now, self.now) for row in rows)
        await telling.create_rows(self.connection, entity, ("id", *columns, *common), whole)

    def _areas(self, sites: list[tuple[uuid.UUID, int]], count: int, places: list[Place]) -> Iterator[tuple[Any, ...]]:
        """Floors, each with its rooms; all of them are kept in `places` for their devices."""
        for site, site_number in sites:
            floor_id: uuid.UUID | None = None
            for number in range(count):
                area_id, floor = self.clock.new_id(), str(number // AREAS_PER_FLOOR + 1)
                places.append(Place(site, area_id, f"L{site_number}-A{number + 1}"))
                if number % AREAS_PER_FLOOR == 0:
                    floor_id = area_id
                    yield area_id, site, None, [area_id], f"floor-{floor}", f"Floor {floor}", AreaKind.FLOOR, floor
                else:
                    room, path = number + 1, [floor_id, area_id]
                    yield area_id, site, floor_id, path, f"room-{room}", f"Room {room}", AreaKind.ROOM, floor

    def _devices(
        self, places: list[Place], count: int, types: dict[DeviceKind, uuid.UUID]
    ) -> Iterator[tuple[Any, ...]]:
        """In each area a controller, and the devices that belong to it."""
        made = 0
        for place in places:
            controller: uuid.UUID | None = None
            for number in range(count):
                made += 1
                device, kind = self.clock.new_id(), KINDS[number % len(KINDS)]
                status, seen = self._presence(made)
                yield (
                    device, f"{place.code}-D{number + 1}", f"{kind.capitalize()} {number + 1}", types[kind],
                    place.location_id, place.area_id, controller, status, DeviceLifecycle.DEPLOYED,
                    f"{made % 3 + 1}.{made % 7}.0", seen,
                )  # fmt: skip
                controller = controller or device

    def _presence(self, number: int) -> tuple[DeviceStatus, datetime | None]:
        if number % UNKNOWN_EVERY == 0:
            return DeviceStatus.UNKNOWN, None
        if number % OFFLINE_EVERY == 0:
            return DeviceStatus.OFFLINE, self.now - timedelta(hours=number % 200 + 1)
        return DeviceStatus.ONLINE, self.now - timedelta(seconds=number % 300)

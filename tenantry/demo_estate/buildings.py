"""One site: its floors, wing, rooms and doors, and which devices stand where, each beneath what it is wired to."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from models import AreaKind, DeviceLifecycle
from models.clock import Clock
from tenantry.demo_estate.catalogue import (
    CARD_READER,
    DOOR_CONTACT,
    DOOR_CONTROLLER,
    GATEWAY,
    KEYPAD_READER,
    LOCK,
    ROOM_CONTROLLER,
    ROOM_TYPES,
)
from tenantry.demo_estate.customers import Site
from tenantry.demo_estate.devices import Maker, Spot

AREA_COLUMNS = ("id", "parent_id", "path", "code", "name", "kind", "floor")
FLOORS = ("Ground floor", "First floor", "Second floor")
ROOMS_A_FLOOR = 4
WING = "East wing"
# Each door and the floor that it is on.
DOORS = (("Main entrance", 0), ("Delivery entrance", 0), ("Server room door", 2), ("Roof access", 2))
DOOR_TYPES = (CARD_READER, KEYPAD_READER, LOCK, DOOR_CONTACT)
SERVER_ROOM = "Server room"
GATEWAYS = 2
SPARES = 6

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Area:
    """An area, as a row and as a place for devices; `floor` counts from the ground, `above` is its parent's path."""

    id: uuid.UUID
    above: tuple[uuid.UUID, ...]
    name: str
    kind: AreaKind
    floor: int

    @property
    def path(self) -> tuple[uuid.UUID, ...]:
        """From its floor down to itself."""
        return *self.above, self.id

    def row(self) -> Row:
        """In the order of AREA_COLUMNS."""
        code = self.name.lower().replace(" ", "-").replace("'", "")
        parent_id = self.above[-1] if self.above else None
        return self.id, parent_id, self.path, code, self.name, self.kind, str(self.floor)


def areas_of(site: Site, clock: Clock) -> list[Area]:
    """The floors, a wing of the first one with two of its rooms, the other rooms, the doors: twenty in all."""
    floors = [Area(clock.new_id(), (), name, AreaKind.FLOOR, level) for level, name in enumerate(FLOORS)]
    wing = Area(clock.new_id(), floors[1].path, WING, AreaKind.ZONE, 1)
    rooms: list[Area] = []
    for number, name in enumerate(site.rooms):
        level, place = divmod(number, ROOMS_A_FLOOR)
        above = wing if level == wing.floor and place >= ROOMS_A_FLOOR // 2 else floors[level]
        rooms.append(Area(clock.new_id(), above.path, name, AreaKind.ROOM, level))
    doors = [Area(clock.new_id(), floors[level].path, name, AreaKind.DOOR, level) for name, level in DOORS]
    return [*floors, wing, *rooms, *doors]


def devices_of(site: Site, at: Spot, areas: list[Area], maker: Maker) -> Iterator[Row]:
    """As many devices as the site has; `at` is the site itself."""
    wired = [*_gateways(at, areas, maker)]
    gateways = [row[0] for row in wired]
    for number, door in enumerate(area for area in areas if area.kind is AreaKind.DOOR):
        wired += _door(_in(at, door), maker, gateways[number % GATEWAYS])
    rooms = [_in(at, area) for area in areas if area.kind is AreaKind.ROOM]
    controllers = [
        maker.make(ROOM_CONTROLLER, room, gateways[number % GATEWAYS], DeviceLifecycle.DEPLOYED)
        for number, room in enumerate(rooms)
    ]
    stock = replace(at, called="Spare")
    spares = [maker.make(kind, stock, None, DeviceLifecycle.AVAILABLE) for kind in islice(ROOM_TYPES, SPARES)]
    fixed = [*wired, *controllers, *spares]
    yield from fixed
    for number in range(site.devices - len(fixed)):
        turn, place = divmod(number, len(rooms))
        kind = ROOM_TYPES[turn % len(ROOM_TYPES)]
        yield maker.make(kind, rooms[place], controllers[place][0], maker.lifecycle())


def _gateways(at: Spot, areas: list[Area], maker: Maker) -> Iterator[Row]:
    room = next(area for area in areas if area.name == SERVER_ROOM)
    for _ in range(GATEWAYS):
        yield maker.make(GATEWAY, _in(at, room), None, DeviceLifecycle.DEPLOYED)


def _door(at: Spot, maker: Maker, gateway: uuid.UUID) -> Iterator[Row]:
    """A controller beneath a gateway, and beneath it what it works with."""
    controller = maker.make(DOOR_CONTROLLER, at, gateway, DeviceLifecycle.DEPLOYED)
    yield controller
    for kind in DOOR_TYPES:
        yield maker.make(kind, at, controller[0], maker.lifecycle())


def _in(at: Spot, area: Area) -> Spot:
    return replace(at, area_id=area.id, called=area.name, labels=(f"floor-{area.floor}",))

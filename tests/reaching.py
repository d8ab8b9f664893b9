"""Callers whose right is bound to a node, and two halves of an estate of which they see one."""

import uuid
from collections.abc import Awaitable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Protocol

from auth.scopes import Scope
from loaders.entities import BY_NAME
from models import Area, Device, DeviceType, Location, Organization
from models.clock import Clock
from models.hierarchy import Node, ReachKind
from models.ids import encode
from tenantry.databases import Databases
from tests.ask import Outcome
from tests.estate import add, make_tenant

READ = frozenset(scope for scope in Scope if scope.endswith(".read"))


@dataclass(frozen=True)
class Half:
    """An organization with a building, a floor with a room, and a device with a part in it."""

    organization: SimpleNamespace
    location: SimpleNamespace
    floor: SimpleNamespace
    room: SimpleNamespace
    device: SimpleNamespace
    part: SimpleNamespace

    @property
    def ids(self) -> dict[str, list[str]]:
        """The ids by the types' names, those above first."""
        rows = {
            "Organization": [self.organization],
            "Location": [self.location],
            "Area": [self.floor, self.room],
            "Device": [self.device, self.part],
        }
        return {name: [encode(BY_NAME[name].prefix, row.id) for row in found] for name, found in rows.items()}

    @property
    def all_ids(self) -> list[str]:
        """The ids of everything in it."""
        return [id_ for found in self.ids.values() for id_ in found]

    def node(self, kind: ReachKind) -> Node:
        """Its node of this kind; of areas the floor."""
        if kind is ReachKind.ORGANIZATION:
            return Node(kind, self.organization.id)
        if kind is ReachKind.LOCATION:
            return Node(kind, self.location.id)
        return Node(kind, self.floor.id, self.location.id)


@dataclass(frozen=True)
class Halves:
    """Two halves of one tenant, each told by the first letter of its names; `above` is what both belong to.

    The first half has a device in its room, `stray`, that is a part of a device in the second half; and the other way
    round, `lent`.
    """

    tenant: SimpleNamespace
    above: SimpleNamespace
    device_type: SimpleNamespace
    first: Half
    second: Half
    stray: SimpleNamespace
    lent: SimpleNamespace


class AskBound(Protocol):
    """`outcome = await bound(halves, node, "{ devices { totalCount } }")`."""

    def __call__(self, halves: Halves, node: Node | None, query: str, **variables: Any) -> Awaitable[Outcome]:
        """Run the query with every scope to read, bound to this node; None is a token that is not bound."""
        ...


async def make_halves(databases: Databases, clock: Clock) -> Halves:
    """A tenant with two halves that are alike."""
    tenant = await make_tenant(databases, clock, "halves", city="Berkeley", logo_url="https://logo.example/")

    async def one(table: Any, **fields: Any) -> SimpleNamespace:
        return await add(databases, clock, table, tenant.id, **fields)

    above = await one(Organization, key="above", name="Above")
    device_type = await one(DeviceType, key="reader-2", name="Reader 2", kind="READER")

    async def half(letter: str) -> Half:
        organization = await one(Organization, key=f"{letter}-org", name=f"{letter} org", parent_id=above.id)
        location = await one(
            Location, code=f"{letter}-hq", name=f"{letter} hq", organization_id=organization.id, city="Berkeley"
        )
        floor = await one(Area, location_id=location.id, code=f"{letter}-f", name=f"{letter} floor", kind="FLOOR")
        room = await one(
            Area, location_id=location.id, parent_id=floor.id, code=f"{letter}-r", name=f"{letter} room", kind="ROOM"
        )
        place = {"type_id": device_type.id, "location_id": location.id, "area_id": room.id}
        device = await one(
            Device, serial=f"{letter}-1", name=f"{letter} device", organization_id=organization.id, **place
        )
        part = await one(Device, serial=f"{letter}-2", name=f"{letter} part", parent_id=device.id, **place)
        return Half(organization, location, floor, room, device, part)

    first, second = await half("a"), await half("b")

    async def across(serial: str, home: Half, whole: Half) -> SimpleNamespace:
        place = {"type_id": device_type.id, "location_id": home.location.id, "area_id": home.room.id}
        return await one(Device, serial=serial, name=serial, parent_id=whole.device.id, **place)

    stray, lent = await across("a-stray", first, second), await across("b-lent", second, first)
    return Halves(tenant, above, device_type, first, second, stray, lent)


def nobodys(clock: Clock, id_: str) -> str:
    """An id of the same type that names nothing."""
    return f"{id_.partition('_')[0]}_{clock.new_id()}"


def uuid_of(id_: str) -> uuid.UUID:
    """The id without its prefix."""
    return uuid.UUID(id_.partition("_")[2])

"""Devices: readers, sensors, controllers, gateways."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from auth.requirement import any_of
from auth.scopes import Scope
from loaders import edges
from loaders.entities import DEVICE
from models import DeviceLifecycle, DeviceStatus
from schema.connection import Connection, connection_of
from schema.entity import entity
from schema.field import field
from schema.node import Node
from schema.scalars import JSON

if TYPE_CHECKING:
    from schema.area import Area
    from schema.device_type import DeviceType
    from schema.location import Location
    from schema.organization import Organization

DeviceConnection, DeviceEdge, DeviceFilter, DeviceOrder = connection_of(DEVICE)


@entity(DEVICE, scopes=any_of(Scope.DEVICES_READ), description="A piece of hardware, or a point of one.")
class Device(Node):
    """A piece of hardware, or a point of one."""

    serial: str = field("Its serial, unique in the tenant; at most 200 characters.")
    name: str = field("The name that people see; at most 200 characters.")
    type: DeviceType | None = field("What it is.", edge=edges.type_of_device)
    location: Location | None = field("The building or site that it is in.", edge=edges.location_of_device)
    area: Area | None = field("The area that it is in.", edge=edges.area_of_device)
    parent: Device | None = field(
        "The device that it is a part of, where that is within reach.", edge=edges.parent_of_device
    )
    children: Connection[Device] = field("The devices that are parts of it.", edge=edges.children_of_device)
    organization: Organization | None = field("The organization that it belongs to.", edge=edges.organization_of_device)
    status: DeviceStatus = field("Whether it answers.")
    lifecycle: DeviceLifecycle = field("Where it is in its life as an asset.")
    firmware: str | None = field("The version of its firmware, as it reported it.")
    enabled: bool = field("Whether it may be used.")
    simulated: bool = field("Whether it is no hardware but a simulation.")
    labels: list[str] = field("Words that the tenant sorts its devices by.")
    reported: JSON = field("The state that it reported last, as JSON.")
    desired: JSON = field("The state that it should be in, as JSON.")
    purchase_value: Decimal | None = field("What it cost, in `currency`.")
    currency: str | None = field("ISO 4217, three letters.")
    warranty_ends_at: date | None = field("The last day of its warranty.")
    last_seen_at: datetime | None = field("When it was last heard of.")
    created_at: datetime = field("When it was made.")
    updated_at: datetime = field("When it was last changed.")
    version: int = field("How often it was written; guards changes.")

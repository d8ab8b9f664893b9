"""Device types: what devices are."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from auth.requirement import any_of
from auth.scopes import Scope
from loaders import edges
from loaders.entities import DEVICE_TYPE
from models import DeviceKind
from schema.connection import Connection, connection_of
from schema.entity import entity
from schema.field import field
from schema.node import Node
from schema.scalars import JSON

if TYPE_CHECKING:
    from schema.device import Device

DeviceTypeConnection, DeviceTypeEdge, DeviceTypeFilter, DeviceTypeOrder = connection_of(DEVICE_TYPE)


@entity(
    DEVICE_TYPE,
    scopes=any_of(Scope.DEVICE_TYPES_READ),
    description="A model of device, with the commands and properties that it knows.",
)
class DeviceType(Node):
    """A model of device."""

    key: str = field("The tenant's own name for it, unique in the tenant; at most 128 characters.")
    name: str = field("The name that people see; at most 200 characters.")
    kind: DeviceKind = field("The family that it belongs to.")
    manufacturer: str | None = field("Who makes it.")
    model: str | None = field("The maker's name for it.")
    commands: JSON = field("The commands that its devices take, as JSON.")
    properties: JSON = field("The properties that its devices report or can be set to, as JSON.")
    devices: Connection[Device] = field("All devices of this type.", edge=edges.devices_of_device_type)
    created_at: datetime = field("When it was made.")
    updated_at: datetime = field("When it was last changed.")
    version: int = field("How often it was written; guards changes.")

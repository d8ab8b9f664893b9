"""Areas: the floors, zones, rooms and doors of a location."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from auth.requirement import any_of
from auth.scopes import Scope
from loaders import edges
from loaders.entities import AREA
from models import AreaKind
from schema.connection import Connection, connection_of
from schema.entity import entity
from schema.field import field
from schema.node import Node

if TYPE_CHECKING:
    from schema.device import Device
    from schema.location import Location

AreaConnection, AreaEdge, AreaFilter, AreaOrder = connection_of(AREA)


@entity(AREA, scopes=any_of(Scope.AREAS_READ), description="A floor, zone, room or door inside a location.")
class Area(Node):
    """A part of a location."""

    code: str | None = field("The tenant's own name for it, unique in its location; at most 128 characters.")
    name: str = field("The name that people see; at most 200 characters.")
    kind: AreaKind = field("What sort of area it is.")
    floor: str | None = field("The floor as it is written on the wall: 4, G, B1.")
    location: Location | None = field("The location around it.", edge=edges.location_of_area)
    parent: Area | None = field("The area around it, such as a room's floor.", edge=edges.parent_of_area)
    children: Connection[Area] = field("The areas directly inside it.", edge=edges.children_of_area)
    devices: Connection[Device] = field("The devices installed here.", edge=edges.devices_of_area)
    created_at: datetime | None = field("When it was made.")
    updated_at: datetime | None = field("When it was last changed.")
    version: int | None = field("How often it was written; guards changes.")

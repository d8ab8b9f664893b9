"""Locations: buildings and sites."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from auth.requirement import any_of
from auth.scopes import Scope
from loaders import edges
from loaders.entities import LOCATION
from schema.connection import Connection, connection_of
from schema.entity import entity
from schema.field import field
from schema.node import Node

if TYPE_CHECKING:
    from schema.area import Area
    from schema.device import Device
    from schema.organization import Organization
    from schema.tenant import Tenant

LocationConnection, LocationEdge, LocationFilter, LocationOrder = connection_of(LOCATION)


@entity(LOCATION, scopes=any_of(Scope.LOCATIONS_READ), description="A building or site.")
class Location(Node):
    """A building or site."""

    code: str | None = field("The tenant's own name for it, unique in the tenant; at most 128 characters.")
    name: str = field("The name that people see; at most 200 characters.")
    address: str | None = field("Street and number.")
    city: str | None = field("The city or town.")
    country: str | None = field("ISO 3166-1, two letters.")
    time_zone: str | None = field("IANA name, such as America/Los_Angeles.")
    latitude: float | None = field("Degrees north, WGS 84.")
    longitude: float | None = field("Degrees east, WGS 84.")
    organization: Organization | None = field(
        "The organization that it belongs to.", edge=edges.organization_of_location
    )
    tenant: Tenant | None = field("The tenant that it belongs to.", edge=edges.tenant_of_location)
    areas: Connection[Area] = field("All its areas, floors and rooms alike.", edge=edges.areas_of_location)
    devices: Connection[Device] = field("All devices in it.", edge=edges.devices_of_location)
    created_at: datetime | None = field("When it was made.")
    updated_at: datetime | None = field("When it was last changed.")
    version: int | None = field("How often it was written; guards changes.")

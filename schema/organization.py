"""Organizations: a tenant's own tree."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from auth.requirement import any_of
from auth.scopes import Scope
from loaders import edges
from loaders.entities import ORGANIZATION
from schema.connection import Connection, connection_of
from schema.entity import entity
from schema.field import field
from schema.node import Node

if TYPE_CHECKING:
    from schema.device import Device
    from schema.location import Location
    from schema.tenant import Tenant

OrganizationConnection, OrganizationEdge, OrganizationFilter, OrganizationOrder = connection_of(ORGANIZATION)


@entity(
    ORGANIZATION,
    scopes=any_of(Scope.ORGANIZATIONS_READ),
    description="A node of the tenant's own tree, such as a region or a business unit; at most five deep.",
)
class Organization(Node):
    """A node of the tenant's own tree."""

    key: str | None = field("The key that the client chose, unique in the tenant; at most 128 characters.")
    name: str = field("The name that people see; at most 200 characters.")
    parent: Organization | None = field("The organization above it.", edge=edges.parent_of_organization)
    children: Connection[Organization] = field(
        "The organizations directly beneath it.", edge=edges.children_of_organization
    )
    locations: Connection[Location] = field("The locations that belong to it.", edge=edges.locations_of_organization)
    devices: Connection[Device] = field("The devices that belong to it.", edge=edges.devices_of_organization)
    tenant: Tenant | None = field("The tenant that it belongs to.", edge=edges.tenant_of_organization)
    created_at: datetime | None = field("When it was made.")
    updated_at: datetime | None = field("When it was last changed.")
    version: int | None = field("How often it was written; guards changes.")

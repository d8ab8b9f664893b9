"""Tenants: the owners of estates."""

from __future__ import annotations

import uuid as uuids
from datetime import datetime
from typing import TYPE_CHECKING

from auth.requirement import any_of
from auth.scopes import Scope
from loaders import edges
from loaders.entities import TENANT
from models import TenantStatus
from resolvers import reading
from schema.connection import Connection, connection_of
from schema.entity import entity, row_part
from schema.field import field
from schema.node import Node
from schema.scalars import JSON

if TYPE_CHECKING:
    from schema.area import Area
    from schema.device import Device
    from schema.device_type import DeviceType
    from schema.location import Location
    from schema.organization import Organization

TenantConnection, TenantEdge, TenantFilter, TenantOrder = connection_of(TENANT)


@row_part("How a tenant looks.")
class Branding:
    """How a tenant looks."""

    logo_url: str | None = field("Where its logo is found.")
    accent_color: str | None = field("Its colour, as #rrggbb.")


@entity(
    TENANT,
    scopes=any_of(Scope.CONTEXT_READ, Scope.PLATFORM_TENANTS_READ),
    description="The owner of an estate: a customer, a partner with customers of its own, or the platform itself.",
)
class Tenant(Node):
    """The owner of an estate."""

    uuid: uuids.UUID = field("The id without its prefix.", resolver=reading.column("id"))
    short_id: str | None = field("Twelve letters to read aloud, such as YINI-PSQY-ITQB.")
    number: int | None = field("A small number, in the order of creation.")
    slug: str | None = field("Its name in addresses: lower case letters, digits and hyphens, at most 63.")
    name: str = field("The name that people see; at most 200 characters.")
    status: TenantStatus | None = field("Whether it may be used.")
    domain: str | None = field("Its internet domain.")
    email: str | None = field("Where to write to.")
    phone_home: str | None = field("A telephone number.")
    phone_mobile: str | None = field("A telephone number.")
    phone_office: str | None = field("A telephone number.")
    address_line1: str | None = field("The address, first line.")
    address_line2: str | None = field("The address, second line.")
    address_line3: str | None = field("The address, third line.")
    address_line4: str | None = field("The address, fourth line.")
    city: str | None = field("The city or town.")
    postal_code: str | None = field("The postal code.")
    state: str | None = field("The state, province or region.")
    country: str | None = field("The country.")
    organization_name: str | None = field("The name under which it is registered.")
    organization_number: str | None = field("The number under which it is registered.")
    vat_number: str | None = field("Its number for value added tax.")
    id_type: str | None = field("The kind of a person's identity document.")
    id_number: str | None = field("The number of a person's identity document.")
    currency: str | None = field("ISO 4217, three letters.")
    branding: Branding = field("How it looks.", resolver=reading.same_row)
    settings: JSON | None = field("Its settings, as JSON.", scopes=any_of(Scope.SETTINGS_READ))
    parent: Tenant | None = field("The tenant above it, where that is within reach.", edge=edges.parent_of_tenant)
    children: Connection[Tenant] = field("The tenants directly beneath it.", edge=edges.children_of_tenant)
    locations: Connection[Location] = field("Its buildings and sites.", edge=edges.locations_of_tenant)
    areas: Connection[Area] = field("All areas in all its locations.", edge=edges.areas_of_tenant)
    devices: Connection[Device] = field("All its devices.", edge=edges.devices_of_tenant)
    device_types: Connection[DeviceType] = field("Its device types.", edge=edges.device_types_of_tenant)
    organizations: Connection[Organization] = field(
        "Its own tree of organizations.", edge=edges.organizations_of_tenant
    )
    created_at: datetime | None = field("When it was made.")
    updated_at: datetime | None = field("When it was last changed.")
    version: int | None = field("How often it was written; guards changes.")

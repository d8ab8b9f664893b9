"""Every edge of the graph, declared once.

An edge leads from a value in the source row (`source`) to the rows of `target` whose `column` equals it. A batch
loader (`batch.py`) and a compiled statement (`tree`) are two ways to run the same declaration.
"""

from dataclasses import dataclass

from sqlalchemy import ColumnElement

from loaders.entities import (
    AREA,
    AUDIT_EVENT,
    DEVICE,
    DEVICE_TYPE,
    LOCATION,
    ORGANIZATION,
    ROLE,
    ROLE_BINDING,
    SERVICE_ACCOUNT,
    TENANT,
    TOKEN,
    USER,
    Column,
    Entity,
)
from models import (
    Area,
    AuditRecord,
    Device,
    DeviceType,
    Location,
    Organization,
    Role,
    RoleBinding,
    ServiceAccount,
    Tenant,
    Token,
    User,
)


@dataclass(frozen=True)
class Edge:
    """`many` leads to a connection, otherwise to one row or none. `contains`: the column is an array of ids.

    An edge that leads to an `ancestor` shows it although it is out of reach, masked (`loaders.masking`); whatever else
    is out of reach is not there.
    """

    name: str
    target: Entity
    source: str
    column: Column
    many: bool
    contains: bool = False
    ancestor: bool = False

    def joins(self, key: ColumnElement[object]) -> ColumnElement[bool]:
        """The condition under which a target row belongs to the source's key."""
        return key == self.column.any_() if self.contains else self.column == key


def _one(name: str, target: Entity, source: str, *, ancestor: bool = False) -> Edge:
    return Edge(name, target, source, target.id, many=False, ancestor=ancestor)


def _many(name: str, target: Entity, column: Column, *, contains: bool = False, ancestor: bool = False) -> Edge:
    return Edge(name, target, "id", column, many=True, contains=contains, ancestor=ancestor)


# The first of them is the tenant itself, the ancestor of all its rows.
tenants_in_reach = _many("tenants_in_reach", TENANT, Tenant.path, contains=True, ancestor=True)
parent_of_tenant = _one("parent_of_tenant", TENANT, "parent_id")
children_of_tenant = _many("children_of_tenant", TENANT, Tenant.parent_id)
organizations_of_tenant = _many("organizations_of_tenant", ORGANIZATION, Organization.tenant_id)
locations_of_tenant = _many("locations_of_tenant", LOCATION, Location.tenant_id)
areas_of_tenant = _many("areas_of_tenant", AREA, Area.tenant_id)
device_types_of_tenant = _many("device_types_of_tenant", DEVICE_TYPE, DeviceType.tenant_id)
devices_of_tenant = _many("devices_of_tenant", DEVICE, Device.tenant_id)
tokens_of_tenant = _many("tokens_of_tenant", TOKEN, Token.tenant_id)
users_of_tenant = _many("users_of_tenant", USER, User.tenant_id)
service_accounts_of_tenant = _many("service_accounts_of_tenant", SERVICE_ACCOUNT, ServiceAccount.tenant_id)
roles_of_tenant = _many("roles_of_tenant", ROLE, Role.tenant_id)
role_bindings_of_tenant = _many("role_bindings_of_tenant", ROLE_BINDING, RoleBinding.tenant_id)
audit_events_of_tenant = _many("audit_events_of_tenant", AUDIT_EVENT, AuditRecord.tenant_id)

tenant_of_organization = _one("tenant_of_organization", TENANT, "tenant_id", ancestor=True)
parent_of_organization = _one("parent_of_organization", ORGANIZATION, "parent_id", ancestor=True)
children_of_organization = _many("children_of_organization", ORGANIZATION, Organization.parent_id)
locations_of_organization = _many("locations_of_organization", LOCATION, Location.organization_id)
devices_of_organization = _many("devices_of_organization", DEVICE, Device.organization_id)

tenant_of_location = _one("tenant_of_location", TENANT, "tenant_id", ancestor=True)
organization_of_location = _one("organization_of_location", ORGANIZATION, "organization_id", ancestor=True)
areas_of_location = _many("areas_of_location", AREA, Area.location_id)
devices_of_location = _many("devices_of_location", DEVICE, Device.location_id)

location_of_area = _one("location_of_area", LOCATION, "location_id", ancestor=True)
parent_of_area = _one("parent_of_area", AREA, "parent_id", ancestor=True)
children_of_area = _many("children_of_area", AREA, Area.parent_id)
devices_of_area = _many("devices_of_area", DEVICE, Device.area_id)

devices_of_device_type = _many("devices_of_device_type", DEVICE, Device.type_id)

type_of_device = _one("type_of_device", DEVICE_TYPE, "type_id")
location_of_device = _one("location_of_device", LOCATION, "location_id", ancestor=True)
area_of_device = _one("area_of_device", AREA, "area_id", ancestor=True)
parent_of_device = _one("parent_of_device", DEVICE, "parent_id")
children_of_device = _many("children_of_device", DEVICE, Device.parent_id)
organization_of_device = _one("organization_of_device", ORGANIZATION, "organization_id", ancestor=True)

tokens_of_user = _many("tokens_of_user", TOKEN, Token.user_id)
bindings_of_user = _many("bindings_of_user", ROLE_BINDING, RoleBinding.user_id)
tokens_of_service_account = _many("tokens_of_service_account", TOKEN, Token.service_account_id)
bindings_of_service_account = _many("bindings_of_service_account", ROLE_BINDING, RoleBinding.service_account_id)
user_of_token = _one("user_of_token", USER, "user_id")
service_account_of_token = _one("service_account_of_token", SERVICE_ACCOUNT, "service_account_id")
user_of_role_binding = _one("user_of_role_binding", USER, "user_id")
service_account_of_role_binding = _one("service_account_of_role_binding", SERVICE_ACCOUNT, "service_account_id")

EDGES = {edge.name: edge for edge in list(globals().values()) if isinstance(edge, Edge)}

"""What can be listed: for each table its orderings and what `search` looks at.

An ordering stands on columns that never are null and rarely change; each has an index for every edge that it serves.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import itemgetter
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Table, Text, literal_column, true
from sqlalchemy.orm import InstrumentedAttribute

from loaders.window import Row
from models import (
    Area,
    AuditRecord,
    Base,
    Device,
    DeviceType,
    Location,
    Organization,
    Role,
    RoleBinding,
    ServiceAccount,
    Tenant,
    TenantStatus,
    Token,
    User,
)
from models.base import Ended
from models.clock import uuid8
from models.ids import Prefix

Column = InstrumentedAttribute[Any]


@dataclass(frozen=True)
class Entity:
    """A kind of row that is listed, by the name of its GraphQL type.

    `id` tells its rows apart in their tenant, and `uuid_of` is what a row's id in the graph names. `orders` names
    columns; `id` breaks ties; `default` is the order where nothing is said.
    """

    name: str
    table: type[Base]
    prefix: Prefix
    id: Column
    orders: Mapping[str, Column]
    search: tuple[Column, ...]
    default: str = "ID_ASC"
    uuid_of: Callable[[Row], uuid.UUID] = itemgetter("id")

    @property
    def noun(self) -> str:
        """What its files are called in every room."""
        return self.table.__module__.rpartition(".")[2]

    @property
    def sql(self) -> Table:
        """The table itself, for statements that write."""
        table = self.table.__table__
        assert isinstance(table, Table), f"{self.name} has no table of its own"
        return table

    @property
    def living(self) -> ColumnElement[bool]:
        """Which of its rows are there for readers; those that are deleted softly are not."""
        if self.table is Tenant:
            # Spelled out: a parameter's value is not known to a generic plan, which could use no index of the living.
            return Tenant.status != literal_column(f"'{TenantStatus.DELETED}'", Text)
        if issubclass(self.table, Ended):
            return self.table.deleted_at.is_(None)
        return true()

    @property
    def called(self) -> Column:
        """The column by which people name its rows; unique among the living (of areas: in their location)."""
        return self.search[-1]


def _entity(table: Any, search: tuple[Column, ...], **orders: Column) -> Entity:
    return Entity(table.__name__, table, table.prefix, table.id, MappingProxyType({"ID": table.id, **orders}), search)


TENANT = _entity(Tenant, (Tenant.name, Tenant.slug), NAME=Tenant.name, SLUG=Tenant.slug)
ORGANIZATION = _entity(
    Organization, (Organization.name, Organization.key), NAME=Organization.name, KEY=Organization.key
)
LOCATION = _entity(Location, (Location.name, Location.code), NAME=Location.name, CODE=Location.code)
AREA = _entity(Area, (Area.name, Area.code), NAME=Area.name, CODE=Area.code)
DEVICE_TYPE = _entity(DeviceType, (DeviceType.name, DeviceType.key), NAME=DeviceType.name, KEY=DeviceType.key)
DEVICE = _entity(Device, (Device.name, Device.serial), NAME=Device.name, SERIAL=Device.serial)
TOKEN = _entity(Token, (Token.name,), NAME=Token.name)
USER = _entity(User, (User.name,), NAME=User.name)
SERVICE_ACCOUNT = _entity(ServiceAccount, (ServiceAccount.name,), NAME=ServiceAccount.name)
ROLE = _entity(Role, (Role.name,), NAME=Role.name)
ROLE_BINDING = _entity(RoleBinding, ())
# A record has no id but what is made of its hash. Time never goes back while numbers count up: both are one order.
AUDIT_EVENT = Entity(
    "AuditEvent",
    AuditRecord,
    Prefix.AUDIT_EVENT,
    AuditRecord.number,
    MappingProxyType({"NUMBER": AuditRecord.at}),
    (),
    default="NUMBER_DESC",
    uuid_of=lambda row: uuid8(row["hash"]),
)

ENTITIES = (TENANT, ORGANIZATION, LOCATION, AREA, DEVICE_TYPE, DEVICE)
# Listed like the others, but no thing that `node` and `_entities` find: of these the lists are the one way to them.
LISTED = (TOKEN, USER, SERVICE_ACCOUNT, ROLE, ROLE_BINDING, AUDIT_EVENT)
BY_PREFIX = {entity.prefix: entity for entity in ENTITIES}
BY_NAME = {entity.name: entity for entity in ENTITIES}

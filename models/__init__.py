"""Tables, policies, migrations, and the one way to open a tenant's transaction.

Imports nothing of ours: every other room stands on this one.
"""

from models.area import Area, AreaKind
from models.base import Base, TenantRow
from models.device import Device, DeviceLifecycle, DeviceStatus
from models.device_type import DeviceKind, DeviceType
from models.location import Location
from models.organization import Organization
from models.tenant import PLATFORM_ID, Tenant, TenantStatus
from models.token import Credential, Token

__all__ = [
    "PLATFORM_ID",
    "Area",
    "AreaKind",
    "Base",
    "Credential",
    "Device",
    "DeviceKind",
    "DeviceLifecycle",
    "DeviceStatus",
    "DeviceType",
    "Location",
    "Organization",
    "Tenant",
    "TenantRow",
    "TenantStatus",
    "Token",
]

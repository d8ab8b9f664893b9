"""Tables, policies, migrations, and the one way to open a tenant's transaction.

Imports nothing of ours: every other room stands on this one.
"""

from models.area import Area, AreaKind
from models.audit import AuditAction, AuditActorKind, AuditHead, AuditOutcome, AuditRecord, AuditValue
from models.base import Base, TenantRow
from models.deletion import Deletion
from models.device import Device, DeviceLifecycle, DeviceStatus
from models.device_type import DeviceKind, DeviceType
from models.event import ChangeKind, EstateType, Event, EventHead
from models.location import Location
from models.organization import Organization
from models.replay import Replay
from models.role import Role
from models.role_binding import RoleBinding
from models.service_account import ServiceAccount
from models.tenant import PLATFORM_ID, Tenant, TenantStatus
from models.token import Credential, Token
from models.user import User

__all__ = [
    "PLATFORM_ID",
    "Area",
    "AreaKind",
    "AuditAction",
    "AuditActorKind",
    "AuditHead",
    "AuditOutcome",
    "AuditRecord",
    "AuditValue",
    "Base",
    "ChangeKind",
    "Credential",
    "Deletion",
    "Device",
    "DeviceKind",
    "DeviceLifecycle",
    "DeviceStatus",
    "DeviceType",
    "EstateType",
    "Event",
    "EventHead",
    "Location",
    "Organization",
    "Replay",
    "Role",
    "RoleBinding",
    "ServiceAccount",
    "Tenant",
    "TenantRow",
    "TenantStatus",
    "Token",
    "User",
]

"""The roles that every tenant has: named sets of scopes.

Published, forever: a role's id and key never change; scopes may be added to it as features come.
"""

import uuid
from dataclasses import dataclass

from auth.scopes import Scope


@dataclass(frozen=True, slots=True)
class BuiltInRole:
    """A role without a row; `operators` only says that it can be bound in the platform's tenant alone."""

    id: uuid.UUID
    key: str
    name: str
    description: str
    scopes: frozenset[Scope]
    operators: bool = False


def _tenants(*verbs: str) -> frozenset[Scope]:
    """The scopes within a tenant whose last word is one of these."""
    return frozenset(scope for scope in Scope if scope.startswith("tenant.") and scope.rpartition(".")[2] in verbs)


ALL = frozenset(Scope)
TENANT = frozenset(scope for scope in Scope if scope.startswith("tenant."))
# Who sees the estate need not see who works in it.
PEOPLE = frozenset(
    {Scope.USERS_READ, Scope.SERVICE_ACCOUNTS_READ, Scope.ROLES_READ, Scope.TOKENS_READ, Scope.AUDIT_READ}
)
SEEING = _tenants("read") - PEOPLE
COMMANDS = SEEING | _tenants("commands")
BUILDING = frozenset(
    {
        Scope.LOCATIONS_WRITE,
        Scope.AREAS_WRITE,
        Scope.DEVICES_WRITE,
        Scope.DEVICES_CLAIM,
        Scope.DEVICE_TYPES_WRITE,
        Scope.EDGE_DEVICES_WRITE,
        Scope.EDGE_DEVICES_CLAIM,
        Scope.READER_PRESETS_WRITE,
        Scope.DEVICE_GROUPS_WRITE,
    }
)
INTEGRATING = frozenset(
    {
        Scope.DEVICES_WRITE,
        Scope.VISITS_WRITE,
        Scope.WEBHOOKS_READ,
        Scope.WEBHOOKS_WRITE,
        Scope.M365_READ,
        Scope.M365_SYNC,
    }
)
TENANTS_READING = frozenset({Scope.CONTEXT_READ, Scope.PLATFORM_TENANTS_READ})
TENANTS_WRITING = TENANTS_READING | {Scope.TENANTS_WRITE, Scope.PLATFORM_TENANTS_WRITE}


def _own(number: int) -> uuid.UUID:
    """The ids of our own roles: fixed, and of nothing else."""
    return uuid.UUID(int=(0x7000 << 64) | (0x8000 << 48) | (0x201E << 32) | number)


def _role(
    role_id: int | str, key: str, name: str, description: str, scopes: frozenset[Scope], *, operators: bool = False
) -> BuiltInRole:
    fixed = uuid.UUID(role_id) if isinstance(role_id, str) else _own(role_id)
    return BuiltInRole(fixed, key, name, description, scopes, operators)


BUILT_IN: tuple[BuiltInRole, ...] = (
    _role(1, "platform-operator", "Platform operator", "Everything, in every tenant.", ALL, operators=True),
    _role(2, "tenant-admin", "Tenant admin", "Everything in a tenant and those beneath it.", TENANT),
    _role(3, "device-operator", "Device operator", "Sees the estate and commands its devices.", COMMANDS),
    _role(4, "viewer", "Viewer", "Sees the estate.", SEEING),
    _role(5, "integration", "Integration", "A program that keeps devices and visits up to date.", SEEING | INTEGRATING),
    _role(6, "auditor", "Auditor", "Sees who did what, and who may do what.", PEOPLE | {Scope.CONTEXT_READ}),
    # Azure IoT Central's, with the ids that its clients send.
    _role("ca310b8d-2f4a-44e0-a36e-957c202cd8d4", "administrator", "Administrator", "IoT Central's.", TENANT),
    _role("ae2c9854-393b-4f97-8c42-479d70ce626e", "operator", "Operator", "IoT Central's.", COMMANDS),
    _role("344138e9-8de4-4497-8c54-5237e96d6aaf", "builder", "Builder", "IoT Central's.", SEEING | BUILDING),
    _role("c495eb57-eb18-489e-9802-62c474e5645c", "org-admin", "Org Administrator", "IoT Central's.", TENANT),
    _role("b4935647-30e4-4ed3-9074-dcac66c2f8ef", "org-operator", "Org Operator", "IoT Central's.", COMMANDS),
    _role("84cc62c1-dabe-49d3-b16e-8b291232b285", "org-viewer", "Org Viewer", "IoT Central's.", SEEING),
    # Interstellio's Identity: two that write tenants, four that read them.
    _role(21, "identity-administrator", "Identity Administrator", "Interstellio's.", TENANTS_WRITING),
    _role(22, "identity-support", "Identity Support", "Interstellio's.", TENANTS_READING),
    _role(23, "customer", "Customer", "Interstellio's.", TENANTS_READING),
    _role(24, "staff-member", "Staff Member", "Interstellio's.", TENANTS_READING),
    _role(25, "support", "Support", "Interstellio's.", TENANTS_READING),
    # ScaiKey's, and Tether's for managed service providers.
    _role(31, "super-admin", "Super admin", "ScaiKey's: writes every tenant.", ALL, operators=True),
    _role(32, "partner-admin", "Partner admin", "ScaiKey's: reads the tenants beneath a partner.", TENANTS_READING),
    _role(41, "msp-admin", "MSP admin", "Runs the tenants of a managed service provider.", TENANT),
    _role(42, "msp-technician", "MSP technician", "Works in those tenants.", COMMANDS | BUILDING),
    _role(43, "client-admin", "Client admin", "Runs one client's tenant.", TENANT),
    _role(44, "client-manager", "Client manager", "Keeps one client's estate.", SEEING | BUILDING),
    _role(45, "client-viewer", "Client viewer", "Sees one client's estate.", SEEING),
)
BY_ID = {role.id: role for role in BUILT_IN}
BY_KEY = {role.key: role for role in BUILT_IN}
assert len(BY_ID) == len(BY_KEY) == len(BUILT_IN), "two roles have the same id or key"

"""The scopes that a token can hold.

Published, forever: a scope may be added, none renamed or removed. Grammar: `tenant.<resource>.<verb>` for what lies
in a tenant, `platform.<resource>.<verb>` for what lies across tenants.
"""

from collections.abc import Iterable
from enum import StrEnum
from fnmatch import fnmatchcase


class Scope(StrEnum):
    """One right over one kind of thing; `read` never implies `write`, nor the other way round."""

    CONTEXT_READ = "tenant.context.read"
    LOCATIONS_READ = "tenant.locations.read"
    LOCATIONS_WRITE = "tenant.locations.write"
    AREAS_READ = "tenant.areas.read"
    AREAS_WRITE = "tenant.areas.write"
    DEVICES_READ = "tenant.devices.read"
    DEVICES_WRITE = "tenant.devices.write"
    DEVICES_COMMANDS = "tenant.devices.commands"
    DEVICES_CLAIM = "tenant.devices.claim"
    DEVICE_TYPES_READ = "tenant.device_types.read"
    DEVICE_TYPES_WRITE = "tenant.device_types.write"
    ORGANIZATIONS_READ = "tenant.organizations.read"
    ORGANIZATIONS_WRITE = "tenant.organizations.write"
    EDGE_DEVICES_READ = "tenant.edge_devices.read"
    EDGE_DEVICES_WRITE = "tenant.edge_devices.write"
    EDGE_DEVICES_COMMANDS = "tenant.edge_devices.commands"
    EDGE_DEVICES_CLAIM = "tenant.edge_devices.claim"
    READER_PRESETS_READ = "tenant.reader_presets.read"
    READER_PRESETS_WRITE = "tenant.reader_presets.write"
    DEVICE_GROUPS_READ = "tenant.device_groups.read"
    DEVICE_GROUPS_WRITE = "tenant.device_groups.write"
    USERS_READ = "tenant.users.read"
    USERS_WRITE = "tenant.users.write"
    SERVICE_ACCOUNTS_READ = "tenant.service_accounts.read"
    SERVICE_ACCOUNTS_WRITE = "tenant.service_accounts.write"
    ROLES_READ = "tenant.roles.read"
    ROLES_WRITE = "tenant.roles.write"
    TOKENS_READ = "tenant.tokens.read"
    TOKENS_WRITE = "tenant.tokens.write"
    VISITS_READ = "tenant.visits.read"
    VISITS_WRITE = "tenant.visits.write"
    WEBHOOKS_READ = "tenant.webhooks.read"
    WEBHOOKS_WRITE = "tenant.webhooks.write"
    SETTINGS_READ = "tenant.settings.read"
    SETTINGS_WRITE = "tenant.settings.write"
    DOMAINS_READ = "tenant.domains.read"
    DOMAINS_WRITE = "tenant.domains.write"
    M365_READ = "tenant.integrations.m365.read"
    M365_WRITE = "tenant.integrations.m365.write"
    M365_SYNC = "tenant.integrations.m365.sync"
    AUDIT_READ = "tenant.audit.read"
    SCHEMA_READ = "tenant.schema.read"
    TENANTS_WRITE = "tenant.tenants.write"
    PLATFORM_TENANTS_READ = "platform.tenants.read"
    PLATFORM_TENANTS_WRITE = "platform.tenants.write"
    PLATFORM_AUDIT_READ = "platform.audit.read"
    PLATFORM_DASHBOARD_READ = "platform.dashboard.read"
    PLATFORM_PLANS_READ = "platform.plans.read"


def expand(patterns: Iterable[str], *, platform: bool) -> frozenset[Scope]:
    """The scopes that names and patterns (`tenant.*.read`) mean; a pattern never reaches platform scopes by accident.

    Raises:
        ValueError: a name or pattern fits no scope, or asks for a platform scope where `platform` is false.
    """
    chosen: set[Scope] = set()
    for pattern in patterns:
        fitting = {scope for scope in Scope if fnmatchcase(scope, pattern)}
        if not fitting:
            raise ValueError(f"{pattern!r} is no scope and fits none; the scopes are: {', '.join(Scope)}")
        beyond = {scope for scope in fitting if scope.startswith("platform.")}
        if beyond and not platform and not pattern.startswith("*"):
            raise ValueError(f"{pattern!r} is for operators only: make the token with --platform")
        chosen |= fitting if platform else fitting - beyond
    return frozenset(chosen)

"""What our own commands leave in the audit: whoever is at the machine has no name here, the command has."""

import uuid
from collections.abc import Mapping
from types import MappingProxyType

from models import AuditAction, AuditActorKind, AuditOutcome, Tenant, ids
from resolvers.auditing.record import Actor, Changed, Record, Target

NOTHING: Mapping[str, Changed] = MappingProxyType({})


def command_record(
    command: str,
    action: AuditAction,
    target: Target | None = None,
    changed: Mapping[str, Changed] = NOTHING,
    *,
    outcome: AuditOutcome = AuditOutcome.SUCCEEDED,
) -> Record:
    """What `command` did, such as `tenantry import`."""
    return Record(Actor(AuditActorKind.SYSTEM, name=command), action, target, outcome, changed)


def estate_of(tenant_id: uuid.UUID) -> Target:
    """All that a tenant has: the target of what is done to many things at once."""
    return Target(Tenant.__name__, ids.encode(Tenant.prefix, tenant_id))

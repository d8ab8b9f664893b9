"""What our own commands leave in the audit: whoever is at the machine has no name here, the command has."""

from collections.abc import Mapping
from types import MappingProxyType

from models import AuditAction
from resolvers.auditing.record import Actor, Changed, Record, Target

SYSTEM = "SYSTEM"
NOTHING: Mapping[str, Changed] = MappingProxyType({})


def command_record(
    command: str, action: AuditAction, target: Target | None = None, changed: Mapping[str, Changed] = NOTHING
) -> Record:
    """What `command` did, such as `tenantry import`."""
    return Record(Actor(SYSTEM, name=command), action, target, changed=changed)

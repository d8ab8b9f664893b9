"""What is tried at the door and refused there, for whoever keeps watch.

A presented secret that belongs to a token is misuse of that token; what belongs to nobody tells of its address alone.
To present nothing is no attempt.
"""

import uuid
from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why it was refused. In the audit, so published, forever."""

    EXPIRED = "EXPIRED"
    REVOKED = "REVOKED"
    ROTATED = "ROTATED"
    NETWORK = "NETWORK"
    SUSPENDED = "SUSPENDED"
    DELETED = "DELETED"
    DISABLED = "DISABLED"
    UNKNOWN = "UNKNOWN"
    ISSUER = "ISSUER"
    THROTTLED = "THROTTLED"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One that was refused; the token that the secret belongs to, and its tenant, where it belongs to one."""

    reason: Reason
    tenant_id: uuid.UUID | None = None
    token_id: uuid.UUID | None = None

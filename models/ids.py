"""An id names its type: `dev_0190b5a2-7c3e-7d51-9f0e-1a2b3c4d5e6f` (law 10).

The prefixes are published and forever: one may be added, none renamed or given to another type.
"""

import uuid
from enum import StrEnum


class Prefix(StrEnum):
    """The closed list of what an id can name."""

    TENANT = "ten"
    LOCATION = "loc"
    AREA = "area"
    DEVICE = "dev"
    DEVICE_TYPE = "dty"
    ORGANIZATION = "org"
    EDGE_DEVICE = "edge"
    READER_PRESET = "pre"
    COMMAND = "cmd"
    COMMAND_BATCH = "bat"
    VISIT = "vis"
    USER = "usr"
    SERVICE_ACCOUNT = "svc"
    TOKEN = "tok"  # noqa: S105
    ROLE = "rol"
    ROLE_BINDING = "bnd"
    AUDIT_EVENT = "aud"


def encode(prefix: Prefix, value: uuid.UUID) -> str:
    """The id as clients see it."""
    return f"{prefix}_{value}"


def decode(text: str) -> tuple[Prefix, uuid.UUID] | None:
    """What an id names, or None where it has not the one canonical form (lower case, with hyphens)."""
    prefix, _, tail = text.partition("_")
    try:
        kind, value = Prefix(prefix), uuid.UUID(tail)
    except ValueError:
        return None
    return (kind, value) if str(value) == tail else None

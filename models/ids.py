"""An id names its type: `dev_0190b5a2-7c3e-7d51-9f0e-1a2b3c4d5e6f` (law 10).

The prefixes are published and forever: one may be added, none renamed or given to another type.
"""

import re
import uuid
from enum import StrEnum

# The driver's own, which it reads and sends in a tenth of the time; a `uuid.UUID` to everybody else.
from asyncpg.pgproto.pgproto import UUID


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


_CANONICAL = re.compile("([a-z]+)_([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
_PREFIXES = {prefix.value: prefix for prefix in Prefix}


def encode(prefix: Prefix, value: uuid.UUID) -> str:
    """The id as clients see it."""
    return f"{prefix}_{value}"


def decode(text: str) -> tuple[Prefix, uuid.UUID] | None:
    """What an id names, or None where it has not the one canonical form (lower case, with hyphens)."""
    found = _CANONICAL.fullmatch(text)
    kind = None if found is None else _PREFIXES.get(found[1])
    return None if found is None or kind is None else (kind, UUID(found[2]))

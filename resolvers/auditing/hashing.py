"""How the chain's hashes are made: published, and forever; another way gets another `version`.

A record's hash is SHA-256 over the 32 bytes of the hash before it (zeros before record 1), then the canonical JSON
(canonical.py) of an object with exactly these names: `version` (1), `tenant_id`, `number`, `at`, `actor_kind`,
`actor_id`, `actor_name`, `token_id`, `action`, `target_type`, `target_id`, `outcome`, `request_id`, `address`,
`digests`. Ids are lower-case UUIDs with hyphens; `at` is UTC with six decimals (`2026-03-01T12:00:00.123000Z`); what a
record has not is null.

`digests` is an object of field names, each with the SHA-256 in lower-case hexadecimal of the canonical JSON of an
object with the names `field`, `salt` (32 hexadecimal digits, fresh for each field of each record), `before` and
`after`: the JSON texts of the values as they are stored, null where there was none. Whoever lacks the salt, which is
erased with the values, cannot find them by guessing.
"""

import hashlib
import os
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from resolvers.auditing.canonical import canonical

VERSION = 1
# The hash before a chain's first record.
GENESIS = bytes(32)
SALT_LENGTH = 16
HASHED = (
    "tenant_id",
    "number",
    "at",
    "actor_kind",
    "actor_id",
    "actor_name",
    "token_id",
    "action",
    "target_type",
    "target_id",
    "outcome",
    "request_id",
    "address",
    "digests",
)
# What a record gets last.
PLACE = frozenset({"at", "number"})


def record_hash(prev_hash: bytes, row: Mapping[str, Any]) -> bytes:
    """The hash of a record; `row` has the columns of `audit_record`."""
    before_at, before_number, behind_number = around_place(row)
    content = f"{before_at}{spelled(row['at'])}{before_number}{row['number']}{behind_number}"
    return hashlib.sha256(prev_hash + content.encode()).digest()


def around_place(row: Mapping[str, Any]) -> tuple[str, str, str]:
    """The canonical JSON of a record but for its time and its number: what comes before, between and behind them."""
    known = {name: spelled(row[name]) for name in HASHED if name not in PLACE}
    text = canonical({"version": VERSION, **known, "at": "", "number": 0})
    # Only texts stand before the time and behind the number, and none reads like these: quotes in it are escaped.
    before, at, rest = text.partition('"at":"')
    between, number, behind = rest.rpartition('"number":0')
    return before + at, between + number[:-1], behind


def new_salt() -> bytes:
    """Fresh for each value."""
    return os.urandom(SALT_LENGTH)


def value_digest(field: str, salt: bytes, before: str | None, after: str | None) -> str:
    """The digest of what a field held before and after, each as JSON text."""
    content = {"field": field, "salt": salt.hex(), "before": before, "after": after}
    return hashlib.sha256(canonical(content).encode()).hexdigest()


def spelled_moment(moment: datetime) -> str:
    """UTC, always with microseconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "Z"


def spelled(value: Any) -> Any:
    """A column's value as it is hashed."""
    if isinstance(value, datetime):
        return spelled_moment(value)
    return str(value) if isinstance(value, uuid.UUID) else value

"""A checkpoint: a signed statement of where a tenant's chain stood, kept where whoever changes the chain cannot reach.

The signature is Ed25519 over the canonical JSON (canonical.py) of an object with the names `kind`, `tenant`, `number`,
`hash` (lower-case hexadecimal), `at` (when it was signed, spelled as in hashing.py) and `key` (the id of the key). One
line of a file is that object with `signature` (lower-case hexadecimal) added.
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from resolvers.auditing.canonical import canonical
from resolvers.auditing.hashing import spelled_moment


class CheckpointKind(StrEnum):
    """What a checkpoint says. Published, forever."""

    # The chain reached this number, with this hash.
    HEAD = "HEAD"
    # And what came up to it may be gone: retention dropped it.
    BOUNDARY = "BOUNDARY"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What is signed."""

    kind: CheckpointKind
    tenant_id: uuid.UUID
    number: int
    hash: bytes
    at: datetime
    key_id: str

    @property
    def content(self) -> dict[str, str | int]:
        """As it is spelled."""
        return {
            "kind": self.kind.value,
            "tenant": str(self.tenant_id),
            "number": self.number,
            "hash": self.hash.hex(),
            "at": spelled_moment(self.at),
            "key": self.key_id,
        }

    @property
    def signed_bytes(self) -> bytes:
        """What the signature is over."""
        return canonical(self.content).encode()


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint with its signature, good or not."""

    checkpoint: Checkpoint
    signature: bytes

    def line(self) -> str:
        """As a line of a file, without its end."""
        return canonical(self.checkpoint.content | {"signature": self.signature.hex()})

    def is_good(self, keys: Mapping[str, Ed25519PublicKey]) -> bool:
        """Whether one of these keys signed it."""
        key = keys.get(self.checkpoint.key_id)
        if key is None:
            return False
        try:
            key.verify(self.signature, self.checkpoint.signed_bytes)
        except InvalidSignature:
            return False
        return True


def read_line(line: str) -> Signed:
    """The checkpoint that a line holds. Raises ValueError."""
    try:
        found = json.loads(line)
        checkpoint = Checkpoint(
            CheckpointKind(found["kind"]),
            uuid.UUID(found["tenant"]),
            int(found["number"]),
            bytes.fromhex(found["hash"]),
            datetime.fromisoformat(found["at"]),
            str(found["key"]),
        )
        return Signed(checkpoint, bytes.fromhex(found["signature"]))
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError("not a checkpoint") from error

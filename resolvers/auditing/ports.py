"""What the audit needs of the world outside, as protocols."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from resolvers.auditing.checkpoint import Signed


class Place(Protocol):
    """Where checkpoints are kept, outside of the database: another disk, another account, another company."""

    async def keep(self, signed: Signed) -> None:
        """Keep one for good: on return it outlives a crash. Kept ones are never changed."""
        ...

    async def kept(self, tenant_id: uuid.UUID) -> Sequence[Signed]:
        """A tenant's, oldest first. Raises Unreadable."""
        ...


class Signer(Protocol):
    """Who signs checkpoints."""

    @property
    def key_id(self) -> str:
        """The id of the key that signs now."""
        ...

    def sign(self, content: bytes) -> bytes:
        """The Ed25519 signature, 64 bytes."""
        ...


# The public keys, old ones too, by their ids.
PublicKeys = Mapping[str, Ed25519PublicKey]


class Unreadable(Exception):
    """A place holds something that is no checkpoint, or cannot be read; the message says where."""

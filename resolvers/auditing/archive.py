"""The folder of keys and checkpoints, as a server reads it: it signs nothing, and never opens the private key."""

import asyncio
import uuid
from pathlib import Path
from time import monotonic

from resolvers.auditing.checkpoints import Evidence
from resolvers.auditing.keys import BadKeys, public_keys
from resolvers.auditing.lines import Lines
from resolvers.auditing.ports import PublicKeys, Unreadable

KEYS, CHECKPOINTS = "keys", "checkpoints"
# Seconds for which keys that were read are taken for those that there are.
FRESH = 5.0


class Archive:
    """Reads beside the event loop; where there is no folder there are no keys and no checkpoints."""

    def __init__(self, folder: Path | None = None, *, fresh: float = FRESH) -> None:
        self._folder = folder
        self._fresh = fresh
        self._reading = asyncio.Lock()
        self._keys: PublicKeys | Unreadable = {}
        self._good_until = 0.0

    async def keys(self) -> PublicKeys:
        """The public keys, old ones too, as of some seconds ago. Raises Unreadable."""
        async with self._reading:
            if self._folder is not None and monotonic() >= self._good_until:
                self._keys = await asyncio.to_thread(_read, self._folder / KEYS)
                self._good_until = monotonic() + self._fresh
        if isinstance(self._keys, Unreadable):
            raise Unreadable(str(self._keys)) from self._keys
        return self._keys

    async def evidence(self, tenant_id: uuid.UUID) -> Evidence:
        """What a tenant's chain is compared with. Raises Unreadable."""
        keys = await self.keys()
        if self._folder is None:
            return Evidence([], keys)
        try:
            return Evidence(await Lines(self._folder / CHECKPOINTS).kept(tenant_id), keys)
        except OSError as error:
            raise Unreadable(str(error)) from error


def _read(folder: Path) -> PublicKeys | Unreadable:
    try:
        return public_keys(folder)
    except (BadKeys, OSError) as error:
        return Unreadable(str(error))

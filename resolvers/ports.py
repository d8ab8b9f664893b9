"""What resolvers need of the world outside, as protocols; `integrations` and the database implement them."""

import uuid
from collections.abc import Callable
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

# Told which tenant's feed has more; None stands for every tenant's: something may have been missed.
Woken = Callable[[uuid.UUID | None], None]


class Wakes(Protocol):
    """Wakes whoever follows a tenant's feed, in every process. A lost wake-up costs seconds, never an event."""

    async def announce(self, connection: AsyncConnection, tenant_id: uuid.UUID) -> None:
        """Called in the transaction that wrote events: wakes once it is committed, and not where it rolls back."""
        ...

    async def listen(self, woken: Woken) -> None:
        """Call `woken` until cancelled; whatever it raises, it is begun anew a moment later."""
        ...

    async def close(self) -> None:
        """Let go of what it holds; nothing is announced afterwards."""
        ...


class SharedDocuments(Protocol):
    """Where processes leave documents for each other, by their SHA-256. Nothing in it may be relied on."""

    async def find(self, sha256: str) -> str | None:
        """What somebody left there: whoever asks looks whether it is that. Never raises."""
        ...

    async def keep(self, sha256: str, text: str, tenant_id: uuid.UUID) -> None:
        """Leave a document there, on the account of a tenant, or leave it be. Never raises."""
        ...

    async def close(self) -> None:
        """Let go of what it holds."""
        ...

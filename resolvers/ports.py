"""What resolvers need of others, as protocols; `integrations`, the database and the schema implement them."""

import uuid
from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

from graphql import GraphQLResolveInfo
from sqlalchemy.ext.asyncio import AsyncConnection

from loaders.window import Row

# Told which tenant's feed has more; None stands for every tenant's: something may have been missed.
Woken = Callable[[uuid.UUID | None], None]
# What reads as JSON what a mutation's field selects of the row that it wrote, as the driver takes it: None where
# nothing has to be read, or no statement can.
PayloadOf: TypeAlias = Callable[[GraphQLResolveInfo[Any], Row], tuple[str, list[Any]] | None]


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

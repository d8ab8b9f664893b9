"""Wake-ups by PostgreSQL's own NOTIFY: nothing else has to run beside the database."""

import uuid

from sqlalchemy.ext.asyncio import AsyncConnection

from models.database import Database
from resolvers.ports import Woken
from resolvers.writing.feed import CHANNEL, wake_readers


class PostgresWakes:
    """Implements `Wakes`; a transaction pooler between us and PostgreSQL would swallow what is notified."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def announce(self, connection: AsyncConnection, tenant_id: uuid.UUID) -> None:
        """PostgreSQL delivers it when the transaction commits."""
        wake_readers(connection, tenant_id)

    async def listen(self, woken: Woken) -> None:
        """On a connection of its own. Raises ConnectionError when that breaks."""
        await self._database.listen(CHANNEL, began=lambda: woken(None), heard=lambda payload: woken(uuid.UUID(payload)))

    async def close(self) -> None:
        """It holds nothing."""

"""The writing end of the feed: numbers are given out and readers are woken here, whoever writes the events."""

import uuid

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from models import EventHead

# The channel that wakes whoever follows a feed; the payload is the tenant's UUID.
CHANNEL = "tenantry_event"


async def take_numbers(connection: AsyncConnection, tenant_id: uuid.UUID, count: int) -> int:
    """The first of `count` numbers in a row; the tenant's other writers wait from here until the commit."""
    head = upsert(EventHead).values(tenant_id=tenant_id, number=count)
    head = head.on_conflict_do_update(index_elements=[EventHead.tenant_id], set_={"number": EventHead.number + count})
    last: int = (await connection.execute(head.returning(EventHead.number))).scalar_one()
    return last - count + 1


async def wake_readers(connection: AsyncConnection, tenant_id: uuid.UUID) -> None:
    """Tell those who follow the tenant's feed, once the transaction is committed, that there is more."""
    told = {"channel": CHANNEL, "tenant": str(tenant_id)}
    await connection.execute(text("SELECT pg_notify(:channel, :tenant)"), told)

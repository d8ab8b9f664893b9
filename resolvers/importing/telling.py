"""What an import does is told in the feed, in its own transaction: one event for each row that it makes or changes.

The events are gathered while the lines are carried over and numbered at the end, so that the tenant's other writers
wait only for that.
"""

import uuid
from typing import Any

from sqlalchemy import BigInteger, func, insert, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from auth.principal import PrincipalKind
from models import Event
from models.clock import Clock
from resolvers.importing.staging import changes
from resolvers.writing.feed import take_numbers, wake_readers

# An import is run where the database is at hand: by an operator, with no token.
ACTOR: dict[str, Any] = {
    "actor_kind": PrincipalKind.OPERATOR,
    "actor_name": "tenantry import",
    "token_id": uuid.UUID(int=0),
}
# What is gathered of a change: the columns of its event that differ from one change to the next.
GATHERED = tuple(column.name for column in changes.columns if column is not changes.c.position)


async def tell(connection: AsyncConnection, clock: Clock, tenant_id: uuid.UUID) -> None:
    """Number what was gathered and add it to the feed; nothing gathered, nothing told."""
    count: int = (await connection.execute(select(func.count()).select_from(changes))).scalar_one()
    if not count:
        return
    first = await take_numbers(connection, tenant_id, count)
    number = func.row_number().over(order_by=changes.c.position) + literal(first - 1, BigInteger)
    common = {"tenant_id": tenant_id, "at": clock.now(), **ACTOR}
    events = select(number, *(literal(value) for value in common.values()), *(changes.c[name] for name in GATHERED))
    names = ["number", *common, *GATHERED]
    await connection.execute(insert(Event).from_select(names, events, include_defaults=False))
    await wake_readers(connection, tenant_id)

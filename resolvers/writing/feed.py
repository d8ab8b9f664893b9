"""The writing end of the feed: numbers are given out and readers are woken here, whoever writes the events."""

import uuid
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import CTE, Text, bindparam, insert, select, true
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from loaders.window import Row
from models import Event, EventHead
from models.database import notify
from models.statement import Statement
from resolvers.auditing.appending import TENANT, appending
from resolvers.auditing.chain import Beside
from resolvers.recordset import packed, unpacked

# The channel that wakes whoever follows a feed; the payload is the tenant's UUID.
CHANNEL = "tenantry_event"
# The columns of an event.
TYPES = {column.name: column.type for column in Event.__table__.columns}


async def take_numbers(connection: AsyncConnection, tenant_id: uuid.UUID, count: int) -> int:
    """The first of `count` numbers in a row; the tenant's other writers wait from here until the commit."""
    [taken] = await TAKE.rows(connection, tenant=tenant_id, count=count)
    before: int = taken["before"]
    return before + 1


def telling(events: Sequence[Row]) -> Beside:
    """Number events in their order and write them, by the statement that appends to the audit.

    One statement, since the tenant's other writers wait from here until the commit. It locks the feed's head, then the
    audit's.
    """
    told = packed([{**event, "number": at} for at, event in enumerate(events, 1)])
    return Beside(WRITE, {"count": len(events), "events": told})


def wake_readers(connection: AsyncConnection, tenant_id: uuid.UUID) -> None:
    """Tell those who follow the tenant's feed, once the transaction is committed, that there is more."""
    notify(connection, CHANNEL, tenant_id)


COUNT = bindparam("count", type_=EventHead.number.type)
TAKEN = (
    upsert(EventHead)
    .values(tenant_id=TENANT, number=COUNT)
    .on_conflict_do_update(index_elements=[EventHead.tenant_id], set_={"number": EventHead.number + COUNT})
    .returning((EventHead.number - COUNT).label("before"))
)
TAKE = Statement(TAKEN)


def written(then: Callable[[CTE], Any]) -> Any:
    """Number events and write them, and then do something else behind that, in one statement."""
    taken = TAKEN.cte("taken")
    given = unpacked(TYPES, bindparam("events", type_=Text))
    columns = {**given.c, "number": taken.c.before + given.c.number}
    rows = insert(Event).from_select([*columns], select(*columns.values()).join_from(given, taken, true()))
    return then(taken).add_cte(rows.cte("written"))


WRITE = Statement(written(appending))

"""A change: one transaction, with its events and its first answer in it (law 4).

Accepted means durable: the rows, what is told of them, and what a repeated request will be answered are committed
together, before the answer leaves.
"""

import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import asyncpg
from sqlalchemy import ARRAY, Select, Table, Uuid, bindparam, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from loaders.entities import AREA, LOCATION, Entity
from loaders.reach import condition
from loaders.window import Row
from models import AuditAction
from models.event import ChangeKind
from models.faults import fault_of, is_outdated
from models.hierarchy import Reach
from models.statement import Statement
from resolvers.auditing.chain import append, is_overtaken
from resolvers.auditing.record import Record
from resolvers.context import Context
from resolvers.problems import Conflict, Problem
from resolvers.recording import action_of, actor_of, changed_record
from resolvers.writing.feed import telling
from resolvers.writing.reach import check_replayed
from resolvers.writing.replay import first_answer, keep_answer

ATTEMPTS = 5
# Deadlocks and failed serialisations: the same transaction does well when it is run again.
PASSING = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)


@dataclass
class Change:
    """The open transaction of one mutation."""

    context: Context
    connection: AsyncConnection
    told: list[dict[str, Any]] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)

    @property
    def tenant_id(self) -> uuid.UUID:
        """The tenant whose rows change."""
        return self.context.tenant_id

    async def rows(self, statement: Any) -> list[Row]:
        """Run a statement and give its rows as dictionaries."""
        result = await self.connection.execute(statement)
        names = list(result.keys())
        return [dict(zip(names, row, strict=True)) for row in result]

    async def run(self, statement: Statement, **values: Any) -> list[Row]:
        """The rows of a statement that is kept, in this tenant."""
        return await statement.rows(self.connection, tenant=self.tenant_id, **values)

    async def lock(
        self, entity: Entity, ids: Sequence[uuid.UUID], *, share: bool = False, reach: Reach = None
    ) -> dict[uuid.UUID, Row]:
        """The living rows with these ids, as far as they lie within reach, held until the transaction ends.

        `share` lets others read-lock them too.
        """
        if reach is None:
            rows = await self.run(locking(entity.sql, share=share), ids=ids)
        else:
            within = locked(entity.sql, share=share).where(condition(entity, self.tenant_id, reach))
            rows = await self.rows(within.params(tenant=self.tenant_id, ids=ids))
        return {row["id"]: row for row in rows}

    async def dependents(self, entity: Entity, column: Any, parents: Sequence[uuid.UUID]) -> list[uuid.UUID]:
        """The ids of the living rows whose `column` is one of these, held until the transaction ends."""
        return list(await self.hanging(entity, column, parents))

    async def hanging(self, entity: Entity, column: Any, parents: Sequence[uuid.UUID]) -> dict[uuid.UUID, uuid.UUID]:
        """As `dependents`, each with the one of these that it hangs on."""
        table = entity.sql
        wanted = bindparam("parents", list(parents), type_=ARRAY(Uuid))
        statement = (
            select(table.c.id, column.label("parent"))
            .where(table.c.tenant_id == self.tenant_id, column == func.any(wanted), table.c.deleted_at.is_(None))
            .order_by(table.c.id)
            .with_for_update()
        )
        return {row["id"]: row["parent"] for row in await self.rows(statement)}

    def tell(
        self,
        kind: ChangeKind,
        entity: Entity,
        row: Row,
        changed: Sequence[str],
        *,
        before: Row | None = None,
        action: AuditAction | None = None,
    ) -> None:
        """Add an event to the feed and a record to the audit; `before` is the row that the change began with.

        `action` is for what the audit has a word of its own for.
        """
        event = {
            "kind": kind,
            "entity": entity.name,
            "entity_id": row["id"],
            "entity_version": row["version"],
            "changed": sorted(changed),
            "location_id": row["id"] if entity is LOCATION else row.get("location_id"),
            "area_id": row["id"] if entity is AREA else row.get("area_id"),
            "left_location_id": None,
            "left_area_id": None,
        }
        if before is not None and kind is ChangeKind.MOVED:
            event["left_location_id"] = before.get("location_id")
            event["left_area_id"] = before["parent_id"] if entity is AREA else before.get("area_id")
        self.told.append(event)
        self.record(action or action_of(kind, entity), entity, row, changed, before=before)

    def record(
        self, action: AuditAction, entity: Entity, row: Row, changed: Sequence[str] = (), *, before: Row | None = None
    ) -> None:
        """Add a record to the audit alone, of what no event tells; of the columns in `changed` those that differ."""
        self.records.append(changed_record(self.context, action, entity, (before, row), changed))

    async def publish(self) -> None:
        """Number the events and records, write them, and commit; the tenant's other writers wait from here on."""
        if not self.records:
            return
        beside = telling(self._events()) if self.told else None
        await self.context.feeds.announce(self.connection, self.tenant_id)
        now = self.context.clock.now()
        await append(self.connection, self.tenant_id, now, self.records, beside, ends=True)

    def _events(self) -> list[Row]:
        actor, principal = actor_of(self.context.caller), self.context.caller.principal
        common = {
            "tenant_id": self.tenant_id,
            "actor_kind": principal.kind,
            # Events are for ever, and a person's name is not: a person is told by its id.
            "actor_name": actor.name or actor.id,
            "token_id": principal.token_id,
            "at": self.context.clock.now(),
        }
        return [{**common, **event} for event in self.told]


Work = Callable[[Change], Awaitable[Row]]


def locked(table: Table, *, share: bool) -> Select[Any]:
    """The living rows with these `ids` in a `tenant`, locked in one order."""
    of_it = table.c.tenant_id == bindparam("tenant"), table.c.id == func.any(bindparam("ids", type_=ARRAY(Uuid)))
    return select(table).where(*of_it, table.c.deleted_at.is_(None)).order_by(table.c.id).with_for_update(read=share)


@cache
def locking(table: Table, *, share: bool) -> Statement:
    """The same, kept."""
    return Statement(locked(table, share=share))


async def perform(
    context: Context,
    operation: str,
    given: dict[str, Any],
    key: str | None,
    work: Work,
    *,
    again_if_taken: bool = False,
) -> Row:
    """Run `work` in a transaction of its own; a repeated `key` gets the first answer and changes nothing.

    `again_if_taken` is for work that tells by itself which of its unique keys are taken: one that was taken meanwhile
    is there to be seen when it runs again.

    Raises:
        Problem: what `work` raises (everything is rolled back), or Conflict for a key that was used otherwise.
    """
    # Whoever waits for a connection must hold none, or a few requests of two mutations each would wait for ever; and
    # what was loaded before a change is of the past after it.
    await context.renew()
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return await _perform_once(context, operation, given, key, work)
        except (DBAPIError, asyncpg.PostgresError) as error:
            cause, again = fault_of(error), attempt < ATTEMPTS
            if isinstance(cause, asyncpg.UniqueViolationError):
                if not (again_if_taken and again):
                    raise Problem(_taken(cause)) from None
            elif not (again and (isinstance(cause, PASSING) or is_overtaken(cause) or is_outdated(error))):
                raise
    raise AssertionError("the last attempt ends the loop")


async def _perform_once(context: Context, operation: str, given: dict[str, Any], key: str | None, work: Work) -> Row:
    async with context.database.write(context.tenant_id) as connection:
        change = Change(context, connection)
        if key is not None:
            replayed = await first_answer(connection, context, f"{operation}:{key}", given)
            if replayed is not None:
                await check_replayed(connection, context, replayed)
                return replayed
        row = await work(change)
        if key is not None:
            await keep_answer(connection, context, f"{operation}:{key}", row)
        await change.publish()
        return row


def taken(column: str, table: str) -> Conflict:
    """A unique key that another living row has."""
    return Conflict(f"The {column} is taken by another {table.replace('_', ' ')}.")


def _taken(error: asyncpg.UniqueViolationError) -> Conflict:
    """What a unique key says, in words: its index is named for its columns."""
    column = str(error.constraint_name).removesuffix("_key").rsplit("_", 1)[-1]
    # The table of people is not called by SQL's word `user`.
    return taken(column, str(error.table_name).removeprefix("tenant_"))

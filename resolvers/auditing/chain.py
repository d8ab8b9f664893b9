"""Appending to a tenant's chain, in the caller's open transaction.

One statement, however many records: it locks the tenant's head, gives each record its number, time and hash, and writes
records, values and the new head. Call it last: the tenant's other writers wait from here until the commit, so that all
that can be is made ready before, and nothing is waited for in between. A rollback leaves no gap, since number, hash and
record are in the same transaction.
"""

import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

from loaders.window import Row
from models.clock import Clock
from models.database import Database
from models.statement import Statement
from resolvers.auditing.appending import HEAD, PIECES, RECORDS, VALUES, appending
from resolvers.auditing.canonical import canonical
from resolvers.auditing.hashing import around_place, new_salt, value_digest
from resolvers.auditing.record import ABSENT, Record
from resolvers.auditing.redaction import clean, plain
from resolvers.recordset import packed

LOCK = Statement(HEAD.with_for_update())
Answer = TypeVar("Answer")
# Called in the transaction that appends.
Announce = Callable[[AsyncConnection, uuid.UUID], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Appended:
    """The numbers that records got, from the first to the last, and the hash of the last."""

    first: int
    last: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Beside:
    """A statement that appends and does something else, and what it is given for that."""

    statement: Statement
    given: Mapping[str, Any]


ALONE = Beside(Statement(appending()), {})


async def lock_head(connection: AsyncConnection, tenant_id: uuid.UUID) -> None:
    """Hold the end of the chain, if there is one, until the transaction ends: nobody else appends meanwhile."""
    await LOCK.rows(connection, tenant=tenant_id)


async def append(
    connection: AsyncConnection,
    tenant_id: uuid.UUID,
    now: datetime,
    records: Sequence[Record],
    beside: Beside | None = None,
    *,
    ends: bool = False,
) -> Appended:
    """Append records in their order; `now` gives way to the last record's time where that is later.

    `beside` is for who writes something else by the same statement. Where it `ends` the transaction, that is committed
    with it.

    Raises:
        ValueError: there are none.
        asyncpg.NotNullViolationError: somebody else began the chain meanwhile (`is_overtaken`).
    """
    if not records:
        raise ValueError("there is nothing to record")
    drafts = [_draft(tenant_id, nth, record) for nth, record in enumerate(records, 1)]
    packs = {
        RECORDS.name: packed([row for row, _ in drafts]),
        VALUES.name: packed([value for _, values in drafts for value in values]),
    }
    by = ALONE if beside is None else beside
    bound = by.statement.bound({"tenant": tenant_id, "now": now, **packs, **by.given})
    [last] = await (Database.last if ends else Database.fetch)(connection, by.statement.text, bound)
    return Appended(last["number"] - len(drafts) + 1, last["number"], last["hash"])


async def append_apart(
    database: Database,
    clock: Clock,
    tenant_id: uuid.UUID,
    records: Sequence[Record],
    announce: Announce | None = None,
) -> Appended:
    """Append records in a transaction of their own: what was refused leaves nothing else behind.

    `announce` wakes those who follow the audit; without it they see the records some seconds later.
    """

    async def run() -> Appended:
        async with database.write(tenant_id) as connection:
            if announce is not None:
                await announce(connection, tenant_id)
            return await append(connection, tenant_id, clock.now(), records, ends=True)

    return await again_if_overtaken(run)


async def again_if_overtaken(run: Callable[[], Awaitable[Answer]]) -> Answer:
    """Run a transaction that appends, once more where the chain was begun by somebody else just then."""
    try:
        return await run()
    except asyncpg.NotNullViolationError as error:
        if not is_overtaken(error):
            raise
    return await run()


def is_overtaken(error: BaseException | None) -> bool:
    """Whether somebody else began the chain just then: the same transaction does well when it is run again."""
    return isinstance(error, asyncpg.NotNullViolationError) and error.column_name == RECORDS.c.number.name


def _draft(tenant_id: uuid.UUID, nth: int, record: Record) -> tuple[Row, list[Row]]:
    """A record's row and those of its values: all but its place in the chain, and what is hashed around that."""
    actor, target, values = record.actor, record.target, _values(nth, record)
    row = {
        "tenant_id": tenant_id,
        "actor_kind": clean(actor.kind),
        "actor_id": _cleaned(actor.id),
        "actor_name": _cleaned(actor.name),
        "token_id": actor.token_id,
        "action": record.action.value,
        "target_type": target and clean(target.type),
        "target_id": target and _cleaned(target.id),
        "outcome": record.outcome.value,
        "request_id": _cleaned(record.request_id),
        "address": _cleaned(record.address),
        "digests": {
            each["field"]: value_digest(each["field"], each["salt"], each["before"], each["after"]) for each in values
        },
    }
    pieces = dict(zip(PIECES, around_place(row), strict=True))
    return row | pieces | {"nth": nth}, values


def _values(nth: int, record: Record) -> list[Row]:
    """The rows of the record's values, each field once."""
    cleaned = {clean(name): (name, changed) for name, changed in record.changed.items()}
    return [
        {
            "nth": nth,
            "field": field,
            "salt": new_salt(),
            "before": _text(name, each.before),
            "after": _text(name, each.after),
        }
        for field, (name, each) in cleaned.items()
    ]


def _text(name: str, value: Any) -> str | None:
    return None if value is ABSENT else canonical(plain(name, value))


def _cleaned(given: str | None) -> str | None:
    return None if given is None else clean(given)

"""Appending to a tenant's chain, in the caller's open transaction.

Two statements, however many records: the tenant's head is locked and read, then records, values and the new head are
written at once. Call it last: the tenant's other writers wait from here until the commit, so that all that can be is
made ready before. A rollback leaves no gap, since number, hash and record are in the same transaction.
"""

import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Table, Text, bindparam, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from loaders.window import Row
from models import AuditHead, AuditRecord, AuditValue, Base
from models.clock import Clock
from models.database import Database
from models.statement import Statement
from resolvers.auditing.canonical import canonical
from resolvers.auditing.hashing import GENESIS, new_salt, record_hash, value_digest
from resolvers.auditing.record import ABSENT, Record
from resolvers.auditing.redaction import clean, plain
from resolvers.recordset import packed, unpacked

RECORDS: Table = Base.metadata.tables[AuditRecord.__tablename__]
VALUES: Table = Base.metadata.tables[AuditValue.__tablename__]
TENANT = bindparam("tenant", type_=RECORDS.c.tenant_id.type)
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
# Called in the transaction that appends.
Announce = Callable[[AsyncConnection, uuid.UUID], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Appended:
    """The numbers that records got, from the first to the last, and the hash of the last."""

    first: int
    last: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a chain: the last record's number, hash and time."""

    number: int
    hash: bytes
    at: datetime


# Locks the end of a tenant's chain; None where it has none yet.
Lock = Callable[[AsyncConnection, uuid.UUID], Awaitable[Head | None]]


async def find_head(connection: AsyncConnection, tenant_id: uuid.UUID) -> Head | None:
    """The end of the chain, locked, if there is one."""
    return head_of(await LOCK.rows(connection, tenant=tenant_id))


async def append(
    connection: AsyncConnection,
    tenant_id: uuid.UUID,
    now: datetime,
    records: Sequence[Record],
    lock: Lock = find_head,
    *,
    ends: bool = False,
) -> Appended:
    """Append records in their order; `now` gives way to the last record's time where that is later.

    `lock` is for who takes another lock before this one, by the same statement. Where it `ends` the transaction,
    that is committed with it.

    Raises:
        ValueError: there are none.
    """
    if not records:
        raise ValueError("there is nothing to record")
    drafts = [_draft(tenant_id, record) for record in records]
    head = await lock(connection, tenant_id) or await lock_head(connection, tenant_id)
    previous, at = head.hash, max(now, head.at)
    for number, (row, values) in enumerate(drafts, head.number + 1):
        row |= {"number": number, "at": at, "prev_hash": previous}
        previous = row["hash"] = record_hash(previous, row)
        for value in values:
            value |= {"number": number, "at": at}
    last = head.number + len(drafts)
    given = {
        RECORDS.name: packed(TYPES[RECORDS], (row for row, _ in drafts)),
        VALUES.name: packed(TYPES[VALUES], (value for _, values in drafts for value in values)),
    }
    bound = APPEND.bound({"tenant": tenant_id, "last": last, "last_hash": previous, "last_at": at, **given})
    await (Database.last if ends else Database.fetch)(connection, APPEND.text, bound)
    return Appended(head.number + 1, last, previous)


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
    async with database.write(tenant_id) as connection:
        if announce is not None:
            await announce(connection, tenant_id)
        return await append(connection, tenant_id, clock.now(), records, ends=True)


async def lock_head(connection: AsyncConnection, tenant_id: uuid.UUID) -> Head:
    """The end of the chain, locked; a tenant's first record makes it."""
    head = await find_head(connection, tenant_id)
    if head is None:
        await BEGIN.rows(connection, tenant=tenant_id)
        head = await find_head(connection, tenant_id)
        assert head is not None, "it was made, by this transaction or by another one"
    return head


def head_of(rows: Sequence[Row]) -> Head | None:
    """The end of a chain, as `HEAD` finds it."""
    return Head(**rows[0]) if rows else None


def _draft(tenant_id: uuid.UUID, record: Record) -> tuple[Row, list[Row]]:
    """A record's row and those of its values: all but its place in the chain."""
    actor, target, values = record.actor, record.target, _values(record)
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
    return row, values


def _values(record: Record) -> list[Row]:
    """The rows of the record's values, each field once."""
    cleaned = {clean(name): (name, changed) for name, changed in record.changed.items()}
    return [
        {"field": field, "salt": new_salt(), "before": _text(name, each.before), "after": _text(name, each.after)}
        for field, (name, each) in cleaned.items()
    ]


def _text(name: str, value: Any) -> str | None:
    return None if value is ABSENT else canonical(plain(name, value))


def _cleaned(given: str | None) -> str | None:
    return None if given is None else clean(given)


def _inserted(table: Table) -> Any:
    """An INSERT of any number of rows by a statement whose text is always the same."""
    rows = unpacked(TYPES[table], bindparam(table.name, type_=Text))
    return insert(table).from_select(["tenant_id", *TYPES[table]], select(TENANT, *rows.c))


# The columns that come with each row: all but the tenant.
TYPES = {
    table: {column.name: column.type for column in table.columns if column.name != "tenant_id"}
    for table in (RECORDS, VALUES)
}
# Whoever locks it selects it with this.
HEAD = select(AuditHead.number, AuditHead.hash, AuditHead.at).where(AuditHead.tenant_id == TENANT)
LOCK = Statement(HEAD.with_for_update())
BEGIN = Statement(
    upsert(AuditHead)
    .values(tenant_id=TENANT, number=0, hash=GENESIS, at=BEGINNING)
    .on_conflict_do_nothing(index_elements=[AuditHead.tenant_id])
)
APPEND = Statement(
    _inserted(RECORDS).add_cte(
        _inserted(VALUES).cte("kept"),
        update(AuditHead)
        .where(AuditHead.tenant_id == TENANT)
        .values(number=bindparam("last"), hash=bindparam("last_hash"), at=bindparam("last_at"))
        .cte("head"),
    )
)

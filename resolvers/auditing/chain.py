"""Appending to a tenant's chain, in the caller's open transaction.

Two statements, however many records: the tenant's head is locked and read, then records, values and the new head are
written at once. Call it last: the tenant's other writers wait from here until the commit. A rollback leaves no gap,
since number, hash and record are in the same transaction.
"""

import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ARRAY, Table, bindparam, column, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from models import AuditHead, AuditRecord, AuditValue, Base
from models.clock import Clock
from models.database import Database
from resolvers.auditing.canonical import canonical
from resolvers.auditing.hashing import GENESIS, new_salt, record_hash, value_digest
from resolvers.auditing.record import ABSENT, Record
from resolvers.auditing.redaction import clean, plain

RECORDS: Table = Base.metadata.tables[AuditRecord.__tablename__]
VALUES: Table = Base.metadata.tables[AuditValue.__tablename__]
TENANT = bindparam("tenant", type_=RECORDS.c.tenant_id.type)
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
# Called in the transaction that appended.
Announce = Callable[[AsyncConnection, uuid.UUID], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Appended:
    """The numbers that records got, from the first to the last, and the hash of the last."""

    first: int
    last: int
    hash: bytes


async def append(
    connection: AsyncConnection, tenant_id: uuid.UUID, now: datetime, records: Sequence[Record]
) -> Appended:
    """Append records in their order; `now` gives way to the last record's time where that is later.

    Raises:
        ValueError: there are none.
    """
    if not records:
        raise ValueError("there is nothing to record")
    number, previous, last_at = await lock_head(connection, tenant_id)
    first = number + 1
    at = max(now, last_at)
    rows: list[dict[str, Any]] = []
    values: list[dict[str, Any]] = []
    for number, record in enumerate(records, first):
        held = [{"number": number, "at": at, **each} for each in _values(record)]
        row = _row(record) | {
            "tenant_id": tenant_id,
            "number": number,
            "at": at,
            "digests": {
                each["field"]: value_digest(each["field"], each["salt"], each["before"], each["after"]) for each in held
            },
            "prev_hash": previous,
        }
        previous = row["hash"] = record_hash(previous, row)
        rows.append(row)
        values += held
    written = {
        "tenant": tenant_id,
        "last": number,
        "last_hash": previous,
        "last_at": at,
        **_arrays(RECORDS, rows),
        **_arrays(VALUES, values),
    }
    await connection.execute(APPEND, written)
    return Appended(first, number, previous)


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
        appended = await append(connection, tenant_id, clock.now(), records)
        if announce is not None:
            await announce(connection, tenant_id)
        return appended


async def lock_head(connection: AsyncConnection, tenant_id: uuid.UUID) -> tuple[int, bytes, datetime]:
    """The end of the chain, locked; a tenant's first record makes it."""
    found = (await connection.execute(LOCK, {"tenant": tenant_id})).one_or_none()
    if found is None:
        await connection.execute(BEGIN, {"tenant": tenant_id})
        found = (await connection.execute(LOCK, {"tenant": tenant_id})).one()
    return found.number, found.hash, found.at


def _row(record: Record) -> dict[str, Any]:
    actor, target = record.actor, record.target
    return {
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
    }


def _values(record: Record) -> list[dict[str, Any]]:
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


def _given(table: Table) -> list[Any]:
    """The columns whose values come as arrays: all but the tenant."""
    return [each for each in table.columns if each.name != "tenant_id"]


def _parameter(each: Any) -> str:
    return f"{each.table.name}_{each.name}"


def _arrays(table: Table, rows: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    return {_parameter(each): [row[each.name] for row in rows] for each in _given(table)}


def _inserted(table: Table) -> Any:
    """An INSERT of any number of rows by a statement whose text is always the same."""
    columns = _given(table)
    arrays = (bindparam(_parameter(each), type_=ARRAY(each.type)) for each in columns)
    rows = (
        func.unnest(*arrays)
        .table_valued(*(column(each.name, each.type) for each in columns), name="given")
        .render_derived()
    )
    names = ["tenant_id", *(each.name for each in columns)]
    return insert(table).from_select(names, select(TENANT, *rows.c))


LOCK = select(AuditHead.number, AuditHead.hash, AuditHead.at).where(AuditHead.tenant_id == TENANT).with_for_update()
BEGIN = (
    upsert(AuditHead)
    .values(tenant_id=TENANT, number=0, hash=GENESIS, at=BEGINNING)
    .on_conflict_do_nothing(index_elements=[AuditHead.tenant_id])
)
APPEND = _inserted(RECORDS).add_cte(
    _inserted(VALUES).cte("kept"),
    update(AuditHead)
    .where(AuditHead.tenant_id == TENANT)
    .values(number=bindparam("last"), hash=bindparam("last_hash"), at=bindparam("last_at"))
    .cte("head"),
)

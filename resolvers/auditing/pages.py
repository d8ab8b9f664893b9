"""Reading a whole chain, a page at a time: as much memory for a million records as for a thousand."""

import json
import uuid
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, cast, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from models import AuditRecord, AuditValue

PAGE = 500
# The digests as text: what a superuser put there need not be anything that a driver can read.
COLUMNS = [
    cast(each, Text).label(each.name) if each.name == "digests" else each for each in AuditRecord.__table__.columns
]
Row = dict[str, Any]
# Runs a statement.
Fetch = Callable[[Select[Any]], Awaitable[list[Row]]]


@dataclass(frozen=True, slots=True)
class Page:
    """Some records in the order of their numbers, and the values of every number up to the last of these."""

    records: list[Row]
    values: dict[int, list[Row]]


async def pages(
    fetch: Fetch, tenant_id: uuid.UUID, size: int = PAGE, *, after: Row | None = None, until: int | None = None
) -> AsyncGenerator[Page]:
    """A tenant's chain after this record, up to this number; where nothing is said all of it.

    The last page has no records, and the values whose numbers no record has reached.
    """
    place = None if after is None else (after["number"], after["at"])
    while True:
        statement = select(*COLUMNS).where(AuditRecord.tenant_id == tenant_id)
        if place is not None:
            # Numbers that a superuser made twice must not be passed over.
            statement = statement.where(tuple_(AuditRecord.number, AuditRecord.at) > place)
        if until is not None:
            statement = statement.where(AuditRecord.number <= until)
        found = await fetch(statement.order_by(AuditRecord.number, AuditRecord.at).limit(size))
        records = [{**row, "digests": _parsed(row["digests"])} for row in found]
        bounds = [AuditValue.number > place[0]] if place is not None else []
        if records:
            place = (records[-1]["number"], records[-1]["at"])
            bounds.append(AuditValue.number <= place[0])
        yield Page(records, await _values(fetch, tenant_id, bounds))
        if not records:
            return


async def record_at(fetch: Fetch, tenant_id: uuid.UUID, number: int) -> Row | None:
    """The record of this number, if there is one."""
    statement = select(*COLUMNS).where(AuditRecord.tenant_id == tenant_id, AuditRecord.number == number)
    return next(iter(await fetch(statement.order_by(AuditRecord.at).limit(1))), None)


async def fetched(connection: AsyncConnection, statement: Select[Any]) -> list[Row]:
    """The rows of a statement."""
    return [dict(row) for row in (await connection.execute(statement)).mappings()]


def _parsed(digests: str) -> Any:
    """What was tampered with beyond reading stays a text, which fits no hash."""
    try:
        return json.loads(digests)
    except (ValueError, RecursionError):
        return digests


async def _values(fetch: Fetch, tenant_id: uuid.UUID, bounds: list[ColumnElement[bool]]) -> dict[int, list[Row]]:
    statement = (
        select(AuditValue.__table__)
        .where(AuditValue.tenant_id == tenant_id, *bounds)
        .order_by(AuditValue.number, AuditValue.field, AuditValue.at)
    )
    found: dict[int, list[Row]] = defaultdict(list)
    for row in await fetch(statement):
        found[row["number"]].append(row)
    return dict(found)

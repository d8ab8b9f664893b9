"""Reading a whole chain, a page at a time: as much memory for a million records as for a thousand."""

import json
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from models import AuditRecord, AuditValue

PAGE = 500
# The digests as text: what a superuser put there need not be anything that a driver can read.
COLUMNS = [
    cast(each, Text).label(each.name) if each.name == "digests" else each for each in AuditRecord.__table__.columns
]
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """Some records in the order of their numbers, and the values of every number up to the last of these."""

    records: list[Row]
    values: dict[int, list[Row]]


async def pages(connection: AsyncConnection, tenant_id: uuid.UUID, size: int = PAGE) -> AsyncIterator[Page]:
    """All of a tenant's chain; the last page has no records, and the values whose numbers no record has reached."""
    after: tuple[Any, Any] | None = None
    while True:
        statement = select(*COLUMNS).where(AuditRecord.tenant_id == tenant_id)
        if after is not None:
            # Numbers that a superuser made twice must not be passed over.
            statement = statement.where(tuple_(AuditRecord.number, AuditRecord.at) > after)
        statement = statement.order_by(AuditRecord.number, AuditRecord.at).limit(size)
        found = (await connection.execute(statement)).mappings()
        records = [{**row, "digests": _parsed(row["digests"])} for row in found]
        bounds = [AuditValue.number > after[0]] if after is not None else []
        if records:
            after = (records[-1]["number"], records[-1]["at"])
            bounds.append(AuditValue.number <= after[0])
        yield Page(records, await _values(connection, tenant_id, bounds))
        if not records:
            return


def _parsed(digests: str) -> Any:
    """What was tampered with beyond reading stays a text, which fits no hash."""
    try:
        return json.loads(digests)
    except (ValueError, RecursionError):
        return digests


async def _values(
    connection: AsyncConnection, tenant_id: uuid.UUID, bounds: list[ColumnElement[bool]]
) -> dict[int, list[Row]]:
    statement = (
        select(AuditValue.__table__)
        .where(AuditValue.tenant_id == tenant_id, *bounds)
        .order_by(AuditValue.number, AuditValue.field, AuditValue.at)
    )
    found: dict[int, list[Row]] = defaultdict(list)
    for row in (await connection.execute(statement)).mappings():
        found[row["number"]].append(dict(row))
    return dict(found)

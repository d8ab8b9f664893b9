"""The audit adds at most 25 % to an update."""

import uuid
from itertools import count
from typing import Any
from unittest.mock import patch

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from auth.principal import Caller
from benchmarks.promises.callers import answered
from benchmarks.promises.interleaved import ratio
from benchmarks.promises.promise import Judgement, at_most
from benchmarks.timed.dialects.tenantry import UPDATE
from benchmarks.timed.seeded import Seeded
from models.database import Database
from models.statement import Statement
from resolvers.auditing.chain import Beside
from resolvers.writing import change
from resolvers.writing.feed import written
from schema.graph import Graph

PROMISE = "the audit adds at most 25 % to an update"
BOUND = 1.25


async def judged(graph: Graph, caller: Caller, seeded: Seeded) -> Judgement:
    """Rename one device after the other, with the record and without."""
    devices, numbers = seeded.changed.devices, count()

    async def rename() -> None:
        number = next(numbers)
        given = {"id": f"dev_{devices[number % len(devices)]}", "name": f"Audited {number}"}
        await answered(graph, caller, UPDATE, {"in": given})

    async def without() -> None:
        with patch.object(change, "append", _told):
            await rename()

    return at_most(PROMISE, await ratio(without, rename), BOUND)


async def _told(
    connection: AsyncConnection, tenant_id: uuid.UUID, _now: Any, _records: Any, beside: Beside, **_also: Any
) -> None:
    """Stands for the audit where there is none: events are written, and end the transaction. No setting does so."""
    await Database.last(connection, EVENTS_ALONE.text, EVENTS_ALONE.bound({"tenant": tenant_id, **beside.given}))


EVENTS_ALONE = Statement(written(select))

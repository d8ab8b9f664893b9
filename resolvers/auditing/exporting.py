"""A tenant's audit as lines of JSON (NDJSON), whole enough to verify the chain from them alone."""

import asyncio
import json
import uuid
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from sqlalchemy import Select, func, select

from models import AuditRecord
from models.database import Database
from resolvers.auditing.canonical import canonical
from resolvers.auditing.hashing import HASHED, spelled
from resolvers.auditing.pages import Page, Row, fetched, pages


async def export_lines(database: Database, tenant_id: uuid.UUID) -> AsyncGenerator[str]:
    """The lines of `export_pages`, one after another."""
    async with aclosing(export_pages(database, tenant_id)) as exported:
        async for lines in exported:
            for line in lines:
                yield line


async def export_pages(database: Database, tenant_id: uuid.UUID) -> AsyncGenerator[list[str]]:
    """One line a record, without its end, in the order of the numbers, up to the last one that there is now.

    `values` has the fields that were not erased, each with its salt; its `before` and `after` are what was digested as
    their canonical JSON, and left out where there was none.

    Each statement is a transaction of its own, so that a slow reader holds neither a connection nor a snapshot: records
    never change, and what is erased meanwhile is not told.
    """

    async def fetch(statement: Select[Any]) -> list[Row]:
        async with database.read(tenant_id) as connection:
            return await fetched(connection, statement)

    [newest] = await fetch(select(func.max(AuditRecord.number)).where(AuditRecord.tenant_id == tenant_id))
    until = next(iter(newest.values()))
    async with aclosing(pages(fetch, tenant_id, until=0 if until is None else until)) as read:
        async for page in read:
            if page.records:
                yield await asyncio.to_thread(_lines, page)


def _lines(page: Page) -> list[str]:
    return [canonical(_shown(row, page.values.get(row["number"], []))) for row in page.records]


def _shown(row: Row, values: list[Row]) -> dict[str, Any]:
    hashed = {name: spelled(row[name]) for name in HASHED}
    hashes = {name: row[name].hex() for name in ("prev_hash", "hash")}
    return hashed | hashes | {"values": {value["field"]: _value(value) for value in values}}


def _value(value: Row) -> dict[str, Any]:
    texts = {name: value[name] for name in ("before", "after") if value[name] is not None}
    return {"salt": value["salt"].hex(), **{name: _parsed(text) for name, text in texts.items()}}


def _parsed(text: str) -> Any:
    """What was tampered with may be no JSON any more: then it is shown as text."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text

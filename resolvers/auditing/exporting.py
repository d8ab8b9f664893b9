"""A tenant's audit as lines of JSON (NDJSON), whole enough to verify the chain from them alone."""

import json
import uuid
from collections.abc import AsyncGenerator
from typing import Any

from models.database import Database
from resolvers.auditing.canonical import canonical
from resolvers.auditing.hashing import HASHED, spelled
from resolvers.auditing.pages import Row, pages


async def export_lines(database: Database, tenant_id: uuid.UUID) -> AsyncGenerator[str]:
    """One line a record, without its end, in the order of the numbers and as of one moment.

    `values` has the fields that were not erased, each with its salt; its `before` and `after` are what was digested as
    their canonical JSON, and left out where there was none.
    """
    async with database.read(tenant_id) as connection:
        async for page in pages(connection, tenant_id):
            for row in page.records:
                yield canonical(_shown(row, page.values.get(row["number"], [])))


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

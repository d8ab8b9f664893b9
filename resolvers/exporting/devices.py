"""Devices as lines, for programs and spreadsheets: everything that the graph shows of each."""

import uuid
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Select, Uuid, and_

from loaders import filters, statements
from loaders.columns import UNSEEN, camel_case, prefix_of
from loaders.entities import DEVICE, Entity
from loaders.masking import known
from loaders.window import Row
from models import ids
from models.database import Database
from models.hierarchy import Reach
from models.ids import Prefix
from resolvers.exporting.pages import everywhere, fetched, pages
from resolvers.exporting.text import as_text, csv_line

HIDDEN = frozenset({"tenant_id", *UNSEEN})


class ExportFormat(StrEnum):
    """How devices are written. Published, forever."""

    NDJSON = "NDJSON"
    CSV = "CSV"


@dataclass(frozen=True, slots=True)
class Chunk:
    """Whole lines, each with its end; `rows` is how many devices they tell of (a CSV's heading is none)."""

    text: str
    rows: int


@dataclass(frozen=True)
class _Field:
    """What a line has at a name: `key` in the row. `show` makes of a value what JSON can hold."""

    name: str
    key: str
    show: Callable[[Any], Any]


def _fields() -> tuple[_Field, ...]:
    """The columns that the graph shows; beside each reference what people call the row that it leads to."""
    found: list[_Field] = []
    called = statements.names(DEVICE)
    for column in DEVICE.sql.columns:
        if column.key in HIDDEN:
            continue
        prefix = prefix_of(DEVICE, column.key) if isinstance(column.type, Uuid) else None
        found.append(_Field(camel_case(column.key), column.key, _as_id(prefix) if prefix else _as_json))
        if column.key in called:
            found.append(_Field(camel_case(called[column.key]), called[column.key], _as_json))
    return tuple(found)


def _as_id(prefix: Prefix) -> Callable[[Any], str | None]:
    return lambda value: None if value is None else ids.encode(prefix, value)


def _as_json(value: Any) -> Any:
    return value if isinstance(value, bool | int | list) else as_text(value)


FIELDS = _fields()
JSON = frozenset(statements.json_columns(DEVICE))


def condition(
    tenant_id: uuid.UUID, reach: Callable[[Entity], Reach], filter_: Any, search: str | None
) -> ColumnElement[bool]:
    """What is sought. Raises BadArgument where nothing can be sought by it."""
    seen = known(DEVICE, tenant_id, reach, masked=False)
    found = filters.condition(DEVICE, filter_, seen)
    return and_(found, filters.search(DEVICE, filters.checked(search), seen)) if search else found


async def export_devices(
    database: Database,
    tenant_id: uuid.UUID,
    filter_: Any,
    search: str | None,
    format_: ExportFormat,
    *,
    reach: Callable[[Entity], Reach] = everywhere,
) -> AsyncGenerator[Chunk, None]:
    """The tenant's devices within reach, in the order of their ids.

    What they refer to shows its id and, where it is within reach itself, what people call it. A parent device out of
    reach is none.

    NDJSON has an object a line, with the names, ids and scalars of the graph; CSV the same columns beneath a heading,
    JSON and labels as JSON text. `filter_` is a frozen filter input (`loaders.window.frozen`). Each page is read in a
    transaction of its own, so that a slow reader holds neither a connection nor a snapshot: what changes meanwhile is
    told as it is when its page is read.

    Raises:
        BadArgument: nothing can be sought by this filter or search.
    """
    wanted = condition(tenant_id, reach, filter_, search)

    async def fetch(statement: Select[Any]) -> list[Row]:
        async with database.read(tenant_id) as connection:
            return await fetched(connection, statement)

    if format_ is ExportFormat.CSV:
        yield Chunk(csv_line(field.name for field in FIELDS), 0)
    line = _csv if format_ is ExportFormat.CSV else _ndjson
    async with aclosing(pages(fetch, DEVICE, tenant_id, wanted, reach)) as read:
        async for rows in read:
            yield Chunk("".join(map(line, rows)), len(rows))


def _csv(row: Row) -> str:
    return csv_line(as_text(field.show(row[field.key])) for field in FIELDS)


def _ndjson(row: Row) -> str:
    shown = {field.name: field.show(row[field.key]) for field in FIELDS}
    # JSON is put in as it is: numbers that no float can hold stay what they are.
    shown |= {name: orjson.Fragment(shown[name]) for name in JSON}
    return orjson.dumps(shown, option=orjson.OPT_APPEND_NEWLINE).decode()

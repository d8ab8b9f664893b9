"""A whole estate as the sheets that an import reads: imported into an empty tenant, it is the same estate.

What people write is carried. Ids, versions, times, what devices reported, whether they answer, and what is deleted
are not: they are a tenant's own.
"""

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from typing import Protocol

from loaders import entities, statements
from loaders.entities import Entity
from loaders.window import Row
from models.database import Database
from resolvers.exporting.pages import fetched, pages
from resolvers.exporting.text import as_text
from resolvers.importing import AREAS, DEVICE_TYPES, DEVICES, LOCATIONS, ORGANIZATIONS, SHEETS, Column, Sheet

# By the names of the sheets.
ENTITIES = {
    ORGANIZATIONS.name: entities.ORGANIZATION,
    LOCATIONS.name: entities.LOCATION,
    AREAS.name: entities.AREA,
    DEVICE_TYPES.name: entities.DEVICE_TYPE,
    DEVICES.name: entities.DEVICE,
}
Values = tuple[str | None, ...]
Progress = Callable[[str, int, int], None]


class Target(Protocol):
    """Where the rows go."""

    def begin(self, sheet: Sheet, columns: Sequence[Column]) -> None:
        """A sheet with these columns begins, the one before it has ended."""
        ...

    def write(self, rows: Sequence[Values]) -> None:
        """Further rows of the sheet, None where there is no value."""
        ...


class Uncarried(Exception):
    """Something that the sheets cannot carry, so that an import would lose it; the message says what and why."""


async def export_estate(
    database: Database, tenant_id: uuid.UUID, target: Target, progress: Progress = lambda *_told: None
) -> dict[str, int]:
    """Give the tenant's estate to `target`, sheet by sheet, as of one moment; how many rows each sheet has.

    All sheets are of one snapshot, so that they fit each other: `target` must not be slow. `progress` is told the
    sheet's file, the rows so far and the rows in all.

    Raises:
        Uncarried: the sheets would not be the whole truth; what was written is of no use.
    """
    told: dict[str, int] = {}
    async with database.read(tenant_id) as connection:
        for sheet in SHEETS:
            entity, columns = ENTITIES[sheet.name], sheet.having(sheet.heading)
            total: int = (await connection.execute(statements.counted(entity, tenant_id, None))).scalar_one()
            keys = _keys(entity, columns)
            target.begin(sheet, columns)
            told[sheet.name] = 0
            progress(sheet.file, 0, total)
            async with aclosing(pages(partial(fetched, connection), entity, tenant_id)) as read:
                async for rows in read:
                    target.write([tuple(_values(sheet, keys, row)) for row in rows])
                    told[sheet.name] += len(rows)
                    progress(sheet.file, told[sheet.name], total)
    return told


def _keys(entity: Entity, columns: Sequence[Column]) -> dict[Column, str]:
    """Where in an exported row each column's value is: of a reference, what the row is called that it leads to."""
    called = statements.names(entity)
    return {column: called.get(column.kept, column.kept) for column in columns}


def _values(sheet: Sheet, keys: Mapping[Column, str], row: Row) -> Iterator[str | None]:
    for column, key in keys.items():
        text = as_text(row[key])
        wrong = _lost(column, text, row)
        if wrong is not None:
            named = ", ".join(f"{name} {row[_key_named(keys, name)]!r}" for name in sheet.key)
            raise Uncarried(f"{sheet.file}: {named}: {column.name}: {wrong}")
        yield text


def _key_named(keys: Mapping[Column, str], name: str) -> str:
    return next(key for column, key in keys.items() if column.name == name)


def _lost(column: Column, text: str | None, row: Row) -> str | None:
    """Why an import would not read again what is written, or None."""
    if text is None and row[column.kept] is not None:
        return "what it refers to is deleted"
    if text is not None and not column.exact and (not text or text != text.strip()):
        return f"{text!r} is blank, or begins or ends with a blank"
    try:
        column.value(text)
    except ValueError as reason:
        return str(reason)
    return None

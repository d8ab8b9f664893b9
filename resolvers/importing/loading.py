"""Rows from a source into the staging tables: in batches, so that memory does not grow with the file."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from models import AreaKind
from models.clock import Clock
from resolvers.bulk import copy_rows
from resolvers.importing.column import Column
from resolvers.importing.finding import Finding, Row
from resolvers.importing.sheet import AREAS, DEVICES, Sheet
from resolvers.importing.staging import TABLES, as_record, findings

BATCH = 5_000
FLOOR_WORDS = frozenset({"floor", "level", "storey", "story"})

# Told what is being done, and with how many lines so far.
Progress = Callable[[str, int], None]


class Source(Protocol):
    """Where the rows come from."""

    def columns(self, sheet: Sheet) -> tuple[Column, ...]:
        """The sheet's columns that there are, in its order; none where there is no such sheet."""
        ...

    def read(self, sheet: Sheet) -> Iterator[Row | Finding]:
        """The sheet's lines in their order; a finding stands for a line that is no row at all."""
        ...

    @property
    def digests(self) -> Mapping[str, str]:
        """The SHA-256 of each file that was read to its end, in hexadecimal, by the file's name."""
        ...


async def load(connection: AsyncConnection, clock: Clock, source: Source, sheet: Sheet, progress: Progress) -> int:
    """Stage a sheet and what is wrong with its lines by themselves; how many lines it has."""
    columns = source.columns(sheet)
    names = [column.name for column in columns]
    worked_out = _worked_out(sheet, names)
    lines = source.read(sheet)
    read = 0
    while batch := list(islice(lines, BATCH)):
        wrong = [line for line in batch if isinstance(line, Finding)]
        rows = [_checked(sheet, columns, line, wrong) for line in batch if isinstance(line, Row)]
        records = (
            (line, clock.new_id(), refused, *values.values(), *(made(values) for made in worked_out.values()))
            for line, refused, values in rows
            if all(values[name] for name in sheet.key)
        )
        await copy_rows(connection, TABLES[sheet.name], ["line", "id", "refused", *names, *worked_out], records)
        await add_findings(connection, wrong)
        read += len(batch)
        progress(sheet.file, read)
    return read


async def add_findings(connection: AsyncConnection, found: Iterable[Finding]) -> None:
    """Note what was found, for the report at the end."""
    records = [as_record(finding) for finding in found]
    if records:
        await copy_rows(connection, findings, [column.name for column in findings.columns], records)


def _checked(
    sheet: Sheet, columns: Sequence[Column], row: Row, wrong: list[Finding]
) -> tuple[int, bool, dict[str, Any]]:
    """The row's line, whether it is refused, and its values without those that no column takes."""
    values: dict[str, Any] = {}
    refused = False
    for column, text in zip(columns, row.values, strict=True):
        try:
            values[column.name] = column.value(text)
        except ValueError as reason:
            wrong.append(Finding(sheet.file, row.line, column.name, str(reason)))
            values[column.name] = None
            refused = True
    return row.line, refused, values


def _worked_out(sheet: Sheet, names: Sequence[str]) -> dict[str, Callable[[dict[str, Any]], str | None]]:
    """Columns of a staging table that the file has not: a floor's label, and the name by which `part_of` means it."""
    if sheet is AREAS and "floor" not in names:
        return {"floor": lambda values: floor_label(values["name"] or "") if values["kind"] == AreaKind.FLOOR else None}
    if sheet is DEVICES:
        return {"tail": lambda values: values["serial"].rpartition(":")[2]}
    return {}


def floor_label(name: str) -> str:
    """What people press in the lift: "Floor 3" is "3", "Ground floor" is "Ground"."""
    words = [word for word in name.replace("_", " ").split() if word.lower() not in FLOOR_WORDS]
    return " ".join(words) or name

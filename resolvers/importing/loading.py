"""Rows from a source into the staging tables: in batches, so that memory does not grow with the file."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from models import AreaKind
from models.clock import Clock
from resolvers.bulk import copy_rows
from resolvers.importing.finding import Finding, Row
from resolvers.importing.sheet import AREAS, DEVICES, Sheet
from resolvers.importing.staging import TABLES, as_record, findings

BATCH = 5_000
FLOOR_WORDS = frozenset({"floor", "level", "storey", "story"})
# Columns of a staging table that its sheet has not: a floor's label, and the name by which `part_of` means a device.
WORKED_OUT = {AREAS.name: ("floor",), DEVICES.name: ("tail",)}

# Told what is being done, and with how many lines so far.
Progress = Callable[[str, int], None]


class Source(Protocol):
    """Where the rows come from."""

    def read(self, sheet: Sheet) -> Iterator[Row | Finding]:
        """The sheet's lines in their order; a finding stands for a line that is no row at all."""
        ...


async def load(connection: AsyncConnection, clock: Clock, source: Source, sheet: Sheet, progress: Progress) -> int:
    """Stage a sheet and what is wrong with its lines by themselves; how many lines it has."""
    table = TABLES[sheet]
    columns = ["line", "id", "refused", *sheet.heading, *WORKED_OUT.get(sheet.name, ())]
    lines = source.read(sheet)
    read = 0
    while batch := list(islice(lines, BATCH)):
        wrong = [line for line in batch if isinstance(line, Finding)]
        rows = [_checked(sheet, line, wrong) for line in batch if isinstance(line, Row)]
        records = (
            (line, clock.new_id(), refused, *(value or None for value in values), *_worked_out(sheet, values))
            for line, refused, values in rows
            if all(values[sheet.heading.index(name)] for name in sheet.key)
        )
        await copy_rows(connection, table, columns, records)
        await add_findings(connection, wrong)
        read += len(batch)
        progress(sheet.file, read)
    return read


async def add_findings(connection: AsyncConnection, found: Iterable[Finding]) -> None:
    """Note what was found, for the report at the end."""
    records = [as_record(finding) for finding in found]
    if records:
        await copy_rows(connection, findings, [column.name for column in findings.columns], records)


def _checked(sheet: Sheet, row: Row, wrong: list[Finding]) -> tuple[int, bool, list[str]]:
    """The row's line, whether it is refused, and its values without those that no column takes."""
    values = list(row.values)
    refusals = list(sheet.refusals(values))
    for place, reason in refusals:
        wrong.append(Finding(sheet.file, row.line, sheet.heading[place], reason))
        values[place] = ""
    return row.line, bool(refusals), values


def _worked_out(sheet: Sheet, values: list[str]) -> tuple[str | None, ...]:
    """The values of the columns in WORKED_OUT."""
    named = dict(zip(sheet.heading, values, strict=True))
    if sheet is AREAS:
        return (floor_label(named["name"]) if named["kind"] == AreaKind.FLOOR else None,)
    if sheet is DEVICES:
        return (named["serial"].rpartition(":")[2],)
    return ()


def floor_label(name: str) -> str:
    """What people press in the lift: "Floor 3" is "3", "Ground floor" is "Ground"."""
    words = [word for word in name.replace("_", " ").split() if word.lower() not in FLOOR_WORDS]
    return " ".join(words) or name

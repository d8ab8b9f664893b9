"""Findings made by statements about sets: which lines are wrong in view of other lines and of the tenant's data."""

from typing import Any

from sqlalchemy import ColumnElement, Select, Table, Text, case, func, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from resolvers.importing.sheet import SHEETS, Sheet
from resolvers.importing.staging import TABLES, findings


async def note_findings(
    connection: AsyncConnection, sheet: Sheet, column: str, lines: Select[Any], *, note: bool = False
) -> None:
    """Keep (line, reason) as findings about a column; lines with errors are refused from here on."""
    line, reason = lines.subquery().c
    place = sheet.heading.index(column)
    record = select(literal(SHEETS.index(sheet)), line, literal(place), reason, literal(note))
    names = [column.name for column in findings.columns]
    await connection.execute(insert(findings).from_select(names, record))
    if not note:
        await refuse(connection, sheet)


async def refuse(connection: AsyncConnection, sheet: Sheet) -> None:
    """Mark the lines with errors."""
    table = TABLES[sheet.name]
    wrong = select(findings.c.line).where(findings.c.sheet == SHEETS.index(sheet), ~findings.c.note)
    await connection.execute(update(table).where(~table.c.refused, table.c.line.in_(wrong)).values(refused=True))


async def drop_repeated(connection: AsyncConnection, sheet: Sheet) -> None:
    """The first line about a thing stands; later ones are errors, and nothing can refer to them."""
    table = TABLES[sheet.name]
    first = func.min(table.c.line).over(partition_by=[table.c[name] for name in sheet.key])
    lines = select(table.c.line, first.label("first")).subquery()
    repeated = select(
        lines.c.line, said("'", table.c[sheet.key[-1]], "' is on line ", lines.c.first, " already")
    ).where(lines.c.line != lines.c.first, table.c.line == lines.c.line)
    await note_findings(connection, sheet, sheet.key[-1], repeated)
    gone = select(lines.c.line).where(lines.c.line != lines.c.first)
    await connection.execute(table.delete().where(table.c.line.in_(gone)))


def lost_reference(refused: Table, file: str, *otherwise: Any) -> ColumnElement[str]:
    """Why a reference leads nowhere: the line that it means is refused, or there is none."""
    return case(
        (
            refused.c.line.is_not(None),
            said("line ", refused.c.line, f" of {file}, which this refers to, is refused"),
        ),
        else_=said(*otherwise),
    )


def said(*parts: Any) -> ColumnElement[str]:
    """Words and columns as one text."""
    return func.concat(*(literal(part, Text) if isinstance(part, str) else part for part in parts))

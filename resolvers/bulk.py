"""Many rows at once: by COPY into a temporary table, and from there into tenant data.

COPY FROM is refused on tables under row-level security; a temporary table has none.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Column, MetaData, Table, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.schema import CreateTable, DropTable

# A statement about 100,000 rows takes seconds, longer than any request may.
STATEMENT_TIMEOUT = "SET LOCAL statement_timeout = '15min'"


async def take_time(connection: AsyncConnection) -> None:
    """Let the statements of this transaction run as long as many rows need."""
    await connection.execute(text(STATEMENT_TIMEOUT))


async def copy_rows(
    connection: AsyncConnection, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Stream rows into a table without row-level security, in the transaction that is open; JSON goes as text."""
    driver: Any = (await connection.get_raw_connection()).driver_connection
    await driver.copy_records_to_table(table.name, columns=columns, records=rows)


@asynccontextmanager
async def passing_rows(
    connection: AsyncConnection, target: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> AsyncIterator[Table]:
    """Stream rows into a table by way of a temporary one, which is there to be looked at as long as the block runs.

    Columns that are not named get their defaults.
    """
    copies = (Column(name, target.c[name].type) for name in columns)
    passing = Table(f"bulk_{target.name}", MetaData(), *copies, prefixes=["TEMPORARY"], postgresql_on_commit="DROP")
    await connection.execute(CreateTable(passing))
    await copy_rows(connection, passing, columns, rows)
    await connection.execute(insert(target).from_select(columns, select(passing), include_defaults=False))
    yield passing
    await connection.execute(DropTable(passing))

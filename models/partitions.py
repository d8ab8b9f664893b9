"""Partitions by month, made and dropped as the schema's owner.

They live in a schema of their own, in which no serving role may name anything, and row-level security is forced on each
without a policy: their rows are reached through the parent alone. What fits no month goes to the default partition, so
that nothing is ever refused; making the month later moves it there.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from models.audit import AuditHead, AuditRecord, AuditValue
from models.database import Database

SCHEMA = "partitions"
# Each is partitioned by its column `at`.
PARTITIONED = (AuditRecord.__tablename__, AuditValue.__tablename__)
AHEAD = 3
# Rather give up than let every writer queue behind one long reader.
LOCK_TIMEOUT = "SET LOCAL lock_timeout = '2s'"
# Every writer locks a head before anything else. One that had chosen a partition already would fail when it changes.
HOLD_WRITERS = f"LOCK TABLE {AuditHead.__tablename__} IN EXCLUSIVE MODE"
# What our clocks never said stays where it is.
SENSIBLE = "WHERE at >= '2000-01-01' AND at < '3000-01-01'"
# Seconds: rows of the default partition may have to move.
STATEMENT_TIMEOUT = 600.0


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month in UTC."""

    year: int
    month: int

    @classmethod
    def of(cls, moment: datetime) -> "Month":
        """The month that a moment lies in."""
        at = moment.astimezone(UTC)
        return cls(at.year, at.month)

    def later(self, months: int) -> "Month":
        """The month that many months later, or earlier."""
        year, month = divmod(self.year * 12 + self.month - 1 + months, 12)
        return Month(year, month + 1)

    @property
    def start(self) -> datetime:
        """Its first moment."""
        return datetime(self.year, self.month, 1, tzinfo=UTC)

    def __str__(self) -> str:
        """As in `2026-03`."""
        return f"{self.year:04}-{self.month:02}"


@dataclass(frozen=True, slots=True)
class Made:
    """The months that were made, and how many rows moved into them out of the default partitions."""

    months: tuple[Month, ...]
    moved: int


async def make_months(owner_url: str, now: datetime, ahead: int = AHEAD) -> Made:
    """Make this month, those ahead and those of rows in the default partition, where they are missing.

    Raises:
        DBAPIError: a lock could not be had within seconds (55P03): run it again.
    """
    wanted = {Month.of(now).later(count) for count in range(ahead + 1)}
    owner = Database(owner_url, pool_size=1, statement_timeout=STATEMENT_TIMEOUT)
    made: set[Month] = set()
    moved = 0
    try:
        async with owner.write(None) as connection:
            await connection.execute(text(LOCK_TIMEOUT))
            for table in await _wanting(connection, wanted):
                stray = await _open_default(connection, table)
                missing = (wanted | stray) - await months_of(connection, table)
                for month in sorted(missing):
                    moved += await _make(connection, table, month, move=month in stray)
                await _close_default(connection, table)
                made |= missing
    finally:
        await owner.close()
    return Made(tuple(sorted(made)), moved)


async def drop_months(owner_url: str, before: Month, *, dry_run: bool = False) -> tuple[Month, ...]:
    """Drop every month before that one, all in one transaction; the months that went.

    Raises:
        DBAPIError: a lock could not be had within seconds (55P03): run it again.
    """
    owner = Database(owner_url, pool_size=1)
    dropped: set[Month] = set()
    try:
        async with owner.write(None) as connection:
            await connection.execute(text(LOCK_TIMEOUT))
            if not dry_run:
                await connection.execute(text(HOLD_WRITERS))
            for table in PARTITIONED:
                old = [month for month in await months_of(connection, table) if month < before]
                for month in old if not dry_run else ():
                    await connection.execute(text(f"DROP TABLE {_name(table, month)}"))
                dropped.update(old)
    finally:
        await owner.close()
    return tuple(sorted(dropped))


async def months_of(connection: AsyncConnection, table: str) -> set[Month]:
    """The months that a table has partitions for."""
    there = text(
        "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
        "WHERE i.inhparent = to_regclass(:table)"
    )
    names: Iterable[str] = await connection.scalars(there, {"table": f"public.{table}"})
    found = (re.fullmatch(rf"{table}_(\d{{4}})_(\d{{2}})", name) for name in names)
    return {Month(int(each[1]), int(each[2])) for each in found if each}


def _name(table: str, month: Month) -> str:
    return f"{SCHEMA}.{table}_{month.year:04}_{month.month:02}"


def _default(table: str) -> str:
    return f"{SCHEMA}.{table}_default"


async def _wanting(connection: AsyncConnection, wanted: set[Month]) -> list[str]:
    """The tables that lack one of these months, or have rows that fitted none; writers wait if there are any."""

    async def lacking() -> list[str]:
        return [
            table
            for table in PARTITIONED
            if wanted - await months_of(connection, table) or await _has_pages(connection, _default(table))
        ]

    if await lacking():
        await connection.execute(text(HOLD_WRITERS))
    # Another run may have been first.
    return await lacking()


async def _has_pages(connection: AsyncConnection, name: str) -> bool:
    """Whether a table may hold rows: the owner, whom row-level security binds, cannot look."""
    size = text("SELECT pg_relation_size(to_regclass(:name))")
    return bool(await connection.scalar(size, {"name": name}))


async def _open_default(connection: AsyncConnection, table: str) -> set[Month]:
    """The months of rows that fitted none, seen by the owner until the partition is closed again."""
    default = _default(table)
    await connection.execute(text(f"ALTER TABLE {default} NO FORCE ROW LEVEL SECURITY"))
    starts = text(f"SELECT DISTINCT date_trunc('month', at AT TIME ZONE 'UTC') FROM {default} {SENSIBLE}")  # noqa: S608 (constants)
    return {Month.of(start.replace(tzinfo=UTC)) for start in await connection.scalars(starts)}


async def _close_default(connection: AsyncConnection, table: str) -> None:
    """Bind the owner again; a partition that is empty gives back its pages, so that the next run need not look."""
    default = _default(table)
    if not await connection.scalar(text(f"SELECT EXISTS (SELECT FROM {default})")):  # noqa: S608 (a constant)
        await connection.execute(text(f"TRUNCATE {default}"))
    await connection.execute(text(f"ALTER TABLE {default} FORCE ROW LEVEL SECURITY"))


async def _make(connection: AsyncConnection, table: str, month: Month, *, move: bool) -> int:
    """Make and attach one month; how many rows moved into it."""
    name, default = _name(table, month), _default(table)
    since, until = month.start.isoformat(), month.later(1).start.isoformat()
    await connection.execute(text(f"CREATE TABLE {name} (LIKE public.{table} INCLUDING ALL)"))
    moved = 0
    if move:
        moving = (
            f"WITH moving AS (DELETE FROM {default} WHERE at >= '{since}' AND at < '{until}' RETURNING *) "  # noqa: S608 (constants)
            f"INSERT INTO {name} SELECT * FROM moving"
        )
        moved = (await connection.execute(text(moving))).rowcount
    for statement in (
        f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY",
        f"ALTER TABLE public.{table} ATTACH PARTITION {name} FOR VALUES FROM ('{since}') TO ('{until}')",
    ):
        await connection.execute(text(statement))
    return moved

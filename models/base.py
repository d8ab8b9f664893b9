"""What every table shares.

The law kept here: `tenant_id` is the first column of every key of tenant data (law 1, rules 1-3 of the schema),
so that no row can point at a neighbour's row and every index leads with the tenant.
"""

import uuid
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, DateTime, ForeignKeyConstraint, Index, MetaData, Text, Uuid, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeEngine

from models.ids import Prefix

# Ranges (`startsWith`, keyset pages) are sought by index under row-level security only in byte order.
SORTED_TEXT: TypeEngine[str] = Text(collation="C")
MOMENT: TypeEngine[datetime] = DateTime(timezone=True)


class Base(DeclarativeBase):
    """The declarations of all tables; `Base.metadata` is what migrations are compared with."""

    metadata = MetaData(
        naming_convention={
            "pk": "%(table_name)s_pkey",
            "uq": "%(table_name)s_%(column_0_N_name)s_key",
            "ck": "%(table_name)s_%(constraint_name)s_check",
            "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        }
    )


class Versioned:
    """When a row was made and changed, and how often: `version` starts at 1 and guards changes."""

    created_at: Mapped[datetime] = mapped_column(MOMENT, sort_order=90)
    updated_at: Mapped[datetime] = mapped_column(MOMENT, sort_order=91)
    version: Mapped[int] = mapped_column(default=1, server_default="1", sort_order=92)


class TenantRow:
    """A row of tenant data: its key is (tenant, id), and row-level security guards its table."""

    prefix: ClassVar[Prefix]

    tenant_id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, sort_order=-2)
    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, sort_order=-1)


class Ended:
    """A row that is deleted by saying when: kept with its id, so that nothing that names it names something else."""

    deleted_at: Mapped[datetime | None] = mapped_column(MOMENT, sort_order=93)


class Deletable(Ended):
    """One that can be restored until it is purged; `deletion_id` names what went together."""

    deletion_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, sort_order=94)


# Unique keys count among the living, and lists show them alone: their indexes hold no others.
LIVING = "deleted_at IS NULL"


def one_of(column: str, values: type[StrEnum]) -> CheckConstraint:
    """Text + CHECK in place of a PostgreSQL enum, whose comparisons are not leakproof."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def vocabulary(values: type[StrEnum], default: StrEnum | None = None) -> Any:
    """A column whose values are a closed vocabulary, which goes along as `info["vocabulary"]`."""
    return mapped_column(Text, info={"vocabulary": values}, default=default, server_default=default)


def at_most(limits: Iterable[tuple[str, int]]) -> list[CheckConstraint]:
    """Lengths in characters that the database holds, whatever wrote the row."""
    return [CheckConstraint(f"char_length({column}) <= {limit}", name=f"{column}_length") for column, limit in limits]


def within_tenant(columns: Iterable[str], target: str, target_columns: Iterable[str] = ("id",)) -> ForeignKeyConstraint:
    """A reference that carries the tenant: a neighbour's row cannot be named."""
    return ForeignKeyConstraint(
        ["tenant_id", *columns], [f"{target}.tenant_id", *(f"{target}.{column}" for column in target_columns)]
    )


def ordered(table: str, *columns: str, where: str = LIVING, unique: bool = False) -> Index:
    """An index that serves a keyset order: the tenant, the parent if any, the order, the id."""
    name = f"{table}_{'_'.join(columns)}_{'key' if unique else 'idx'}"
    return Index(name, "tenant_id", *columns, unique=unique, postgresql_where=text(where))


def listed(table: str, parent: str, *orders: str) -> list[Index]:
    """The indexes of a list of a parent's rows, by id and in each of these orders; no parent, no entry.

    The one by id holds deleted rows too: a foreign key's check, when a parent is purged, knows nothing of the living.
    """
    given = f"{parent} IS NOT NULL"
    by_order = [ordered(table, parent, name, "id", where=f"{given} AND {LIVING}") for name in orders]
    return [ordered(table, parent, "id", where=given), *by_order]


def restored_by(table: str) -> Index:
    """The index that finds what was deleted together."""
    where = text("deletion_id IS NOT NULL")
    return Index(f"{table}_deletion_id_idx", "tenant_id", "deletion_id", postgresql_where=where)

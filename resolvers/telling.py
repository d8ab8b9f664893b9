"""What is done to many rows at once is told in the feed, in the same transaction: one event for each row.

The events are gathered while the rows are written and numbered at the end, so that the tenant's other writers wait
only for that. The audit has one record of all of it, which comes last.
"""

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    Identity,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
    func,
    literal,
    null,
    select,
)
from sqlalchemy import insert as sql_insert
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.schema import CreateTable

from auth.principal import NO_TOKEN, PrincipalKind
from loaders.entities import LOCATION, Entity
from models import AuditAction, ChangeKind, Event
from models.clock import Clock
from resolvers.auditing import append, command_record, estate_of, told
from resolvers.bulk import passing_rows
from resolvers.writing.feed import take_numbers, wake_readers

# What is done to the tenant's rows, in its order; ends with the transaction.
changes = Table(
    "bulk_change",
    MetaData(),
    Column("position", Integer, Identity()),
    Column("kind", Text),
    Column("entity", Text),
    Column("entity_id", Uuid),
    Column("entity_version", Integer),
    Column("changed", ARRAY(Text)),
    Column("location_id", Uuid),
    Column("area_id", Uuid),
    Column("left_location_id", Uuid),
    Column("left_area_id", Uuid),
    prefixes=["TEMPORARY"],
    postgresql_on_commit="DROP",
)
# What is gathered of a change: the columns of its event that differ from one change to the next.
GATHERED = tuple(column.name for column in changes.columns if column is not changes.c.position)
# By the types' names, and by the kinds of change.
Counts = dict[str, dict[str, int]]
NOWHERE = null().cast(Uuid)
# Columns of which no event says that they changed.
UNSAID = frozenset({"tenant_id", "id", "created_at", "updated_at", "version", "path"})


async def gather(connection: AsyncConnection) -> None:
    """Begin to gather what this transaction does."""
    await connection.execute(CreateTable(changes))


async def create_rows(
    connection: AsyncConnection, entity: Entity, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Stream new rows into an entity's table and gather that each was created; columns not named get their defaults."""
    async with passing_rows(connection, entity.sql, columns, rows) as passing:
        said = array([literal(name, Text) for name in sorted({*columns} - UNSAID)])
        place = (_location(entity, passing), _area(entity, passing), NOWHERE, NOWHERE)
        event = (literal(ChangeKind.CREATED), literal(entity.name), passing.c.id, literal(1), said, *place)
        created = select(*event).order_by(passing.c.id)
        await connection.execute(sql_insert(changes).from_select(GATHERED, created, include_defaults=False))


async def tell(connection: AsyncConnection, clock: Clock, tenant_id: uuid.UUID, actor: str) -> Counts:
    """Number what was gathered and add it to the feed; nothing gathered, nothing told. How many of what were told.

    `actor` is the command that did it: where the database is at hand, by an operator, with no token.
    """
    counts: Counts = {}
    kinds = select(changes.c.entity, changes.c.kind, func.count()).group_by(changes.c.entity, changes.c.kind)
    for entity, kind, of_it in await connection.execute(kinds):
        counts.setdefault(entity, {})[kind] = of_it
    count = sum(sum(each.values()) for each in counts.values())
    if not count:
        return counts
    first = await take_numbers(connection, tenant_id, count)
    number = func.row_number().over(order_by=changes.c.position) + literal(first - 1, BigInteger)
    common: dict[str, Any] = {
        "tenant_id": tenant_id,
        "at": clock.now(),
        "actor_kind": PrincipalKind.OPERATOR,
        "actor_name": actor,
        "token_id": NO_TOKEN,
    }
    events = select(number, *(literal(value) for value in common.values()), *(changes.c[name] for name in GATHERED))
    names = ["number", *common, *GATHERED]
    await connection.execute(sql_insert(Event).from_select(names, events, include_defaults=False))
    wake_readers(connection, tenant_id)
    return counts


async def record(connection: AsyncConnection, clock: Clock, tenant_id: uuid.UUID, actor: str, **said: Any) -> None:
    """One record of the command's import, with what is `said` of it; after `tell`, whose lock is taken first."""
    record = command_record(actor, AuditAction.ESTATE_IMPORTED, estate_of(tenant_id), told(**said))
    await append(connection, tenant_id, clock.now(), [record])


def _location(entity: Entity, rows: Table) -> Any:
    """Where the row is: a location is in itself."""
    if entity is LOCATION:
        return rows.c.id
    return rows.c.location_id if "location_id" in rows.c else NOWHERE


def _area(entity: Entity, rows: Table) -> Any:
    if entity.name == "Area":
        return rows.c.id
    return rows.c.area_id if "area_id" in rows.c else NOWHERE

"""Purging: deletion sets and first answers that are past their time go for good, one transaction a tenant.

A set goes whole or not at all, and never while a row outside of what is purged still refers to one of its rows: it is
held back and told. A set that is being restored at this moment is left to its restorer.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    ForeignKeyConstraint,
    Table,
    Uuid,
    and_,
    bindparam,
    case,
    delete,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from loaders.entities import AREA, LOCATION, ORGANIZATION, ROLE_BINDING, TOKEN
from models import AuditAction, Base, Deletion, Replay, ids
from models.clock import Clock
from models.database import Database
from resolvers.auditing import Changed, Record, append, command_record, estate_of, told
from resolvers.bulk import STATEMENT_TIMEOUT
from resolvers.recording import target_of
from resolvers.writing.nouns import BY_ENTITY, NOUNS
from resolvers.writing.replay import KEPT

COMMAND = "tenantry purge"
# In this order nothing that still stands refers to what goes. A tree goes in one statement, which PostgreSQL checks
# at its end.
CHILDREN_FIRST: tuple[Table, ...] = tuple(
    table for table in reversed(Base.metadata.sorted_tables) if {"tenant_id", "deletion_id"} <= set(table.c.keys())
)
REFERENCES: tuple[tuple[Table, ForeignKeyConstraint], ...] = tuple(
    (table, key)
    for table in CHILDREN_FIRST
    for key in sorted(table.foreign_key_constraints, key=lambda key: str(key.name))
    if key.referred_table in CHILDREN_FIRST
)


@dataclass(frozen=True)
class Purged:
    """What went of one tenant, or in a dry run would go.

    `rows` counts by table, the purged `deletion` sets and `replay`ed answers too; `held_back` are the ids, as the graph
    shows them, of what was deleted but is still referred to.
    """

    rows: Mapping[str, int]
    held_back: tuple[str, ...]


@dataclass(frozen=True)
class _Set:
    id: uuid.UUID
    entity: str
    entity_id: uuid.UUID

    @property
    def shown(self) -> str:
        """The id of what was deleted, as the graph shows it."""
        return ids.encode(BY_ENTITY[self.entity].entity.prefix, self.entity_id)


async def purge(
    database: Database, clock: Clock, tenant_id: uuid.UUID, older_than: timedelta, *, dry_run: bool = False
) -> Purged:
    """Remove the tenant's deletion sets that are older, and its first answers that no repeated request can ask for.

    What went is recorded, and each token that was revoked with it.
    """
    now = clock.now()
    opened = database.read(tenant_id) if dry_run else database.write(tenant_id)
    async with opened as connection:
        await connection.execute(text(STATEMENT_TIMEOUT))
        outdated = and_(Replay.tenant_id == tenant_id, Replay.created_at <= now - KEPT)
        # Before any row is locked: a restore under an old key may hold that key while it waits for its rows.
        answers = await _take(connection, Replay.__table__, outdated, dry_run=dry_run)
        old = await _sets(connection, tenant_id, now - older_than, lock=not dry_run)
        free = await _unreferred(connection, tenant_id, {each.id for each in old})
        unbound = [] if dry_run else await _unbind(connection, tenant_id, free, now)
        rows = {
            table.name: await _take(
                connection, table, _of(table, tenant_id, table.c.deletion_id, free), dry_run=dry_run
            )
            for table in CHILDREN_FIRST
        }
        sets = Deletion.__table__
        rows[Deletion.__tablename__] = await _take(
            connection, sets, _of(sets, tenant_id, sets.c.id, free), dry_run=dry_run
        )
        rows[Replay.__tablename__] = answers
        if not dry_run and any(rows.values()):
            went = told(
                rows={name: count for name, count in rows.items() if count},
                deleted_until=now - older_than,
                held_back=len(old) - len(free),
            )
            record = command_record(COMMAND, AuditAction.ESTATE_PURGED, estate_of(tenant_id), went)
            await append(connection, tenant_id, now, [*unbound, record])
    return Purged(rows, tuple(each.shown for each in old if each.id not in free))


async def _sets(connection: AsyncConnection, tenant_id: uuid.UUID, until: datetime, *, lock: bool) -> list[_Set]:
    """The sets of that time and before, oldest first.

    With `lock` what each names is held as a restore holds it, before it touches anything else: whoever comes later
    waits and then finds nothing, and what another holds already is not waited for.
    """
    found: list[_Set] = []
    sets = Deletion.__table__
    for noun in NOUNS:
        table = noun.entity.sql
        statement = (
            select(sets.c.id, sets.c.entity, sets.c.entity_id, sets.c.at)
            .join(table, and_(table.c.tenant_id == sets.c.tenant_id, table.c.id == sets.c.entity_id))
            .where(
                sets.c.tenant_id == tenant_id,
                sets.c.at <= until,
                sets.c.entity == noun.entity.name,
                table.c.deletion_id == sets.c.id,
            )
            .order_by(sets.c.at, sets.c.id)
        )
        if lock:
            statement = statement.with_for_update(of=table, skip_locked=True)
        found += [_Set(row.id, row.entity, row.entity_id) for row in await connection.execute(statement)]
    return found


async def _unreferred(connection: AsyncConnection, tenant_id: uuid.UUID, old: set[uuid.UUID]) -> set[uuid.UUID]:
    """Those of these sets that no row refers to which stays; what one that is held back refers to is held back too."""
    free = old
    while free:
        held = {
            each
            for table, key in REFERENCES
            for each in await connection.scalars(_referred(table, key, tenant_id, sorted(free)))
        }
        if not held:
            break
        free = free - held
    return free


def _referred(table: Table, key: ForeignKeyConstraint, tenant_id: uuid.UUID, free: Sequence[uuid.UUID]) -> Any:
    """The sets among `free` whose rows this key of a table's other rows names."""
    referring = table.alias("referring")
    target = key.referred_table.alias("target")
    pairs = [referring.c[each.parent.name] == target.c[each.column.name] for each in key.elements]
    stays = or_(referring.c.deletion_id.is_(None), referring.c.deletion_id != func.all(_array(free)))
    return (
        select(target.c.deletion_id)
        .join(referring, reduce(and_, pairs))
        .where(target.c.tenant_id == tenant_id, target.c.deletion_id == func.any(_array(free)), stays)
        .distinct()
    )


async def _unbind(
    connection: AsyncConnection, tenant_id: uuid.UUID, free: set[uuid.UUID], now: datetime
) -> list[Record]:
    """Revoke the tokens that are bound to what goes, and let go of it: revoked, they reach nothing.

    Bindings of roles to it go with it. A record for each of them, and for each token that was good until now.
    """
    bound_to = {"organization_id": ORGANIZATION.sql, "location_id": LOCATION.sql, "area_id": AREA.sql}

    def goes(bound: Table) -> ColumnElement[bool]:
        return or_(
            *(
                bound.c[column].in_(select(table.c.id).where(_of(table, tenant_id, table.c.deletion_id, free)))
                for column, table in bound_to.items()
            )
        )

    token, binding = TOKEN.sql, ROLE_BINDING.sql
    gone = delete(binding).where(binding.c.tenant_id == tenant_id, goes(binding)).returning(binding.c.id)
    taken = list(await connection.scalars(gone))
    unbound: dict[str, Any] = dict.fromkeys(bound_to)
    ended = await connection.scalars(
        update(token)
        .where(token.c.tenant_id == tenant_id, goes(token))
        .values(
            **unbound, revoked_at=func.coalesce(token.c.revoked_at, now), updated_at=now, version=token.c.version + 1
        )
        .returning(case((token.c.revoked_at == now, token.c.id)))
    )
    revoked = {"revoked_at": Changed(None, now)}
    return [
        *(
            command_record(COMMAND, AuditAction.ROLE_BINDING_DELETED, target_of(ROLE_BINDING, {"id": each}), {})
            for each in taken
        ),
        *(
            command_record(COMMAND, AuditAction.TOKEN_REVOKED, target_of(TOKEN, {"id": each}), revoked)
            for each in ended
            if each is not None
        ),
    ]


def _of(table: Any, tenant_id: uuid.UUID, column: Any, free: set[uuid.UUID]) -> ColumnElement[bool]:
    return and_(table.c.tenant_id == tenant_id, column == func.any(_array(sorted(free))))


def _array(given: Sequence[uuid.UUID]) -> Any:
    return bindparam(None, list(given), type_=ARRAY(Uuid))


async def _take(connection: AsyncConnection, table: Any, which: ColumnElement[bool], *, dry_run: bool) -> int:
    """Remove these rows, or only count them."""
    if dry_run:
        return int((await connection.scalar(select(func.count()).select_from(table).where(which))) or 0)
    return int((await connection.execute(delete(table).where(which))).rowcount)

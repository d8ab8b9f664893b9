"""Chains to try things on, and a superuser who tries."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from models import AuditHead, AuditRecord, AuditValue, Base
from models.audit import AuditAction
from models.database import Database
from resolvers.auditing import Actor, Changed, Record, Target, append_apart
from resolvers.auditing.checking import Verdict, check
from resolvers.auditing.checkpoints import Notary
from resolvers.auditing.keys import Keys
from resolvers.auditing.lines import Lines
from tenantry.databases import Databases
from tests.clock import HeldClock

RECORDS, VALUES, HEADS = (Base.metadata.tables[each.__tablename__] for each in (AuditRecord, AuditValue, AuditHead))
ACTOR = Actor("SERVICE", "svc_1", "ci", uuid.UUID(int=7))
SECOND = timedelta(seconds=1)


def record(name: str = "Door", *, target: str = "dev_1", actor: Actor = ACTOR) -> Record:
    """A device that gets a new name."""
    return Record(
        actor,
        AuditAction.DEVICE_UPDATED,
        Target("Device", target),
        changed={"name": Changed("Before", name), "enabled": Changed(after=True)},
        request_id="a-request",
        address="192.0.2.7",
    )


async def make_chain(databases: Databases, clock: HeldClock, tenant_id: uuid.UUID, length: int) -> None:
    """That many records, a second apart."""
    for number in range(length):
        await append_apart(databases.app, clock, tenant_id, [record(f"Door {number + 1}")])
        clock.advance(SECOND)


async def rows_of(databases: Databases, table: Table, tenant_id: uuid.UUID) -> list[dict[str, Any]]:
    """A tenant's rows, as the tenant."""
    async with databases.app.read(tenant_id) as connection:
        found = await connection.execute(select(table).order_by(*table.primary_key.columns))
        return [dict(row) for row in found.mappings()]


async def numbers(databases: Databases, tenant_id: uuid.UUID) -> list[int]:
    """The numbers of a tenant's records."""
    return [row["number"] for row in await rows_of(databases, RECORDS, tenant_id)]


class Undone(Exception):
    """Ends a transaction without its changes."""


@asynccontextmanager
async def tampering(superuser: Database, tenant_id: uuid.UUID) -> AsyncIterator[AsyncConnection]:
    """A superuser's transaction, in which everything is possible and nothing lasts."""
    try:
        async with superuser.write(tenant_id) as connection:
            yield connection
            raise Undone
    except Undone:
        pass


class Office:
    """Keys and checkpoints in a folder."""

    def __init__(self, folder: Path) -> None:
        self.keys = Keys(folder / "keys")
        self.lines = Lines(folder / "checkpoints")
        self.notary = Notary(self.keys, [self.lines])

    async def check(self, databases: Databases, tenant_id: uuid.UUID) -> Verdict:
        """Verify a chain against these checkpoints."""
        return await check(databases.app, tenant_id, [self.lines], self.keys.public())

"""Chains to try things on, and a superuser who tries."""

import re
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Table, Text, cast, literal_column, select
from sqlalchemy.ext.asyncio import AsyncConnection

from auth.token import TOKEN_PATTERN
from models import AuditHead, AuditRecord, AuditValue, Base, Credential
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


@dataclass(frozen=True)
class Told:
    """A record as a reader sees it: its columns, and what each field held before and after."""

    row: dict[str, Any]
    values: dict[str, tuple[Any, Any]]

    @property
    def action(self) -> str:
        """What was done."""
        return str(self.row["action"])

    @property
    def said(self) -> dict[str, Any]:
        """What each field holds after."""
        return {name: after for name, (_, after) in self.values.items()}


async def recorded(databases: Databases, tenant_id: uuid.UUID, *actions: AuditAction) -> list[Told]:
    """A tenant's records in their order, of these actions where some are named."""
    values: dict[int, dict[str, tuple[Any, Any]]] = {}
    for each in await rows_of(databases, VALUES, tenant_id):
        parsed = [None if each[name] is None else orjson.loads(each[name]) for name in ("before", "after")]
        values.setdefault(each["number"], {})[each["field"]] = (parsed[0], parsed[1])
    rows = await rows_of(databases, RECORDS, tenant_id)
    return [Told(row, values.get(row["number"], {})) for row in rows if not actions or row["action"] in actions]


async def holds_no_secret(superuser: Database) -> None:
    """Assert that no column of any tenant's records or values has the form of a token, or holds a digest of one."""
    async with superuser.read(None) as connection:
        found = [
            str(row)
            for table in (RECORDS, VALUES)
            for row in await connection.execute(select(cast(literal_column(table.name), Text)).select_from(table))
        ]
        hashes = [each.hex() for each in await connection.scalars(select(Credential.hash))]
    text = "".join(found)
    assert re.search(TOKEN_PATTERN, text) is None
    assert [each for each in hashes if each in text] == []


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

"""What exports leave in the audit: what left the house, how much of it, and whether it came to its end.

A record is written when the export has ended, in a transaction of its own. What was sought is told by a digest alone:
filters hold what people look for.
"""

import hashlib
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import structlog

from models import AuditAction, AuditOutcome
from models.clock import Clock
from models.database import Database
from resolvers.auditing import Changed, Record, append_apart, command_record, estate_of, told
from resolvers.auditing.canonical import canonical
from resolvers.auditing.redaction import plain

log = structlog.get_logger("tenantry.audit")


@dataclass
class Exported:
    """How much has left so far; `rows` by their type."""

    rows: dict[str, int]

    def add(self, name: str, count: int) -> None:
        """So many more."""
        self.rows[name] = self.rows.get(name, 0) + count


Told = Callable[[Exported, AuditOutcome], Record]


def sought(filter_: Any, search: str | None) -> str | None:
    """The digest of what an export asks for, None where it asks for everything: SHA-256 over the JSON of both."""
    if not filter_ and not search:
        return None
    asked = canonical({"filter": plain("filter", filter_ or None), "search": search})
    return hashlib.sha256(asked.encode(errors="surrogatepass")).hexdigest()


def said(exported: Exported, form: str, digest: str | None) -> Mapping[str, Changed]:
    """The fields of a record."""
    return told(format=form, rows=exported.rows, sought=digest)


def by_command(command: str, tenant_id: uuid.UUID, form: str, digest: str | None = None) -> Told:
    """The record of an export by one of our own commands."""

    def record(exported: Exported, outcome: AuditOutcome) -> Record:
        changed = said(exported, form, digest)
        return command_record(command, AuditAction.ESTATE_EXPORTED, estate_of(tenant_id), changed, outcome=outcome)

    return record


@asynccontextmanager
async def recording(database: Database, clock: Clock, tenant_id: uuid.UUID, record: Told) -> AsyncIterator[Exported]:
    """Record an export when the block ends: what has left by then, also where it was cut off."""
    exported = Exported({})
    try:
        yield exported
    except BaseException:
        try:
            await append_apart(database, clock, tenant_id, [record(exported, AuditOutcome.FAILED)])
        except Exception as error:  # noqa: BLE001  (what ended the export is what its reader is told)
            log.warning("an export that was cut off is not recorded", error=repr(error))
        raise
    await append_apart(database, clock, tenant_id, [record(exported, AuditOutcome.SUCCEEDED)])

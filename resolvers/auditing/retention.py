"""Retention: whole months go, and what is left of each chain still verifies.

First each tenant's last record that goes is signed for as a boundary, then its month is dropped, values and all. A run
that is killed between the two is simply run again: what is signed for may be gone, and need not.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select

from models import AuditRecord
from models.clock import Clock
from models.database import Database
from models.partitions import Month, drop_months, make_months
from resolvers.auditing.checking import Fault, check
from resolvers.auditing.checkpoint import Checkpoint, CheckpointKind
from resolvers.auditing.checkpoints import Notary, keep_signed
from resolvers.auditing.ports import PublicKeys


class DoesNotVerify(Exception):
    """A chain is broken: dropping its months would drop the proof of that."""

    def __init__(self, tenant_id: uuid.UUID, fault: Fault) -> None:
        super().__init__(str(fault))
        self.tenant_id = tenant_id
        self.fault = fault


@dataclass(frozen=True)
class Retained:
    """The months that went, or in a dry run would go, and the last number that went of each tenant that lost some."""

    months: tuple[Month, ...]
    boundaries: dict[uuid.UUID, int]


@dataclass(frozen=True)
class Keeper:
    """All that retention acts through."""

    app: Database
    owner_url: str
    clock: Clock
    notary: Notary
    keys: PublicKeys


async def retain(keeper: Keeper, tenants: Iterable[uuid.UUID], months: int, *, dry_run: bool = False) -> Retained:
    """Drop the months before the last `months` full ones; `tenants` are all there are, deleted ones too.

    Raises:
        DoesNotVerify: a chain is broken; nothing was dropped.
        ValueError: nowhere to keep what is signed.
    """
    if not keeper.notary.places:
        raise ValueError("a boundary that is kept nowhere would leave chains that cannot be verified")
    now = keeper.clock.now()
    first_kept = Month.of(now).later(-months)
    if not dry_run:
        # Old rows that fitted no month must be in one to go.
        await make_months(keeper.owner_url, now)
    old = await drop_months(keeper.owner_url, first_kept, dry_run=True)
    if not old:
        return Retained((), {})
    last = {each: found for each in tenants if (found := await _last_before(keeper, each, first_kept)) is not None}
    for tenant_id, (number, hash_) in last.items() if not dry_run else ():
        verdict = await check(keeper.app, tenant_id, keeper.notary.places, keeper.keys)
        if verdict.fault:
            raise DoesNotVerify(tenant_id, verdict.fault)
        key_id = keeper.notary.signer.key_id
        boundary = Checkpoint(CheckpointKind.BOUNDARY, tenant_id, number, hash_, keeper.clock.now(), key_id)
        await keep_signed(keeper.notary, boundary)
    await drop_months(keeper.owner_url, first_kept, dry_run=dry_run)
    return Retained(old, {tenant_id: number for tenant_id, (number, _) in last.items()})


async def _last_before(keeper: Keeper, tenant_id: uuid.UUID, month: Month) -> tuple[int, bytes] | None:
    """A tenant's last record before a month: times never go back while numbers count up."""
    statement = (
        select(AuditRecord.number, AuditRecord.hash)
        .where(AuditRecord.tenant_id == tenant_id, AuditRecord.at < month.start)
        .order_by(AuditRecord.number.desc())
        .limit(1)
    )
    async with keeper.app.read(tenant_id) as connection:
        found = (await connection.execute(statement)).one_or_none()
    return None if found is None else (found.number, found.hash)

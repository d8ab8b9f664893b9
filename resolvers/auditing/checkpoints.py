"""Making checkpoints: signed statements of where chains stand, kept in every place that is given."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from models import AuditHead
from models.clock import Clock
from models.database import Database
from resolvers.auditing.checkpoint import Checkpoint, CheckpointKind, Signed
from resolvers.auditing.ports import Place, PublicKeys, Signer


@dataclass(frozen=True)
class Notary:
    """Who signs, and where it is kept: outside of the database, in more than one place if need be."""

    signer: Signer
    places: Sequence[Place]


@dataclass(frozen=True)
class Evidence:
    """What a chain is compared with: its checkpoints from every place, and the keys that may have signed them."""

    signed: Sequence[Signed]
    keys: PublicKeys


async def make_checkpoint(database: Database, clock: Clock, tenant_id: uuid.UUID, notary: Notary) -> Signed | None:
    """Sign where the chain stands and keep that; None where nothing was recorded since the last checkpoint.

    Raises:
        Unreadable: a place holds something that is no checkpoint.
    """
    async with database.read(tenant_id) as connection:
        statement = select(AuditHead.number, AuditHead.hash).where(AuditHead.tenant_id == tenant_id)
        head = (await connection.execute(statement)).one_or_none()
    if head is None:
        return None
    kept = [await place.kept(tenant_id) for place in notary.places]
    if all(
        each and (each[-1].checkpoint.number, each[-1].checkpoint.hash) == (head.number, head.hash) for each in kept
    ):
        return None
    stands = Checkpoint(CheckpointKind.HEAD, tenant_id, head.number, head.hash, clock.now(), notary.signer.key_id)
    return await keep_signed(notary, stands)


async def keep_signed(notary: Notary, checkpoint: Checkpoint) -> Signed:
    """Sign a statement and keep it in every place."""
    signed = Signed(checkpoint, notary.signer.sign(checkpoint.signed_bytes))
    for place in notary.places:
        await place.keep(signed)
    return signed


async def gather(tenant_id: uuid.UUID, places: Sequence[Place], keys: PublicKeys) -> Evidence:
    """What all places know of a chain: what was cut from one is still in another. Raises Unreadable."""
    found = {each.line(): each for place in places for each in await place.kept(tenant_id)}
    return Evidence(list(found.values()), keys)

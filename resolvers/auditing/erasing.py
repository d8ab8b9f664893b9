"""Erasing: what was changed of a thing, or by a person, is forgotten; that something was, stays."""

import uuid
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, or_
from sqlalchemy.ext.asyncio import AsyncConnection

from models import AuditAction, AuditRecord, AuditValue
from resolvers.auditing.chain import append, lock_head
from resolvers.auditing.record import Actor, Changed, Record, Target


async def erase_target(
    connection: AsyncConnection, tenant_id: uuid.UUID, now: datetime, actor: Actor, target: Target
) -> int:
    """Erase all values of the records of a thing; how many fields. The erasure is recorded."""
    concerned = and_(AuditRecord.target_type == target.type, AuditRecord.target_id == target.id)
    return await _erase(connection, tenant_id, now, Record(actor, AuditAction.AUDIT_ERASED, target), concerned)


async def erase_person(
    connection: AsyncConnection, tenant_id: uuid.UUID, now: datetime, actor: Actor, person: Target
) -> int:
    """Erase all values of the records of a person and of what the person did; how many fields. It is recorded."""
    of_it = and_(AuditRecord.target_type == person.type, AuditRecord.target_id == person.id)
    concerned = or_(of_it, AuditRecord.actor_id == person.id)
    return await _erase(connection, tenant_id, now, Record(actor, AuditAction.AUDIT_ERASED, person), concerned)


async def _erase(
    connection: AsyncConnection, tenant_id: uuid.UUID, now: datetime, record: Record, concerned: ColumnElement[bool]
) -> int:
    # As every writer does, before it touches anything else.
    await lock_head(connection, tenant_id)
    values = delete(AuditValue).where(
        AuditValue.tenant_id == tenant_id,
        AuditRecord.tenant_id == tenant_id,
        AuditRecord.number == AuditValue.number,
        AuditRecord.at == AuditValue.at,
        concerned,
    )
    erased = int((await connection.execute(values)).rowcount)
    changed = {"erased_values": Changed(after=erased)}
    told = Record(record.actor, record.action, record.target, changed=changed)
    await append(connection, tenant_id, now, [told])
    return erased

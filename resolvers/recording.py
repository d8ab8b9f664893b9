"""What requests leave in the audit: their changes, in the changes' own transaction, and what they were refused."""

from collections.abc import Mapping, Sequence
from typing import Any

from auth.principal import Caller
from loaders.entities import Entity
from loaders.window import Row
from models import AuditAction, AuditOutcome, ids
from models.event import ChangeKind
from models.ids import Prefix
from resolvers.auditing.chain import append_apart
from resolvers.auditing.record import Actor, Record, Target, changed_fields
from resolvers.context import Context


def changed_record(
    context: Context, action: AuditAction, entity: Entity, rows: tuple[Row | None, Row], changed: Sequence[str]
) -> Record:
    """A change of one thing: the fields that were written, as they were and as they are (`rows`)."""
    before, after = rows
    return Record(
        actor_of(context.caller),
        action,
        Target(entity.name, ids.encode(entity.prefix, after["id"])),
        changed=changed_fields(before, after, changed),
        request_id=context.request_id,
    )


def action_of(kind: ChangeKind, entity: Entity) -> AuditAction:
    """What the audit calls it."""
    return AuditAction(f"{entity.table.__tablename__}.{kind.lower()}")


async def record_refusal(context: Context, named: Mapping[str, Any]) -> None:
    """A request that was refused, in a transaction of its own: it is kept whatever becomes of the request.

    `named` is what it lacked or asked for; no value that callers sent is kept.
    """
    asked = changed_fields({}, named, named)
    refusal = Record(
        actor_of(context.caller),
        AuditAction.ACCESS_REFUSED,
        outcome=AuditOutcome.REFUSED,
        changed=asked,
        request_id=context.request_id,
    )
    await record_apart(context, refusal)


async def record_apart(context: Context, record: Record) -> None:
    """A record in a transaction of its own, for those who follow the audit at once."""
    announce = context.feeds.announce
    await append_apart(context.database, context.clock, context.tenant_id, [record], announce)


def actor_of(caller: Caller) -> Actor:
    """Who acts: the token's owner, or the token itself where it has none.

    People are told by their id alone: a name in the chain could never be erased.
    """
    principal, account = caller.principal, caller.principal.account
    if account is None:
        return Actor(principal.kind, ids.encode(Prefix.TOKEN, principal.token_id), principal.name, principal.token_id)
    name = None if account.prefix is Prefix.USER else account.name
    return Actor(principal.kind, ids.encode(account.prefix, account.id), name, principal.token_id)

"""What requests leave in the audit: their changes, in the changes' own transaction, and what they were refused."""

from collections.abc import Mapping, Sequence
from typing import Any

from auth.principal import NO_TOKEN, Caller
from loaders.entities import Entity
from loaders.window import Row
from models import AuditAction, AuditActorKind, AuditOutcome, ids
from models.event import ChangeKind
from models.ids import Prefix
from resolvers.auditing.chain import append_apart
from resolvers.auditing.record import Actor, Changed, Record, Target, changed_fields, told
from resolvers.context import Context


def record_of(
    context: Context,
    action: AuditAction,
    target: Target | None,
    changed: Mapping[str, Changed],
    *,
    outcome: AuditOutcome = AuditOutcome.SUCCEEDED,
) -> Record:
    """Something that the request's caller did."""
    address = context.caller.address
    return Record(
        actor_of(context.caller),
        action,
        target,
        outcome,
        changed,
        context.request_id,
        None if address is None else str(address),
    )


def changed_record(
    context: Context, action: AuditAction, entity: Entity, rows: tuple[Row | None, Row], changed: Sequence[str]
) -> Record:
    """A change of one thing: the fields that were written, as they were and as they are (`rows`)."""
    before, after = rows
    return record_of(context, action, target_of(entity, after), changed_fields(before, after, changed))


def target_of(entity: Entity, row: Mapping[str, Any]) -> Target:
    """A thing, by its id as the graph shows it."""
    return Target(entity.name, ids.encode(entity.prefix, row["id"]))


def action_of(kind: ChangeKind | str, entity: Entity) -> AuditAction:
    """What the audit calls it: `CREATED`, or another verb in the past, of a thing of this kind."""
    return AuditAction(f"{entity.noun}.{kind.lower()}")


async def record_refusal(context: Context, named: Mapping[str, Any]) -> None:
    """A request that was refused, in a transaction of its own: it is kept whatever becomes of the request.

    `named` is what it lacked or asked for; no value that callers sent is kept.
    """
    await record_apart(context, _refusal(context, named))


async def record_apart(context: Context, *records: Record) -> None:
    """Records in a transaction of their own, for those who follow the audit at once."""
    await append_apart(context.database, context.clock, context.tenant_id, records, context.feeds.announce)


def note_refusal(context: Context, named: Mapping[str, Any]) -> None:
    """A part of a query that was refused, once however often it was asked for; written with what reads leave."""
    refusal = _refusal(context, named)
    if refusal not in context.noted:
        context.noted.append(refusal)


def _refusal(context: Context, named: Mapping[str, Any]) -> Record:
    return record_of(context, AuditAction.ACCESS_REFUSED, None, told(**named), outcome=AuditOutcome.REFUSED)


async def record_reads(context: Context) -> None:
    """What was noted of a query's reads, in a transaction of its own, once the query holds no connection any more."""
    if context.noted:
        await record_apart(context, *context.noted)


def actor_of(caller: Caller) -> Actor:
    """Who acts: the token's owner, the token itself where it has none, or one of our own commands.

    People are told by their id alone: a name in the chain could never be erased.
    """
    principal, account = caller.principal, caller.principal.account
    if principal.token_id == NO_TOKEN:
        return Actor(AuditActorKind.SYSTEM, name=principal.name)
    if account is None:
        return Actor(principal.kind, ids.encode(Prefix.TOKEN, principal.token_id), principal.name, principal.token_id)
    name = None if account.prefix is Prefix.USER else account.name
    return Actor(principal.kind, ids.encode(account.prefix, account.id), name, principal.token_id)

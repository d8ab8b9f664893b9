"""Records of the audit, as the graph shows them: events of who did what to which thing, and how it ended."""

from __future__ import annotations

from datetime import datetime

import strawberry

from auth.requirement import any_of
from auth.scopes import Scope
from loaders.entities import AUDIT_EVENT
from models import AuditAction, AuditActorKind, AuditOutcome
from resolvers.auditing import reading
from schema.connection import connection_of
from schema.entity import entity, row_part
from schema.field import field
from schema.scalars import JSON

AuditEventConnection, AuditEventEdge, AuditEventFilter, AuditEventOrder = connection_of(AUDIT_EVENT)


@row_part("Who did something, or was refused it.")
class AuditActor:
    """Who did something."""

    kind: AuditActorKind | None = field("What sort of caller it was; null where this server does not know the word.")
    id: str | None = field("The id of the person, service account or token; null where nobody was known.")
    name: str | None = field("Its name then; a person's is never kept.")
    token_id: strawberry.ID | None = field("The token that it showed; null for whoever signed in.")


@row_part("The thing that something was done to.")
class AuditTarget:
    """The thing that something was done to."""

    type: str = field("What sort of thing it was, by its type's name.")
    id: str | None = field("Its id; null where it had none.")


@row_part("A field that was written, or what was asked for in vain.")
class AuditChange:
    """A field that was written."""

    before: JSON | None = field("What it held before; null where there was nothing, or where that was erased.")
    after: JSON | None = field("What it held after; null where there was nothing, or where that was erased.")
    erased: bool = field("Whether the values were erased: that there were some stays in the chain.")
    # Last: the name hides what declares the others.
    field: str = field("Its name.")


@entity(
    AUDIT_EVENT,
    scopes=any_of(Scope.AUDIT_READ),
    description="One thing that was done, or refused: a record of the tenant's chain of hashes.",
    keyed=False,
)
class AuditEvent:
    """A record of the chain."""

    number: strawberry.ID = field(
        "Its place in the tenant's chain, counted from 1 without gaps; for `sinceNumber`.", resolver=reading.number
    )
    at: datetime = field("When it was recorded.")
    actor: AuditActor = field("Who did it.", resolver=reading.actor)
    action: AuditAction | None = field(
        "What was done; null where this server does not know the word.", resolver=reading.word("action", AuditAction)
    )
    target: AuditTarget | None = field("The thing that it was done to.", resolver=reading.target)
    outcome: AuditOutcome = field("How it ended.")
    request_id: str | None = field("The request that did it, as its answer and our logs name it.")
    address: str | None = field("Where the request came from, as far as that was known.")
    changed: list[AuditChange] = field("What was written, by field.", resolver=reading.changed)
    hash: str = field("The record's hash in the chain, in hexadecimal.", resolver=reading.hash_of)

"""Changing tenants at the machine: an operator with no token, held to the same rules and told in the same feed.

The audit has the command for its actor.
"""

import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from auth.principal import NO_TOKEN, Caller, Principal, PrincipalKind, TenantRef
from auth.scopes import Scope
from loaders.entities import TENANT
from loaders.window import Row
from models import PLATFORM_ID, AuditAction, TenantStatus
from models.clock import Clock
from models.database import Database
from models.ids import Prefix, encode
from resolvers.auditing import append_apart, changed_fields, command_record
from resolvers.context import Context
from resolvers.following.feeds import Feeds
from resolvers.following.postgres import PostgresWakes
from resolvers.mutations import Action
from resolvers.recording import target_of
from resolvers.writing.change import Change, perform
from resolvers.writing.tenants.delete import delete, estate
from resolvers.writing.tenants.noun import TENANT_NOUN


class _DryRun(Exception):
    """Rolls back what was done, and carries what it came to."""

    def __init__(self, row: Row) -> None:
        super().__init__()
        self.row = row


async def change_tenant(database: Database, clock: Clock, command: str, tenant_id: uuid.UUID, action: Action) -> Row:
    """What `action` (suspend, restore) makes of the tenant; `command` is the actor's name in the feed.

    Raises:
        Problem: what `action` raises; nothing was changed.
    """
    given = {"id": encode(Prefix.TENANT, tenant_id)}
    async with _operator(database, clock, command) as context:
        return await perform(context, command, given, None, lambda change: action(change, TENANT_NOUN, given))


async def delete_tenant(
    database: Database, clock: Clock, command: str, tenant_id: uuid.UUID, *, cascade: bool, dry_run: bool
) -> Row:
    """What was deleted, or in a dry run would be.

    Raises:
        Problem: NotEmpty without `cascade`; nothing was changed.
    """
    given = {"id": encode(Prefix.TENANT, tenant_id), "cascade": cascade}
    async with _operator(database, clock, command) as context:
        lives = () if cascade else await estate(context, given)

        async def work(change: Change) -> Row:
            row = await delete(change, TENANT_NOUN, given, lives)
            if dry_run:
                raise _DryRun(row)
            return row

        try:
            return await perform(context, command, given, None, work)
        except _DryRun as ran:
            return ran.row


async def record_created(app: Database, clock: Clock, command: str, tenant: Mapping[str, Any]) -> None:
    """Record a tenant that a command has made, in the chain of the tenant above it.

    In a transaction of its own: tenants are made as the platform's role, which writes no audit.
    """
    made = changed_fields(None, tenant, ("slug", "name", "parent_id"))
    record = command_record(command, AuditAction.TENANT_CREATED, target_of(TENANT, tenant), made)
    await append_apart(app, clock, tenant["parent_id"], [record])


@asynccontextmanager
async def _operator(database: Database, clock: Clock, command: str) -> AsyncIterator[Context]:
    platform = TenantRef(PLATFORM_ID, "platform", TenantStatus.ACTIVE, (PLATFORM_ID,))
    principal = Principal(
        kind=PrincipalKind.OPERATOR,
        name=command,
        token_id=NO_TOKEN,
        expires_at=datetime.max.replace(tzinfo=UTC),
        scopes=frozenset(Scope),
        home=platform,
    )
    feeds = Feeds(database, PostgresWakes(database))
    async with Context(database, Caller(principal, platform), clock, command, feeds) as context:
        yield context

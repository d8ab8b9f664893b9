"""Changing tenants at the machine: an operator with no token, held to the same rules and told in the same feed."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from auth.principal import Caller, Principal, PrincipalKind, TenantRef
from auth.scopes import Scope
from loaders.window import Row
from models import PLATFORM_ID, TenantStatus
from models.clock import Clock
from models.database import Database
from models.ids import Prefix, encode
from resolvers.context import Context, context_of
from resolvers.following.feeds import Feeds
from resolvers.following.postgres import PostgresWakes
from resolvers.mutations import Action
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


@asynccontextmanager
async def _operator(database: Database, clock: Clock, command: str) -> AsyncIterator[Context]:
    platform = TenantRef(PLATFORM_ID, "platform", TenantStatus.ACTIVE, (PLATFORM_ID,))
    principal = Principal(
        kind=PrincipalKind.OPERATOR,
        name=command,
        token_id=uuid.UUID(int=0),
        expires_at=datetime.max.replace(tzinfo=UTC),
        scopes=frozenset(Scope),
        home=platform,
    )
    feeds = Feeds(database, PostgresWakes(database))
    async with context_of(database, Caller(principal, platform), clock, command, feeds) as context:
        yield context

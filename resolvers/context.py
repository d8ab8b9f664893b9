"""What a resolver knows of its request: the caller, the loaders, and the snapshot that they read."""

import asyncio
import uuid
from collections.abc import Mapping
from contextlib import AsyncExitStack
from types import MappingProxyType
from typing import Any, Self, TypeAlias

from graphql import GraphQLResolveInfo
from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncConnection

from auth.explaining import Examines
from auth.principal import Caller
from auth.requirement import AUTHENTICATED, Requirement
from auth.standing import Stands
from auth.verifying import Credentials
from loaders.batch import Loaders
from loaders.entities import Entity
from loaders.window import Row
from models.clock import Clock
from models.database import Database
from models.hierarchy import Reach
from resolvers.auditing.archive import Archive
from resolvers.auditing.record import Record
from resolvers.following.feeds import Feeds
from resolvers.ports import PayloadOf

NOTHING_ASKED: Mapping[str, Requirement] = MappingProxyType({})


def nothing_read(_info: GraphQLResolveInfo[Any], _row: Row) -> None:
    """No mutation's payload is read back: what edges lead to is loaded afterwards."""


class Context:
    """One request's, never shared with another; it is used as a context manager.

    It ends when the request ends: well, badly, or cancelled in the middle of ending.
    """

    def __init__(
        self,
        database: Database,
        caller: Caller,
        clock: Clock,
        request_id: str,
        feeds: Feeds,
        *,
        idempotency_key: str | None = None,
        standing: Stands | None = None,
        reads: Mapping[str, Requirement] = NOTHING_ASKED,
        credentials: Credentials | None = None,
        examine: Examines | None = None,
        archive: Archive | None = None,
        payload: PayloadOf = nothing_read,
    ) -> None:
        """`reads` is what each type, by its name, asks of its readers; `archive` holds the audit's checkpoints."""
        self.caller = caller
        self._reads = reads
        self.clock = clock
        self.request_id = request_id
        self.database = database
        self.feeds = feeds
        self.idempotency_key = idempotency_key
        self._standing = standing
        self._credentials = credentials
        self._examine = examine
        # What the audit is to hold of what was read, written when the query has ended.
        self.noted: list[Record] = []
        self._archive = archive
        self.payload = payload
        self._snapshot = Snapshot(database)
        self.loaders = Loaders(self._snapshot.fetch, self.reach)

    def reach(self, entity: Entity, tenant_id: uuid.UUID | None = None) -> Reach:
        """Where the caller may read rows of this kind: in its own tenant, or in this one beneath it."""
        asked = self._reads.get(entity.name, AUTHENTICATED)
        beneath = tenant_id not in (None, self.tenant_id)
        return self.caller.reach_beneath(asked) if beneath else self.caller.reach(asked)

    @property
    def tenant_id(self) -> uuid.UUID:
        """The tenant that this request acts in."""
        return self.caller.tenant.id

    @property
    def standing(self) -> Stands:
        """The right of a caller who stays: only those who subscribe have one."""
        assert self._standing is not None, "the caller of this operation does not stay"
        return self._standing

    @property
    def credentials(self) -> Credentials:
        """What finds tokens by their text."""
        assert self._credentials is not None, "this graph was made without a way to find tokens"
        return self._credentials

    @property
    def examine(self) -> Examines:
        """What tells of an operation what it asks for, and runs nothing."""
        assert self._examine is not None, "this context was made without a way to examine operations"
        return self._examine

    @property
    def archive(self) -> Archive:
        """What the audit is compared with."""
        assert self._archive is not None, "this context was made without keys and checkpoints"
        return self._archive

    async def __aenter__(self) -> Self:
        """Nothing is read yet."""
        return self

    async def __aexit__(self, *_error: object) -> None:
        """End, even where the request is cancelled once more meanwhile."""
        await asyncio.shield(asyncio.ensure_future(self.end()))

    async def renew(self) -> None:
        """Read what is there now: after a change, what was loaded before it is of the past."""
        await self.end()
        self._snapshot = Snapshot(self.database)
        self.loaders = Loaders(self._snapshot.fetch, self.reach)

    async def end(self) -> None:
        """Stop what still loads, and give the connection back."""
        self.loaders.stop()
        await self._snapshot.end()


Info: TypeAlias = GraphQLResolveInfo[Context]


class SnapshotEnded(RuntimeError):
    """A read after its request has ended: its answer would reach nobody."""


class Snapshot:
    """The one connection that a query reads on, awaited by one resolver at a time (law 3).

    The transaction opens with the first read and is of the tenant that is read. Where a partner's query goes on into
    a customer's estate, the transaction ends and another begins, of that customer: rows of two tenants never share
    one, and each tenant is read as of one moment as long as the query stays in it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = asyncio.Lock()
        self._open = AsyncExitStack()
        self._tenant_id: uuid.UUID | None = None
        self._connection: AsyncConnection | None = None
        self._readers: set[asyncio.Task[Any]] = set()
        self._ended = False

    async def fetch(self, tenant_id: uuid.UUID, statement: Select[Any]) -> list[Row]:
        """Run a statement as this tenant."""
        reader = asyncio.current_task()
        if self._ended or reader is None:
            raise SnapshotEnded
        self._readers.add(reader)
        try:
            async with self._lock:
                return await self._run(tenant_id, statement)
        finally:
            self._readers.discard(reader)

    async def end(self) -> None:
        """Stop whoever still reads (in the database too), end the transaction, give the connection back."""
        self._ended = True
        readers = [reader for reader in self._readers if reader is not asyncio.current_task()]
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)
        await self._close()

    async def _run(self, tenant_id: uuid.UUID, statement: Select[Any]) -> list[Row]:
        if self._connection is None or self._tenant_id != tenant_id:
            await self._close()
            self._connection = await self._open.enter_async_context(self._database.read(tenant_id))
            self._tenant_id = tenant_id
        try:
            result = await self._connection.execute(statement)
        except BaseException as error:
            # A failed statement spoils its transaction, a cancelled one its connection: what reads next begins anew.
            await self._close(error)
            raise
        names = list(result.keys())
        return [dict(zip(names, row, strict=True)) for row in result]

    async def _close(self, error: BaseException | None = None) -> None:
        self._connection = None
        await self._open.__aexit__(type(error) if error else None, error, None)

"""The engine, and the one way to open a transaction (laws 1 and 3).

A transaction begins with one message: `BEGIN`, the tenant as a literal `SET LOCAL`, the deadline. No tenant, no rows.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any, TypeAlias

import asyncpg
import orjson
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, PoolResetState

from models.faults import is_outage, is_outdated
from models.pipeline import Pipeline
from models.pool import OPEN, Pool, Taken

# Seconds. A database that does not answer must cost a caller two seconds, not for ever.
CONNECT_TIMEOUT = 2.0
POOL_TIMEOUT = 2.0
READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
# One statement is one snapshot by itself. This one is taken when the statement has its locks: one that was taken before
# would find a table empty that a migration has rewritten meanwhile.
READ_ONCE = "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY"
WRITE = "BEGIN ISOLATION LEVEL READ COMMITTED"
# Neither SQLAlchemy nor asyncpg keeps a statement: each is parsed where it runs, in the same message.
NO_NAMES = {"prepared_statement_cache_size": 0, "statement_cache_size": 0}
# What a connection's transaction runs on, what sends its end with its last statement (None where statements have no
# names), what it says in the message that commits it, and what it wants done then.
DRIVER = "tenantry: the driver's connection"
ENDING = "tenantry: what sends the end with a statement"
LAST_WORDS = "tenantry: to be sent with the commit"
COMMITTED = "tenantry: to be done after the commit"
# A way of a pipeline to read: what begins, the statement, its values.
Read: TypeAlias = Callable[[Pipeline, str, str, Sequence[Any]], Awaitable[Any]]


class Database:
    """One PostgreSQL as one of our roles; `read` and `write` are the only ways in."""

    def __init__(
        self, url: str, *, pool_size: int = 8, statement_timeout: float = 10.0, prepared_statements: bool = True
    ) -> None:
        """`statement_timeout` in seconds: the database ends a statement that outlives it.

        Without `prepared_statements` none has a name: a transaction pooler would have them at another connection.
        """
        self.engine: AsyncEngine = create_async_engine(
            url,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=POOL_TIMEOUT,
            pool_pre_ping=True,
            isolation_level="AUTOCOMMIT",
            connect_args={"timeout": CONNECT_TIMEOUT, **({} if prepared_statements else NO_NAMES)},
            # PostgreSQL spells 1e300 with 300 zeros; this reads it as the number that it was.
            json_deserializer=orjson.loads,
        )
        self._pool = Pool(self.engine, pool_size, POOL_TIMEOUT)
        self._names_statements = prepared_statements
        # Statements here are short, and compiling one to machine code takes longer than most of them run.
        self._settings = f"SET LOCAL jit = off; SET LOCAL statement_timeout = {int(statement_timeout * 1000)}"
        event.listen(self.engine.sync_engine, "reset", _end_what_was_left_open)

    @property
    def in_use(self) -> int:
        """How many connections somebody reads or writes on at this moment."""
        return self._pool.in_use

    @asynccontextmanager
    async def read(self, tenant_id: uuid.UUID | None) -> AsyncIterator[AsyncConnection]:
        """One snapshot of one tenant; `None` is for roles that a policy lets read across tenants."""
        async with self._transaction(READ, tenant_id, writes=False) as taken:
            yield taken.connection

    @asynccontextmanager
    async def write(self, tenant_id: uuid.UUID | None) -> AsyncIterator[AsyncConnection]:
        """A transaction that commits when the block ends well and rolls back when it does not.

        Raises:
            InFailedSQLTransactionError: the block ended well although a statement had failed, so nothing was written.
        """
        async with self._transaction(WRITE, tenant_id, writes=True) as taken:
            yield taken.connection

    async def text(self, tenant_id: uuid.UUID, statement: str, given: Sequence[Any]) -> memoryview | bytes | None:
        """The single text of one statement, in UTF-8, in a snapshot of its own; its values as the driver takes them."""
        found = await self._read_once(Pipeline.text, tenant_id, statement, given)
        if isinstance(found, asyncpg.Record):
            return None if found[0] is None else str(found[0]).encode()
        return found  # type: ignore[no-any-return]

    async def record(self, tenant_id: uuid.UUID | None, statement: str, given: Sequence[Any]) -> Any:
        """The first row of one statement, as the driver gives it, or None."""
        return await self._read_once(Pipeline.record, tenant_id, statement, given)

    async def _read_once(self, read: Read, tenant_id: uuid.UUID | None, statement: str, given: Sequence[Any]) -> Any:
        beginning = self._beginning(READ_ONCE, tenant_id)
        taken = await self._pool.at_rest() if self._names_statements else None
        if taken is not None:
            try:
                found = await read(taken.pipeline, beginning, statement, given)
                del taken.info[OPEN]
            except Exception as error:
                # What rested may have died unseen, and the tables may have changed: a read may be asked for again.
                if not (is_outage(error) or is_outdated(error)):
                    raise
            else:
                return found
            finally:
                await self._pool.give_back(taken)
        async with self._pool.begun(beginning) as taken:
            driver = taken.driver
            # Prepared for this once, where it may have a name: what the driver keeps may be of tables as they were.
            named = (await driver.prepare(statement)).fetchrow if self._names_statements else None
            found = await (driver.fetchrow(statement, *given) if named is None else named(*given))
            await driver.execute("COMMIT")
            del taken.info[OPEN]
            return found

    @staticmethod
    async def fetch(connection: AsyncConnection, statement: str, given: Sequence[Any]) -> list[Any]:
        """The rows of a statement, as the driver takes it and gives them, in the transaction that is open."""
        found: list[Any] = await connection.info[DRIVER].fetch(statement, *given)
        return found

    @staticmethod
    async def last(connection: AsyncConnection, statement: str, given: Sequence[Any]) -> list[Any]:
        """The same of the transaction's last statement: what ends it is sent with it, and it has ended by then."""
        info = connection.info
        if info[ENDING] is None:
            found: list[Any] = await info[DRIVER].fetch(statement, *given)
            return found
        end, info[LAST_WORDS] = _end(info), None
        rows: list[Any] = await info[ENDING].last_rows(statement, given, end)
        del info[OPEN]
        return rows

    async def lines(self, tenant_id: uuid.UUID, statement: str, given: Sequence[Any]) -> list[str]:
        """The same of a statement that answers several, such as EXPLAIN."""
        async with self._transaction(READ, tenant_id, writes=False) as taken:
            return [str(line) for (line,) in await taken.driver.fetch(statement, *given)]

    async def listen(self, channel: str, began: Callable[[], None], heard: Callable[[str], None]) -> None:
        """Hear what is notified on a channel, until cancelled; `began` says from when on nothing is missed.

        Holds a connection of its own, outside the pool. It may break silently where nothing is ever said: whoever
        must not miss anything looks for itself now and then.

        Raises:
            ConnectionError: the connection broke.
        """
        broken = asyncio.Event()
        async with self.apart() as connection:
            connection.add_termination_listener(lambda _connection: broken.set())
            await connection.add_listener(channel, lambda _connection, _pid, _channel, payload: heard(str(payload)))
            began()
            await broken.wait()
        raise ConnectionError(f"the connection that listens on {channel} broke")

    @asynccontextmanager
    async def apart(self) -> AsyncIterator[Any]:
        """A connection of the driver's outside the pool; what is left open on it ends with the block."""
        _, options = self.engine.dialect.create_connect_args(self.engine.url)
        connection = await asyncpg.connect(**options, timeout=CONNECT_TIMEOUT)
        try:
            yield connection
        finally:
            connection.terminate()

    async def close(self) -> None:
        """Give every connection back to PostgreSQL."""
        await self._pool.close()
        await self.engine.dispose()

    @asynccontextmanager
    async def _transaction(self, begin: str, tenant_id: uuid.UUID | None, *, writes: bool) -> AsyncIterator[Taken]:
        async with self._pool.begun(self._beginning(begin, tenant_id)) as taken:
            pipeline = taken.pipeline if self._names_statements else None
            taken.info.update({DRIVER: taken.driver, ENDING: pipeline, LAST_WORDS: [], COMMITTED: []})
            yield taken
            if OPEN in taken.info:
                # Its end was sent with a statement that failed, or is sent now.
                sent = taken.info[LAST_WORDS] is None
                ended = "ROLLBACK" if sent else await taken.driver.execute(_end(taken.info))
                if writes and ended != "COMMIT":
                    raise asyncpg.InFailedSQLTransactionError("a statement had failed: the transaction was rolled back")
                del taken.info[OPEN]
            for action in taken.info[COMMITTED]:
                action()

    def _beginning(self, begin: str, tenant_id: uuid.UUID | None) -> str:
        """The one message."""
        return _beginning(begin, tenant_id, self._settings)


def notify(connection: AsyncConnection, channel: str, tenant_id: uuid.UUID) -> None:
    """Have PostgreSQL tell whoever listens on a channel, if the open transaction commits; no message is sent for it."""
    connection.info[LAST_WORDS].append(_notification(channel, tenant_id))


def on_commit(connection: AsyncConnection, action: Callable[[], None]) -> None:
    """Do something once the open transaction is committed, and never where it rolls back; it must not fail."""
    connection.info[COMMITTED].append(action)


def _end(info: Mapping[Any, Any]) -> str:
    """The message that commits a transaction, with its last words."""
    return "; ".join([*info[LAST_WORDS], "COMMIT"])


@lru_cache(maxsize=10_000)
def _notification(channel: str, tenant_id: uuid.UUID) -> str:
    return f"NOTIFY {channel}, '{uuid.UUID(str(tenant_id))}'"


def set_tenant(tenant_id: uuid.UUID | None) -> str:
    """The statement that names a transaction's tenant: a literal, since a distributed engine passes on no other."""
    return "" if tenant_id is None else f"SET LOCAL app.tenant_id = '{uuid.UUID(str(tenant_id))}';"


@lru_cache(maxsize=10_000)
def _beginning(begin: str, tenant_id: uuid.UUID | None, settings: str) -> str:
    return f"{begin}; {set_tenant(tenant_id)} {settings}"


def _end_what_was_left_open(connection: Any, entry: ConnectionPoolEntry, state: PoolResetState) -> None:
    """No connection enters the pool inside a transaction, whatever cancelled or broke its user.

    Our own note decides, not the driver's: a message that was cancelled may have begun a transaction that the driver
    has not heard of yet. The driver waits for the cancelled message's end before it sends the next one.
    """
    if state.asyncio_safe and entry.info.pop(OPEN, False) and not connection.driver_connection.is_closed():
        connection.run_async(lambda driver: driver.execute("ROLLBACK", timeout=CONNECT_TIMEOUT))

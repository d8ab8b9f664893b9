"""Connections at rest: taken and given back without a word to PostgreSQL.

SQLAlchemy's pool asks each connection whether it lives before it hands it out, and switches stacks to do so: more work
than a short statement. Here a connection that ended its transaction well is kept as it is for whoever comes next; any
other goes back the long way, where what was left open is ended (`models.database`).
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from models.faults import is_outage
from models.pipeline import Pipeline

# A connection's note that a transaction was begun on it and has not been seen to end.
OPEN = "tenantry: a transaction is open"
PIPELINE = "tenantry: its pipeline"


@dataclass(frozen=True, slots=True)
class Taken:
    """A connection, the driver's beneath it, and its notes."""

    connection: AsyncConnection
    driver: Any
    info: dict[Any, Any]

    @property
    def pipeline(self) -> Pipeline:
        """What reads on it in one round trip: one for as long as the connection lasts."""
        made = self.info.get(PIPELINE)
        if not isinstance(made, Pipeline):
            made = self.info[PIPELINE] = Pipeline(self.driver)
        return made


class Pool:
    """At most `size` connections of an engine `in_use` at once; who finds none waits `patience` seconds for one."""

    def __init__(self, engine: AsyncEngine, size: int, patience: float) -> None:
        self._engine = engine
        self._size = size
        self._patience = patience
        self.in_use = 0
        # Whoever waits is given the place of who leaves; while somebody waits, all are taken.
        self._waiting: deque[asyncio.Future[None]] = deque()
        # The last one back goes first.
        self._resting: list[Taken] = []

    @asynccontextmanager
    async def begun(self, begin: str) -> AsyncIterator[Taken]:
        """A connection on which `begin` was sent, noted as open: whoever has seen the end takes the note away.

        Raises:
            sqlalchemy.exc.TimeoutError: none became free.
        """
        await self._turn()
        try:
            taken = await self._begin(begin)
        except BaseException:
            self._left()
            raise
        try:
            yield taken
        finally:
            await self.give_back(taken)

    async def give_back(self, taken: Taken) -> None:
        """To rest, or where its transaction has not been seen to end, the long way."""
        try:
            if OPEN in taken.info:
                await self._close(taken)
            else:
                self._resting.append(taken)
        finally:
            self._left()

    async def at_rest(self) -> Taken | None:
        """The connection that went to rest last, if one rests: noted as open, for who gives it back himself."""
        await self._turn()
        if not self._resting:
            self._left()
            return None
        taken = self._resting.pop()
        taken.info[OPEN] = True
        return taken

    async def close(self) -> None:
        """Give up those at rest."""
        while self._resting:
            await self._close(self._resting.pop())

    def _left(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self.in_use -= 1

    async def _turn(self) -> None:
        if self.in_use < self._size:
            self.in_use += 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(self._patience):
                await turn
        except BaseException as error:
            if turn in self._waiting:
                self._waiting.remove(turn)
            elif not turn.cancelled():  # it came to somebody who had gone
                self._left()
            if isinstance(error, TimeoutError):
                raise PoolTimeout(f"no connection became free in {self._patience:g} s") from None
            raise

    async def _begin(self, begin: str) -> Taken:
        """One at rest may have died unseen: then nothing was begun, and the next one is as good."""
        while self._resting:
            taken = self._resting.pop()
            try:
                return await self._sent(taken, begin)
            except Exception as error:
                if not is_outage(error):
                    raise
        connection = await self._engine.connect()
        try:
            driver = (await connection.get_raw_connection()).driver_connection
        except BaseException:
            await asyncio.shield(asyncio.ensure_future(connection.close()))
            raise
        return await self._sent(Taken(connection, driver, connection.info), begin)

    async def _sent(self, taken: Taken, begin: str) -> Taken:
        taken.info[OPEN] = True
        try:
            await taken.driver.execute(begin)
        except BaseException:
            await self._close(taken)
            raise
        return taken

    async def _close(self, taken: Taken) -> None:
        """Back the long way, to its end even where its user is cancelled once more."""
        await asyncio.shield(asyncio.ensure_future(taken.connection.close()))

"""One connection's rules and its tasks: it listens, its caller's right is watched, and operations run.

The first of these that fails ends the connection: it is closed, and then everything of it is cancelled and awaited.
"""

import asyncio
from dataclasses import dataclass
from typing import Any

import structlog

from auth.codes import Code, Refusal
from auth.credentials import Address, Headers
from auth.principal import Caller
from auth.standing import ASK_EVERY, Callers, Standing
from models.faults import is_outage
from schema.answers import fault, unavailable
from tenantry.endpoint import Runs
from tenantry.websocket.closing import CloseCode, Closing, Gone
from tenantry.websocket.credentials import presented
from tenantry.websocket.messages import CONNECTION_ACK, Complete, ConnectionInit, Ping, Pong, Subscribe, pong, read
from tenantry.websocket.operations import Operations, Task
from tenantry.websocket.places import Places
from tenantry.websocket.socket import Socket

log = structlog.get_logger("tenantry.access")


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of one connection. Spans of time are in seconds."""

    init: float = 10.0
    patience: float = 10.0
    ask_every: float = ASK_EVERY
    operations: int = 50


class Connection:
    """From the handshake to the end."""

    def __init__(
        self, graph: Runs, callers: Callers, places: Places, socket: Socket, request_id: str, *, bounds: Bounds
    ) -> None:
        self._callers = callers
        self._places = places
        self._bounds = bounds
        self._socket = socket
        self._request_id = request_id
        self._operations = Operations(graph, socket, request_id, self._watch, bounds.operations)
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._tasks: set[Task] = set()
        self._headers: Headers = ()
        self._address: Address | None = None
        self._initialised = False
        self._standing: Standing | None = None
        self.caller: Caller | None = None

    @property
    def operations(self) -> int:
        """How many were asked for."""
        return self._operations.count

    async def run(self, headers: Headers, address: Address | None) -> None:
        """Serve it to its end; `headers` are those of the handshake. Nothing of it runs afterwards."""
        self._headers = headers
        self._address = address
        self._watch(asyncio.create_task(self._listen()))
        try:
            await self._over
        except Gone:
            pass
        except Closing as closing:
            await self._socket.close(closing)
        except Exception as error:  # noqa: BLE001  (whatever broke, the client learns an error id)
            await self._socket.close(_broken(error))
        finally:
            # One that is stopping already is left to it: cancelled once more it could not clean up.
            for task in self._tasks:
                if not task.cancelling():
                    task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _watch(self, task: Task) -> None:
        """Be ended by what it raises, and wait for it."""
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: Task) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not self._over.done():
            self._over.set_exception(error)

    async def _listen(self) -> None:
        try:
            async with asyncio.timeout(self._bounds.init) as waiting:
                while True:
                    match read(await self._socket.receive()):
                        case ConnectionInit(payload):
                            self._begin(payload)
                            waiting.reschedule(None)
                        case Ping(payload):
                            await self._socket.send(pong(payload))
                        case Pong():
                            pass
                        case Subscribe() as message:
                            if self._standing is None:
                                raise Closing(CloseCode.UNAUTHORIZED)
                            await self._operations.begin(message, self._standing)
                        case Complete(operation):
                            self._operations.stop(operation)
        except TimeoutError:
            raise Closing(CloseCode.INIT_TIMEOUT) from None

    def _begin(self, payload: dict[str, Any]) -> None:
        if self._initialised:
            raise Closing(CloseCode.TOO_MANY_INITS)
        self._initialised = True
        self._watch(asyncio.create_task(self._stand(presented(self._headers, payload))))

    async def _stand(self, headers: Headers) -> None:
        """Find out who calls, and close when the right is gone."""
        standing = self._callers.standing(headers, self._address, self._bounds.ask_every, request_id=self._request_id)
        try:
            self.caller = caller = await standing.caller()
            with self._places.one(caller.principal.home.id):
                log.info("connection opened", token=str(caller.principal.token_id), tenant=caller.tenant.slug)
                self._standing = standing
                await self._socket.send(CONNECTION_ACK)
                await standing.until_gone()
        except Refusal as refusal:
            later = refusal.code is Code.RATE_LIMITED
            raise Closing(CloseCode.TRY_AGAIN_LATER if later else CloseCode.FORBIDDEN, refusal.message) from None


def _broken(error: Exception) -> Closing:
    if is_outage(error):
        log.warning("database unavailable", error=repr(error))
        return Closing(CloseCode.TRY_AGAIN_LATER, unavailable().message)
    return Closing(CloseCode.INTERNAL, fault(error)[0])

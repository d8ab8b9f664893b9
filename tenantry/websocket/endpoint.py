"""The handshake on `/graphql`: the page's origin, the subprotocol, and one log line when it is all over."""

from collections.abc import Collection
from http import HTTPStatus
from time import perf_counter

import structlog
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from auth.standing import Callers
from models.clock import Clock
from tenantry.addresses import address_of
from tenantry.endpoint import Runs
from tenantry.logs import begin_lines
from tenantry.websocket.closing import CloseCode, Closing, Gone
from tenantry.websocket.connection import Bounds, Connection
from tenantry.websocket.credentials import is_welcome
from tenantry.websocket.places import Places
from tenantry.websocket.socket import Socket

SUBPROTOCOL = "graphql-transport-ws"
STRANGE_ORIGIN = "The page's origin is not this server's, nor one of TENANTRY_ORIGINS.\n"
BOUNDS = Bounds()

log = structlog.get_logger("tenantry.access")


class WebSocketEndpoint:
    """An ASGI application for one address."""

    def __init__(
        self,
        graph: Runs,
        callers: Callers,
        clock: Clock,
        *,
        origins: Collection[str] = (),
        max_connections: int = 500,
        bounds: Bounds = BOUNDS,
    ) -> None:
        """`max_connections` of each tenant; pages of `origins` may connect beside our own."""
        self._graph = graph
        self._callers = callers
        self._clock = clock
        self._origins = origins
        self._places = Places(max_connections)
        self._bounds = bounds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, from its handshake to its end."""
        began = perf_counter()
        request_id = self._clock.new_id().hex
        begin_lines(request_id=request_id)
        if not is_welcome(scope["headers"], self._origins):
            log.info("connection refused", why="origin")
            await PlainTextResponse(STRANGE_ORIGIN, HTTPStatus.FORBIDDEN)(scope, receive, send)
            return
        socket = Socket(receive, send, self._bounds.patience)
        connection = Connection(self._graph, self._callers, self._places, socket, request_id, bounds=self._bounds)
        try:
            await self._serve(connection, socket, scope, request_id)
        finally:
            caller = connection.caller
            log.info(
                "connection closed",
                code=socket.code,
                token=caller and str(caller.principal.token_id),
                tenant=caller and caller.tenant.slug,
                operations=connection.operations,
                seconds=round(perf_counter() - began, 1),
            )

    async def _serve(self, connection: Connection, socket: Socket, scope: Scope, request_id: str) -> None:
        spoken = SUBPROTOCOL if SUBPROTOCOL in scope["subprotocols"] else None
        try:
            # One of those that were offered has to be named, or clients never hear why they are refused.
            named = spoken or next(iter(scope["subprotocols"]), None)
            await socket.accept(named, [(b"x-request-id", request_id.encode())])
        except Gone:
            return
        if spoken is None:
            await socket.close(Closing(CloseCode.SUBPROTOCOL_NOT_ACCEPTABLE))
            return
        await connection.run(scope["headers"], address_of(scope))

"""Around every HTTP request: its id, its log line, a bound on how many run at once, and the last word on a fault.

What escapes everything else reaches a client as an error id and nothing more (law 5).
"""

import re
from collections.abc import Callable
from time import perf_counter

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from auth.codes import Code, Refusal
from auth.credentials import Indexed, values
from models.clock import Clock
from models.faults import is_outage
from schema.answers import refused, unavailable
from tenantry.answers import send_answer
from tenantry.drain import Drain
from tenantry.event_stream import is_event_stream
from tenantry.health import LIVE, READY
from tenantry.logs import begin_lines

SANE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
# Asked every few seconds: they are answered under load too, and not worth a line each.
PROBES = frozenset({LIVE, READY})
# What is logged, after nginx, where the caller hung up before an answer.
CLIENT_CLOSED = 499

log = structlog.get_logger("tenantry.access")


class Requests:
    """Pure ASGI. Puts `request_id` into the scope and into every log line of the request."""

    def __init__(self, app: ASGIApp, clock: Clock, drain: Drain, max_requests: int) -> None:
        """`max_requests` at once in this process; one more is told to come back, without a wait."""
        self._app = app
        self._clock = clock
        self._drain = drain
        self._max_requests = max_requests
        self._under_way = 0
        self._log = log.bind()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; what is no HTTP request passes untouched."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = perf_counter()
        scope["headers"] = Indexed(scope["headers"])
        request_id = self._request_id(scope)
        scope["request_id"] = request_id
        begin_lines(request_id=request_id)
        sending = _Sending(send, request_id, closing=self._drain.begun, streams=self._leave)
        self._under_way += 1
        try:
            if self._under_way > self._max_requests and scope["path"] not in PROBES:
                await send_answer(sending, refused(_overloaded()))
            else:
                await self._app(scope, receive, sending)
        except Exception as error:
            fault = self._fault(error)
            if sending.status is not None:
                raise
            await send_answer(sending, refused(fault))
        finally:
            if not sending.streaming:
                self._leave()
            level = self._log.debug if scope["path"] in PROBES else self._log.info
            level(
                "request",
                method=scope["method"],
                path=scope["path"],
                status=sending.status or CLIENT_CLOSED,
                milliseconds=round((perf_counter() - began) * 1000, 1),
            )

    def _leave(self) -> None:
        self._under_way -= 1

    def _request_id(self, scope: Scope) -> str:
        """The caller's own, if it gave one that is fit for a log line, or a new one."""
        given = values(scope["headers"], b"x-request-id")
        if len(given) == 1 and SANE_ID.fullmatch(given[0]):
            return given[0]
        return self._clock.new_id().hex

    def _fault(self, error: Exception) -> Refusal:
        if is_outage(error):
            log.warning("database unavailable", error=repr(error))
            return unavailable()
        error_id = self._clock.new_id().hex
        log.error("unexpected exception", error_id=error_id, exc_info=error)
        message = f"Something went wrong on our side; error id {error_id}."
        return Refusal(Code.INTERNAL, message, extensions={"errorId": error_id})


class _Sending:
    """The way out: notes the status and adds the request's id.

    A stream lasts for hours and mostly waits: it is not counted among the requests that run at once.
    """

    def __init__(self, send: Send, request_id: str, *, closing: bool, streams: Callable[[], None]) -> None:
        self._send = send
        self._streams = streams
        self._added = [(b"x-request-id", request_id.encode())]
        if closing:  # so that a connection that is kept open does not bring one request more
            self._added.append((b"connection", b"close"))
        self.status: int | None = None
        self.streaming = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if is_event_stream(message["headers"]):
                self.streaming = True
                self._streams()
            message = {**message, "headers": [*message["headers"], *self._added]}
        await self._send(message)


def _overloaded() -> Refusal:
    return Refusal(Code.UNAVAILABLE, "The server is busy; try again.", headers=(("Retry-After", "1"),))

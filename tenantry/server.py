"""uvicorn, started by us: one process, or several on one socket."""

import socket
import sys
from collections.abc import Callable
from typing import Literal

import uvicorn
from starlette.types import ASGIApp
from uvicorn.supervisors import Multiprocess

from tenantry.settings import Settings

# Of a message over a WebSocket; a larger one ends its connection (1009).
MAX_MESSAGE_BYTES = 65_536
# Milliseconds in which what is sent must be taken. A reader that takes nothing is dropped long before, but what was
# sent to it, and its connection, would wait in this process for ever.
TAKEN_WITHIN = 30_000


class Announcing(uvicorn.Server):
    """Says so when it answers."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn does it; a failure ends the process."""
        await super().startup(sockets)
        self._announce()


def bind(host: str, port: int) -> socket.socket:
    """A socket on that address, taken before anything slow is done. Raises OSError."""
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    bound = socket.socket(family, kind, protocol)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if sys.platform == "linux":  # what it accepts inherits it
            bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, TAKEN_WITHIN)
        bound.bind(address)
    except OSError:
        bound.close()
        raise
    bound.set_inheritable(True)
    return bound


def url(bound: socket.socket) -> str:
    """Where a browser on this machine finds what listens there."""
    host, port = bound.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  (compared, not bound)
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"


def serve(settings: Settings, bound: socket.socket, announce: Callable[[], None]) -> None:
    """Serve until SIGTERM or Ctrl-C; `announce` is called once callers may come."""
    config = configured(settings, "tenantry.app:from_environment", factory=True)
    if settings.workers == 1:
        Announcing(config, announce).run(sockets=[bound])
    else:
        bound.listen(config.backlog)  # from now on callers wait instead of being refused
        announce()
        Multiprocess(config, sockets=[bound]).run()


def configured(
    settings: Settings, app: ASGIApp | str, *, factory: bool = False, lifespan: Literal["on", "off"] = "on"
) -> uvicorn.Config:
    """How uvicorn serves us; `app` is an application, or the address of what makes one."""
    return uvicorn.Config(
        app,
        factory=factory,
        workers=settings.workers,
        lifespan=lifespan,
        log_config=None,  # each process sets up its own lines
        access_log=False,  # the middleware writes them
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=settings.graceful_timeout,
        ws="websockets-sansio",
        ws_max_size=MAX_MESSAGE_BYTES,
        ws_per_message_deflate=False,  # it costs each connection memory, and messages are small
    )

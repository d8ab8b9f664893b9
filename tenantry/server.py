"""uvicorn, started by us: one process, or several on one socket."""

import socket
from collections.abc import Callable

import uvicorn
from uvicorn.supervisors import Multiprocess

from tenantry.settings import Settings


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
    config = uvicorn.Config(
        "tenantry.app:from_environment",
        factory=True,
        workers=settings.workers,
        lifespan="on",
        log_config=None,  # each process sets up its own lines
        access_log=False,  # the middleware writes them
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=settings.graceful_timeout,
    )
    if settings.workers == 1:
        Announcing(config, announce).run(sockets=[bound])
    else:
        bound.listen(config.backlog)  # from now on callers wait instead of being refused
        announce()
        Multiprocess(config, sockets=[bound]).run()

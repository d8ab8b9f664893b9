"""Who may connect: the origin of a page, and credentials from the handshake and from the first message.

Browsers can set no headers on a WebSocket, so clients send them in the payload of `connection_init`. Both places make
one list of headers, and the rules for headers hold: what is given twice is refused, in whichever places.
"""

from collections.abc import Collection
from typing import Any
from urllib.parse import SplitResult, urlsplit

from auth.credentials import Headers, values
from tenantry.websocket.messages import malformed

CREDENTIALS = frozenset({"authorization", "x-auth-token", "x-tenant-id"})
PORTS = {"http": 80, "https": 443}


def presented(headers: Headers, payload: dict[str, Any]) -> tuple[tuple[bytes, bytes], ...]:
    """The headers of the handshake and those in the payload, names in any case.

    Raises:
        Closing: BAD_MESSAGE, one in the payload is no string.
    """
    merged = [(name.lower(), value) for name, value in headers]
    for name, value in payload.items():
        if name.lower() not in CREDENTIALS:
            continue
        if not isinstance(value, str):
            raise malformed(f"The {name} of `connection_init` is not a string.")
        # What is not Latin-1 is in no token and names no tenant; a question mark neither.
        merged.append((name.lower().encode(), value.encode("latin-1", "replace")))
    return tuple(merged)


def is_welcome(headers: Headers, origins: Collection[str]) -> bool:
    """Whether the page that connects is ours, or of one of these origins; what is no browser names none.

    Ours is told by host and port: of the scheme nothing is known here where a proxy takes TLS off.
    """
    lowered = [(name.lower(), value) for name, value in headers]
    named, host = values(lowered, b"origin"), values(lowered, b"host")
    if not named:
        return True
    if len(named) > 1 or len(host) != 1:
        return False
    origin = named[0].lower()
    return origin in origins or _is_same_host(origin, host[0].lower())


def _is_same_host(origin: str, host: str) -> bool:
    try:
        page = urlsplit(origin)
        default = PORTS.get(page.scheme)
        return default is not None and _place(page, default) == _place(urlsplit(f"//{host}"), default)
    except ValueError:
        return False


def _place(address: SplitResult, default_port: int) -> tuple[str | None, int]:
    return address.hostname, address.port or default_port

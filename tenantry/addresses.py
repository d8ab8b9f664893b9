"""Where a request comes from: its peer, or whom a trusted proxy names in `X-Forwarded-For`.

Anybody can send that header, so it is believed from the right, as far as the proxies that wrote it are trusted. What
cannot be read is not believed: the request then comes from the last hop that could be.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TypeAlias

from starlette.types import ASGIApp, Receive, Scope, Send

from auth.credentials import Address, Headers, values

Network: TypeAlias = IPv4Network | IPv6Network
DRESSED = re.compile(r"(?:\[(?P<ipv6>[^\]]+)\]|(?P<ipv4>[0-9.]+))(?::[0-9]{1,5})?")


class BehindProxies:
    """Pure ASGI: puts the caller's own address where that of a trusted proxy stood."""

    def __init__(self, app: ASGIApp, trusted: Iterable[Network]) -> None:
        """`trusted` is where our proxies are."""
        self._app = app
        self._trusted = tuple(trusted)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on."""
        if scope["type"] != "lifespan":
            peer = address_of(scope)
            found = caller_of(peer, scope["headers"], self._trusted)
            if found != peer:
                scope = {**scope, "client": (str(found), 0)}
        await self._app(scope, receive, send)


def address_of(scope: Scope) -> Address | None:
    """Where a request comes from; None where its peer has no address (a socket in a folder)."""
    client = scope.get("client")
    return None if client is None else _peer(client[0])


@lru_cache(maxsize=10_000)
def _peer(host: str) -> Address | None:
    return _read(host)


def caller_of(peer: Address | None, headers: Headers, trusted: Iterable[Network]) -> Address | None:
    """The first hop, seen from here, that is no proxy of ours."""
    caller = peer
    for hop in _hops(headers):
        if caller is None or not _is_in(caller, trusted):
            break
        named = _read(hop)
        if named is None:
            break
        caller = named
    return caller


def _hops(headers: Headers) -> Iterator[str]:
    """What the header lists, the nearest first; sent twice it is one list (RFC 9110, 5.3)."""
    for value in reversed(values(headers, b"x-forwarded-for")):
        yield from reversed(value.split(","))


def _is_in(address: Address, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks)


def _read(text: str) -> Address | None:
    """An address as proxies write it, some with a port; an IPv4 address in IPv6's clothes is one of IPv4."""
    host = text.strip(" \t")
    if dressed := DRESSED.fullmatch(host):
        host = dressed["ipv6"] or dressed["ipv4"]
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address

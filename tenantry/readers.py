"""How the text of an environment variable becomes a value; each reader says in words what it accepts."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

# A page's address as a browser names it: no path, and a port only where it is not the scheme's own.
ORIGIN = re.compile(r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?")
# What libpq calls them, and what asyncpg does.
RENAMED = {"sslmode": "ssl"}

SWITCHED = {"on": True, "off": False}


@dataclass(frozen=True, slots=True)
class Reader:
    """`read` raises ValueError, without the text itself where that is `secret`."""

    accepts: str
    read: Callable[[str], Any]
    secret: bool = False


def _plain(text: str) -> str:
    return text


def whole(lowest: int, highest: int) -> Reader:
    """A whole number within bounds."""

    def read(text: str) -> int:
        value = int(text)
        if not lowest <= value <= highest:
            raise ValueError(f"{value} is out of bounds")
        return value

    return Reader(f"a whole number from {lowest} to {highest}", read)


def seconds(lowest: float, highest: float) -> Reader:
    """A span of time in seconds."""

    def read(text: str) -> float:
        value = float(text)
        if not lowest <= value <= highest:  # NaN is not either
            raise ValueError(f"{text} is out of bounds")
        return value

    return Reader(f"seconds, from {lowest:g} to {highest:g}", read)


def one_of(*words: str) -> Reader:
    """A word out of a closed list."""

    def read(text: str) -> str:
        if text not in words:
            raise ValueError(f"{text!r} is none of them")
        return text

    return Reader(" or ".join(f"`{word}`" for word in words), read)


def _read_switch(text: str) -> bool:
    if text not in SWITCHED:
        raise ValueError(f"{text!r} is neither")
    return SWITCHED[text]


def _read_database_url(text: str) -> str:
    """The address as SQLAlchemy and asyncpg want it, whatever PostgreSQL dialect it was written for."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise ValueError("it is not an address of that form") from None
    if url.drivername.partition("+")[0] not in {"postgresql", "postgres"}:
        raise ValueError(f"it begins with {url.drivername}://")
    if not url.database:
        raise ValueError("it names no database")
    query = {RENAMED.get(name, name): value for name, value in url.query.items()}
    return url.set(drivername="postgresql+asyncpg", query=query).render_as_string(hide_password=False)


def _read_redis_url(text: str) -> str:
    scheme, _, rest = text.partition("://")
    if scheme not in {"redis", "rediss"} or not rest:
        raise ValueError("it is not an address of that form")
    return text


def _read_origins(text: str) -> tuple[str, ...]:
    """Origins as browsers send them: in lower case, without a path."""
    origins = tuple(each.strip().lower().removesuffix("/") for each in text.split(",") if each.strip())
    for origin in origins:
        if not ORIGIN.fullmatch(origin):
            raise ValueError(f"{origin!r} is no origin")
    return origins


def _read_networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Networks, or single addresses; not the whole internet, which would let each caller choose its address."""
    networks = tuple(ip_network(each.strip()) for each in text.split(",") if each.strip())
    if any(network.prefixlen == 0 for network in networks):
        raise ValueError("it is everybody")
    return networks


TEXT = Reader("text", _plain)
SWITCH = Reader("`on` or `off`", _read_switch)
FOLDER = Reader("a folder", lambda text: Path(text).expanduser())
FILE = Reader("a file", lambda text: Path(text).expanduser())
DATABASE_URL = Reader("`postgresql://USER:PASSWORD@HOST:PORT/DATABASE`", _read_database_url, secret=True)
ORIGINS = Reader("origins such as `https://dashboard.example`, with commas between", _read_origins)
NETWORKS = Reader("networks such as `10.0.0.0/8` or addresses, with commas between, not everybody", _read_networks)
REDIS_URL = Reader("`redis://USER:PASSWORD@HOST:PORT/NUMBER`, or `rediss://…`", _read_redis_url, secret=True)

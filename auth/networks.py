"""Where a token may be used from: networks in CIDR notation, and whether an address lies in one of them.

Law: an address that is not known lies in none, so that a token that is bound to networks fails closed.
"""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import TypeAlias

from auth.credentials import Address

Network: TypeAlias = IPv4Network | IPv6Network

MOST_NETWORKS = 20
# IPv4 in IPv6: addresses are compared as what they stand for, so such a network would hold none.
_MAPPED = IPv6Network("::ffff:0:0/96")


def network(text: str) -> Network:
    """One network as people write it; an address alone is the network of itself.

    Raises:
        ValueError: it is none; the message says how it is written.
    """
    try:
        read = ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"{text[:64]!r} is no network: write one as 192.0.2.0/24 or 2001:db8::/32") from None
    if isinstance(read, IPv6Network) and read.network_address.scope_id is not None:
        raise ValueError(f"{text[:64]!r} names an interface, which only one machine knows: leave it out")
    if _has_host(text):
        raise ValueError(f"{text[:64]!r} has bits beyond its prefix: did you mean {read}?")
    if isinstance(read, IPv6Network) and read.subnet_of(_MAPPED):
        raise ValueError(f"{text[:64]!r} is IPv4 written as IPv6: write it as IPv4")
    return read


def networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """The networks of a token's row, which were checked when they were written."""
    return tuple(ip_network(text) for text in texts)


def allows(within: Sequence[Network], address: Address | None) -> bool:
    """Whether an address lies in one of these; in none at all means that every address does."""
    if not within:
        return True
    if address is None:
        return False
    plain = (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
    return any(plain.version == each.version and plain in each for each in within)


def covers(wide: Sequence[Network], narrow: Sequence[Network]) -> bool:
    """Whether whatever `narrow` allows is allowed by `wide` too, network by network."""
    if not wide:
        return True
    return bool(narrow) and all(any(_holds(outer, inner) for outer in wide) for inner in narrow)


def _holds(outer: Network, inner: Network) -> bool:
    if isinstance(outer, IPv4Network):
        return isinstance(inner, IPv4Network) and inner.subnet_of(outer)
    return isinstance(inner, IPv6Network) and inner.subnet_of(outer)


def _has_host(text: str) -> bool:
    """Whether an address stands where a network's own was expected."""
    try:
        ip_network(text)
    except ValueError:
        return True
    return False

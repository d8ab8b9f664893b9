"""Callers that are known by the very headers that they came with before: what those say is not read again.

Nothing is trusted longer for it: whether the token still stands is asked at each request.
"""

from collections import OrderedDict
from dataclasses import dataclass
from hashlib import sha256

from auth.authentication import Authenticator
from auth.credentials import Address, Headers, presented_token, raw
from auth.principal import Caller
from auth.token import digest

# Those that say who calls, and for which tenant.
TELLING = (b"authorization", b"x-auth-token", b"x-tenant-id")
MOST = 10_000


@dataclass(frozen=True, slots=True)
class _Known:
    token_hash: bytes
    caller: Caller


class KnownCallers:
    """The least recently seen goes when there are too many."""

    def __init__(self, authenticator: Authenticator) -> None:
        self._authenticator = authenticator
        self._known: OrderedDict[bytes, _Known] = OrderedDict()

    def find(self, headers: Headers, address: Address | None) -> Caller | None:
        """Who came with these headers from this address, if its token was good a moment ago and is now."""
        key = _key(headers, address)
        known = self._known.get(key)
        if known is None or not self._authenticator.stands(known.token_hash, known.caller.principal):
            return None
        self._known.move_to_end(key)
        return known.caller

    def keep(self, headers: Headers, address: Address | None, caller: Caller) -> None:
        """Know a caller again, in its own tenant. In another one it has to be asked whether that is still beneath."""
        if caller.principal.signed_in or caller.tenant is not caller.principal.home:
            return
        key = _key(headers, address)
        self._known[key] = _Known(digest(presented_token(headers)), caller)
        self._known.move_to_end(key)
        if len(self._known) > MOST:
            self._known.popitem(last=False)


def _key(headers: Headers, address: Address | None) -> bytes:
    """No secret stays in memory for it. What is said is spelled so that nothing else is spelled alike."""
    said = [raw(headers, name) for name in TELLING], address and address.packed
    return sha256(repr(said).encode()).digest()

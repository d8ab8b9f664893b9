"""Verified tokens, kept until they expire: a busy token is verified once, and each time asked whether it may still be.

What a token was verified by is compared at every use: when its key is withdrawn, or its issuer's terms are changed,
it is verified anew, and refused.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Collection

from auth.oidc.faults import Fault, refusal_of
from auth.oidc.issuer import Issuer
from auth.oidc.keys import Keys
from auth.oidc.verification import LONGEST, Proven, prove
from auth.oidc.verified import VerifiedToken
from models.clock import Clock


class Verifier:
    """One for a process; the tokens used least recently make room."""

    def __init__(self, keys: Keys, clock: Clock, keep_at_most: int = 10_000) -> None:
        """Tokens are kept by their SHA-256, never as they are; what is refused is not kept."""
        self._keys = keys
        self._clock = clock
        self._at_most = keep_at_most
        self._kept: OrderedDict[bytes, Proven] = OrderedDict()

    async def verify(self, text: str, issuers: Collection[Issuer]) -> VerifiedToken:
        """What a token of one of the issuers says.

        Raises:
            Refusal: UNAUTHENTICATED with its challenge, or UNAVAILABLE where the issuer's keys cannot be had.
        """
        if len(text) > LONGEST:
            raise refusal_of(Fault.TOO_LONG)
        digest = hashlib.sha256(text.encode(errors="surrogatepass")).digest()
        proven = self._kept.pop(digest, None)
        if proven is None or not await self._still_holds(proven, issuers):
            proven = await prove(text, issuers, self._keys, self._clock)
        self._kept[digest] = proven
        if len(self._kept) > self._at_most:
            self._kept.popitem(last=False)
        return proven.token

    def __len__(self) -> int:
        """How many tokens are kept, expired ones included."""
        return len(self._kept)

    async def _still_holds(self, proven: Proven, issuers: Collection[Issuer]) -> bool:
        if proven.issuer not in issuers or proven.token.expires_at <= self._clock.now():
            return False
        return await self._keys.get(proven.issuer, proven.key.kid) == proven.key

"""From a request's headers to who is calling: every request, at every door, comes through here.

A garbled token costs no statement, a cold one exactly one. What the database said is kept for at most 5 s,
which is how long a revocation may take everywhere; expiry is compared with the clock at every request.
"""

import logging
from dataclasses import dataclass
from datetime import datetime

from auth.attempts import Attempt, Reason
from auth.bearer import bearer_by_hash
from auth.cache import Cache
from auth.codes import Code, Refusal
from auth.credentials import Address, Headers, challenge, presented_token
from auth.networks import Network, allows, networks
from auth.principal import Principal
from auth.sign_in import SignIn, looks_signed
from auth.token import digest, is_well_formed
from models import TenantStatus
from models.clock import Clock
from models.database import Database

_log = logging.getLogger(__name__)

# One text for unknown, revoked and garbled: which of them it is, is nobody's business.
BAD_TOKEN = "The token is unknown or was revoked."  # noqa: S105
EXPIRED_TOKEN = "The token has expired."  # noqa: S105
ROTATED_TOKEN = "The token was rotated: use its new secret."  # noqa: S105
DISABLED_OWNER = "The token's owner is disabled."


@dataclass(frozen=True, slots=True)
class _Found:
    """A token as the database had it."""

    principal: Principal
    ended: Reason | None
    overlap_ends_at: datetime | None
    networks: tuple[Network, ...] = ()

    def is_good_at(self, moment: datetime) -> bool:
        """Whether its secret still counts for something; its tenant may be suspended."""
        return (
            moment < self.principal.expires_at
            and (self.overlap_ends_at is None or moment < self.overlap_ends_at)
            and self.ended is None
            and self.principal.home.status != TenantStatus.DELETED
        )

    def misused(self, reason: Reason) -> Attempt:
        """Somebody presents it, and is refused."""
        return Attempt(reason, self.principal.home.id, self.principal.token_id)


class Authenticator:
    """Knows callers by their tokens; reads as the platform's role, since a token is what tells the tenant."""

    def __init__(
        self,
        platform: Database,
        clock: Clock,
        keep_seconds: float = 5.0,
        keep_at_most: int = 10_000,
        *,
        sign_in: SignIn | None = None,
    ) -> None:
        """Unknown hashes are kept too, and count towards `keep_at_most`. `sign_in` knows issuers' tokens, if any."""
        self._platform = platform
        self._sign_in = sign_in
        self._clock = clock
        self._found: Cache[bytes, _Found | None] = Cache(
            self._look_up, clock, keep_seconds=keep_seconds, keep_at_most=keep_at_most
        )

    async def authenticate(
        self, headers: Headers, younger_than: float | None = None, address: Address | None = None
    ) -> Principal:
        """Who presents a good token; `younger_than` seconds is how old a kept answer may be, if not five.

        A token that is bound to networks is unknown to whoever comes from another `address`, or from none.

        Raises:
            Refusal: UNAUTHENTICATED, BAD_REQUEST or TENANT_SUSPENDED, with the challenge that belongs to it.
        """
        text = presented_token(headers)
        if self._sign_in is not None and looks_signed(text):
            return await self._signed_in(self._sign_in, text, younger_than, address)
        token_hash = digest(text)
        # What was found by its hash has a checksum that fits: it need not be reckoned at each request.
        if self._found.last(token_hash) is None and not is_well_formed(text):
            raise _bad_token(BAD_TOKEN, Attempt(Reason.UNKNOWN))
        found = await self._found.get(token_hash, younger_than)
        if found is None:
            raise _bad_token(BAD_TOKEN, Attempt(Reason.UNKNOWN))
        if found.ended is not None:
            said = DISABLED_OWNER if found.ended is Reason.DISABLED else BAD_TOKEN
            raise _bad_token(said, found.misused(found.ended))
        if found.principal.home.status == TenantStatus.DELETED:
            raise _bad_token(BAD_TOKEN, found.misused(Reason.DELETED))
        if not allows(found.networks, address):
            _log.warning("token %s was presented from outside its networks: %s", found.principal.token_id, address)
            raise _bad_token(BAD_TOKEN, found.misused(Reason.NETWORK))
        if found.principal.expires_at <= self._clock.now():
            raise _bad_token(EXPIRED_TOKEN, found.misused(Reason.EXPIRED))
        if found.overlap_ends_at is not None and found.overlap_ends_at <= self._clock.now():
            raise _bad_token(ROTATED_TOKEN, found.misused(Reason.ROTATED))
        if found.principal.home.status != TenantStatus.ACTIVE:
            suspended = found.misused(Reason.SUSPENDED)
            raise Refusal(Code.TENANT_SUSPENDED, "The token's tenant is suspended.", attempt=suspended)
        return found.principal

    def knows(self, text: str) -> bool:
        """Whether this was a good token when it was last looked up, however long ago; nothing is looked up now.

        An issuer's token is known by its signature: to try one costs no look-up.
        """
        if self._sign_in is not None and looks_signed(text):
            return True
        found = self._found.last(digest(text))
        return found is not None and found.is_good_at(self._clock.now())

    def stands(self, token_hash: bytes, principal: Principal) -> bool:
        """Whether what is known of this token is what told of the principal, and the token is good at this moment."""
        now = self._clock.now()
        found = self._found.fresh(token_hash, now)
        return (
            found is not None
            and found.principal is principal
            and found.is_good_at(now)
            and principal.home.status == TenantStatus.ACTIVE
        )

    def forget(self, token_hash: bytes | None = None) -> None:
        """Ask the database again about one token (by its digest), or about all."""
        self._found.forget(token_hash)

    async def _signed_in(
        self, sign_in: SignIn, text: str, younger_than: float | None, address: Address | None
    ) -> Principal:
        try:
            return await sign_in.principal(text, younger_than, address)
        except Refusal as refusal:
            if refusal.code is not Code.UNAVAILABLE:
                refusal.attempt = Attempt(Reason.ISSUER)
            raise

    async def _look_up(self, token_hash: bytes) -> _Found | None:
        bearer = await bearer_by_hash(self._platform, token_hash)
        if bearer is None:
            return None
        row = bearer.row
        # The secret in use ends with its token, the one before it with the overlap, an older one is unknown.
        ends = row.overlap_ends_at if row.age == 1 else None
        ended = Reason.REVOKED if row.revoked_at is not None else Reason.ROTATED if row.age > 1 else None
        if ended is None and row.owner_ended_at is not None:
            ended = Reason.DISABLED
        return _Found(bearer.principal, ended=ended, overlap_ends_at=ends, networks=networks(row.networks))


def _bad_token(message: str, attempt: Attempt) -> Refusal:
    return Refusal(Code.UNAUTHENTICATED, message, headers=challenge("invalid_token", message), attempt=attempt)

"""Failed authentications, throttled by the address that they come from and by the token that is sent.

What is over its bound is refused without a look-up. A token that was good when it was last looked up is never refused
for what others do at its address (a building's network often has one address): such tokens are tried, and only
counted where they fail. A failure over the bound is told as that and not as a 401, so that however many come at once,
no more than the bound learn more. What the bound refuses is not counted again: with its window the address is free.

A token has half the bound of an address, so that one client that goes on with a revoked token is stopped before the
others at its address feel it. Whoever presents nothing has tried nothing, and is not counted.
"""

from dataclasses import dataclass
from ipaddress import IPv6Address, ip_network
from math import ceil

from auth.attempts import Attempt, Reason
from auth.authentication import Authenticator
from auth.codes import Code, Refusal
from auth.counters import Count, Counters
from auth.credentials import Address, Headers, presented_token
from auth.principal import Principal
from auth.token import digest, is_well_formed

# Seconds.
WINDOW = 60
ADDRESS_FAILURES = 20
TOKEN_FAILURES = 10
# Whoever has one IPv6 address has the 2^64 of its network (RFC 6177).
IPV6_NETWORK = 64
# Bytes of a token's digest that name its counter: enough to tell tokens apart, and not what credentials are sought by.
DIGEST_SHOWN = 16


@dataclass(frozen=True, slots=True)
class _Bound:
    """How many failures one key may have in a window, and how a refusal calls it."""

    key: str
    policy: str
    most: int
    what: str


class Throttle:
    """Stands before an authenticator."""

    def __init__(
        self,
        counters: Counters,
        failures: int = ADDRESS_FAILURES,
        token_failures: int = TOKEN_FAILURES,
        window: int = WINDOW,
    ) -> None:
        """So many of an address and of a token at most in `window` seconds; no `failures` of an address: no bound."""
        self._counters = counters
        self._failures = failures
        self._token_failures = token_failures
        self._window = window

    async def authenticate(
        self,
        authenticator: Authenticator,
        headers: Headers,
        address: Address | None,
        younger_than: float | None = None,
    ) -> Principal:
        """Who presents a good token, as the authenticator says; `address` is None where there is none.

        Raises:
            Refusal: RATE_LIMITED, or whatever the authenticator refuses with.
        """
        text = presented_token(headers)
        if not self._failures:
            return await authenticator.authenticate(headers, younger_than, address)
        if not authenticator.knows(text):
            await self._admit(self._bounds(address, text, "token"))
        try:
            return await authenticator.authenticate(headers, younger_than, address)
        except Refusal as refusal:
            if refusal.code is Code.UNAUTHENTICATED:
                # A good token that is refused here is misused. That is bounded alike, so that it tells nobody that the
                # token is good, but by a counter that its owner is never asked for.
                bounds = self._bounds(address, text, "misuse" if authenticator.knows(text) else "token")
                await self._admit(bounds)
                self._refuse(bounds, await self._counters.add(self._window, *(bound.key for bound in bounds)))
            raise

    async def _admit(self, bounds: list[_Bound]) -> None:
        """Raise Refusal where one more failure would be too many."""
        self._refuse(bounds, await self._counters.read(*(bound.key for bound in bounds)), further=1)

    def _bounds(self, address: Address | None, text: str, counter: str) -> list[_Bound]:
        """What a failure counts against: the address first, then the token, by that counter of it."""
        bounds = [_Bound(f"address:{network_of(address)}", "authentication", self._failures, "from this address")]
        if is_well_formed(text):
            shown = digest(text)[:DIGEST_SHOWN].hex()
            bounds.append(_Bound(f"{counter}:{shown}", "token", self._token_failures, "with this token"))
        return bounds

    def _refuse(self, bounds: list[_Bound], counts: list[Count], further: int = 0) -> None:
        """Raise Refusal where these counts, and so many `further` ones, cross a bound."""
        for bound, count in zip(bounds, counts, strict=True):
            if count.number + further > bound.most:
                raise self._too_many(bound, count)

    def _too_many(self, bound: _Bound, count: Count) -> Refusal:
        seconds = max(ceil(count.seconds_left), 1)
        return Refusal(
            Code.RATE_LIMITED,
            f"Too many failed authentications {bound.what}; try again in {seconds} s.",
            headers=(
                ("retry-after", str(seconds)),
                ("ratelimit-policy", f'"{bound.policy}";q={bound.most};w={self._window}'),
                ("ratelimit", f'"{bound.policy}";r=0;t={seconds}'),
            ),
            attempt=Attempt(Reason.THROTTLED),
        )


def network_of(address: Address | None) -> str:
    """Whom an address stands for: itself, or its IPv6 network; all that have none stand together."""
    if address is None:
        return "unknown"
    if isinstance(address, IPv6Address):
        return str(ip_network((int(address), IPV6_NETWORK), strict=False))
    return str(address)

"""An issuer's token is verified once, until it expires; what is kept is bounded; forged ones fetch no keys."""

import uuid
from contextlib import suppress
from typing import Any

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from auth.codes import Refusal
from auth.oidc.issuer import Issuer
from auth.oidc.keys import Keys
from auth.oidc.verifier import Verifier
from benchmarks.counting import calls_during
from benchmarks.promises.promise import Judgement
from models.clock import Clock

ONCE = "a good token of an issuer is verified once, and kept until it expires"
BOUNDED = "tokens that are kept are bounded in number"
FETCHES = "1,000 tokens with unknown keys cause at most one fetch of keys in 30 s"
FORGED, KEPT = 1000, 100
# A kept token is looked up by its hash; one that is not is taken apart and verified.
LESS = 5


class Published:
    """Implements `auth.ports.KeySets`: an issuer with one key, which counts how often it is asked."""

    def __init__(self) -> None:
        self.fetches = 0
        self.issuer = Issuer("https://issuer.example", "https://tenantry.example", algorithms=frozenset({"ES256"}))
        self._pair = ec.generate_private_key(ec.SECP256R1())

    async def fetch(self, issuer: Issuer) -> bytes:
        """Its key set. `issuer` is always the one."""
        assert issuer == self.issuer, "there is no other"
        self.fetches += 1
        shown: dict[str, Any] = ECAlgorithm.to_jwk(self._pair.public_key(), as_dict=True)
        return orjson.dumps({"keys": [{**shown, "kid": "main", "alg": "ES256", "use": "sig"}]})

    def token(self, clock: Clock, kid: str = "main") -> str:
        """A good token that lasts an hour; with another `kid` a forged one."""
        now = int(clock.now().timestamp())
        claims = {"iss": self.issuer.url, "aud": self.issuer.audience, "sub": "somebody", "iat": now, "exp": now + 3600}
        header = {"kid": kid, "typ": "at+jwt"}
        return jwt.encode({**claims, "jti": str(uuid.uuid4()), "client_id": "a-client"}, self._pair, "ES256", header)


async def fetches_of_forged(published: Published, clock: Clock) -> int:
    """How often keys are fetched for as many tokens with unknown keys, once a good one was seen."""
    verifier = Verifier(Keys(published, clock), clock)
    await verifier.verify(published.token(clock), [published.issuer])
    before = published.fetches
    for number in range(FORGED):
        with suppress(Refusal):
            await verifier.verify(published.token(clock, f"forged-{number}"), [published.issuer])
    return published.fetches - before


async def kept_of_many(published: Published, clock: Clock) -> int:
    """How many tokens a verifier of KEPT keeps of three times as many good ones."""
    verifier = Verifier(Keys(published, clock), clock, keep_at_most=KEPT)
    for _ in range(3 * KEPT):
        await verifier.verify(published.token(clock), [published.issuer])
    return len(verifier)


async def calls_of_first_and_again(published: Published, clock: Clock) -> tuple[int, int]:
    """The calls of Python functions that a good token costs when it is new, and when it comes again."""
    verifier = Verifier(Keys(published, clock), clock)
    await verifier.verify(published.token(clock), [published.issuer])
    text = published.token(clock)

    async def work() -> None:
        await verifier.verify(text, [published.issuer])

    return await calls_during(work), await calls_during(work)


async def judged(clock: Clock) -> list[Judgement]:
    """All three."""
    published = Published()
    forged, kept = await fetches_of_forged(published, clock), await kept_of_many(published, clock)
    first, again = await calls_of_first_and_again(published, clock)
    return [
        Judgement(ONCE, f"{first} calls of Python at first, {again} when it comes again", again * LESS <= first),
        Judgement(BOUNDED, f"{kept} of {3 * KEPT} where {KEPT} are to be kept", kept <= KEPT),
        Judgement(FETCHES, f"{forged}", forged <= 1),
    ]

"""Verified tokens are kept: until they expire, as long as their key is published and their issuer trusted."""

from datetime import timedelta

import pytest

from auth.codes import Code, Refusal
from auth.oidc.faults import Fault
from auth.oidc.issuer import Issuer
from auth.oidc.keys import Keys
from auth.oidc.verifier import Verifier
from tests.clock import HeldClock
from tests.oidc import AUDIENCE, ISSUER, Published, ec_pair, jwk, key_set, now, published, rsa_pair, token

ISSUERS = (ISSUER,)


@pytest.fixture
def source() -> Published:
    """What the issuers publish."""
    return published()


@pytest.fixture
def verifier(source: Published, clock: HeldClock) -> Verifier:
    """That keeps at most three tokens."""
    return Verifier(Keys(source, clock), clock, keep_at_most=3)


async def refused(verifier: Verifier, text: str, *issuers: Issuer) -> str:
    """Why a token is refused."""
    with pytest.raises(Refusal) as refusal:
        await verifier.verify(text, issuers or ISSUERS)
    assert refusal.value.code is Code.UNAUTHENTICATED
    return refusal.value.message


async def test_a_token_is_verified_once(verifier: Verifier, source: Published) -> None:
    """The second time it is the very same answer."""
    text = token()
    first = await verifier.verify(text, ISSUERS)
    assert await verifier.verify(text, ISSUERS) is first
    assert source.fetches == 1


async def test_a_kept_token_expires(verifier: Verifier, clock: HeldClock) -> None:
    """To the second, the leeway included."""
    text = token(exp=now() + 10)
    await verifier.verify(text, ISSUERS)
    clock.advance(timedelta(seconds=69))
    await verifier.verify(text, ISSUERS)
    clock.advance(timedelta(seconds=1))
    assert await refused(verifier, text) == Fault.EXPIRED.value
    assert len(verifier) == 0


async def test_a_kept_token_goes_with_its_key(verifier: Verifier, source: Published, clock: HeldClock) -> None:
    """After an hour of nothing but kept tokens the set is renewed all the same, and the key is found withdrawn."""
    text = token()
    await verifier.verify(text, ISSUERS)
    source.sets[ISSUER.key_source] = key_set(jwk(ec_pair("next"), "next"))
    clock.advance(timedelta(seconds=30))
    with pytest.raises(Refusal):
        await verifier.verify(token(rsa_pair("evil"), header={"kid": "any"}), ISSUERS)
    assert await refused(verifier, text) == Fault.UNKNOWN_KEY.value
    assert len(verifier) == 0


async def test_a_kept_token_goes_when_its_key_is_another_by_the_same_id(
    verifier: Verifier, source: Published, clock: HeldClock
) -> None:
    """A key is what it is, and not its name."""
    text = token()
    await verifier.verify(text, ISSUERS)
    source.sets[ISSUER.key_source] = key_set(jwk(rsa_pair("other"), "main"))
    clock.advance(timedelta(seconds=30))
    with pytest.raises(Refusal):
        await verifier.verify(token(rsa_pair("evil"), header={"kid": "any"}), ISSUERS)
    assert await refused(verifier, text) == Fault.BAD_SIGNATURE.value


async def test_kept_tokens_do_not_keep_the_set_old(verifier: Verifier, source: Published, clock: HeldClock) -> None:
    """The use of a kept token asks for the renewal too."""
    text = token(exp=now() + 8 * 3600)
    await verifier.verify(text, ISSUERS)
    source.asked.clear()
    clock.advance(timedelta(hours=1))
    await verifier.verify(text, ISSUERS)
    await source.was_asked()
    assert source.fetches == 2


async def test_a_kept_token_goes_with_the_trust_in_its_issuer(verifier: Verifier) -> None:
    """An issuer that is taken out, or whose terms change, is asked about anew."""
    text = token()
    await verifier.verify(text, ISSUERS)
    assert await refused(verifier, text, Issuer("https://another.example", AUDIENCE)) == Fault.UNKNOWN_ISSUER.value
    assert await refused(verifier, text, Issuer(ISSUER.issuer, "narrower")) == Fault.WRONG_AUDIENCE.value


async def test_an_outage_beyond_a_day_ends_kept_tokens(verifier: Verifier, source: Published, clock: HeldClock) -> None:
    """503, not 401: nobody knows whether they are good."""
    text = token(exp=now() + 24 * 3600)
    await verifier.verify(text, ISSUERS)
    del source.sets[ISSUER.key_source]
    clock.advance(timedelta(hours=24))
    with pytest.raises(Refusal) as refusal:
        await verifier.verify(text, ISSUERS)
    assert refusal.value.code is Code.UNAVAILABLE


async def test_the_number_of_kept_tokens_is_bounded(verifier: Verifier) -> None:
    """The one that was used least recently makes room."""
    texts = [token(jti=str(number)) for number in range(4)]
    for text in texts[:3]:
        await verifier.verify(text, ISSUERS)
    first = await verifier.verify(texts[0], ISSUERS)
    await verifier.verify(texts[3], ISSUERS)
    assert len(verifier) == 3
    assert await verifier.verify(texts[0], ISSUERS) is first


@pytest.mark.parametrize("text", ["", "a.b.c", "x" * (1 << 20), "\ud800", token(rsa_pair("evil"))])
async def test_what_is_refused_is_not_kept(text: str, verifier: Verifier) -> None:
    """Strangers cannot push the good ones out."""
    await refused(verifier, text)
    assert len(verifier) == 0

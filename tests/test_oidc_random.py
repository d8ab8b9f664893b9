"""Whatever a stranger sends as a token, and whatever an issuer publishes: it is refused, and nothing else happens."""

import json
from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auth.codes import Code, Refusal
from auth.oidc.jwk import keys_of
from auth.oidc.keys import Keys
from auth.oidc.verification import verify
from auth.oidc.verifier import Verifier
from tests.clock import START, HeldClock
from tests.oidc import (
    CLAIMS,
    ENTRA,
    ENTRA_CLAIMS,
    ENTRA_HEADER,
    HEADER,
    ISSUER,
    encoded,
    jwk,
    published,
    rsa_pair,
    signed,
)

ISSUERS = (ISSUER, ENTRA)
# As Python reads it: NaN, the infinities and half characters are among what others send.
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters())
JSON = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10)
PARTS = st.binary().map(encoded) | JSON.map(encoded) | st.text()
BOUNDS = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def altered(given: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Some members with another value, and some that were never heard of."""
    names = st.sampled_from(sorted(given)) | st.text()
    return st.dictionaries(names, JSON, min_size=1, max_size=4).map(lambda by: {**given, **by})


async def only_refused(text: str) -> None:
    """Verified or refused with 401, twice the same; any other exception is what the test is about."""
    clock = HeldClock(START, salt=0)
    verifier = Verifier(Keys(published(), clock), clock)
    for _ in range(2):
        try:
            first = await verifier.verify(text, ISSUERS)
        except Refusal as refusal:
            assert refusal.code is Code.UNAUTHENTICATED  # noqa: PT017 (a token may also be good)
        else:
            assert first.issuer in {ISSUER.url, ENTRA.url}


@BOUNDS
@given(st.text() | st.binary().map(lambda raw: raw.decode("latin-1")))
async def test_any_text_is_refused(text: str) -> None:
    """Latin-1 is what a header's bytes come as."""
    await only_refused(text)


@BOUNDS
@given(st.lists(PARTS, max_size=6))
async def test_any_parts_are_refused(parts: list[str]) -> None:
    """As many as a token has, fewer or more."""
    await only_refused(".".join(parts))


@BOUNDS
@given(JSON)
async def test_any_signed_claims_are_verified_or_refused(claims: object) -> None:
    """By a key that is trusted: an issuer may be mad."""
    await only_refused(signed(rsa_pair("main"), "RS256", HEADER, claims))


@BOUNDS
@given(altered(HEADER))
async def test_any_header_is_verified_or_refused(header: dict[str, Any]) -> None:
    """Over good claims and under a good signature."""
    await only_refused(signed(rsa_pair("main"), "RS256", header, CLAIMS))


@BOUNDS
@given(altered(CLAIMS))
async def test_any_altered_claims_are_verified_or_refused(claims: dict[str, Any]) -> None:
    """Any claim of another type, size or sense."""
    await only_refused(signed(rsa_pair("main"), "RS256", HEADER, claims))


@BOUNDS
@given(altered({**ENTRA_CLAIMS, "idtyp": "app", "groups": [], "_claim_names": {}, "hasgroups": False}))
async def test_any_altered_claims_of_entra_are_verified_or_refused(claims: dict[str, Any]) -> None:
    """As above, by the stricter rules."""
    await only_refused(signed(rsa_pair("entra"), "RS256", ENTRA_HEADER, claims))


@BOUNDS
@given(JSON.map(lambda said: json.dumps(said).encode()) | st.binary())
def test_any_set_of_keys_is_read_or_refused(document: bytes) -> None:
    """ValueError is the one way to refuse."""
    with suppress(ValueError):
        keys_of(document)


@BOUNDS
@given(st.lists(altered({**jwk(rsa_pair("main"), "main", use="sig", alg="RS256"), "key_ops": ["verify"]}), max_size=3))
async def test_any_keys_leave_a_good_one_usable(others: list[dict[str, Any]]) -> None:
    """Beside keys of any sort a good one is found, and tokens are verified or refused."""
    clock = HeldClock(START, salt=0)
    source = published()
    source.sets[ISSUER.key_source] = json.dumps({"keys": [jwk(rsa_pair("good"), "the good one"), *others]}).encode()
    keys = Keys(source, clock)
    text = signed(rsa_pair("good"), "RS256", {**HEADER, "kid": "the good one"}, CLAIMS)
    assert (await verify(text, ISSUERS, keys, clock)).issuer == ISSUER.url

"""Tokens that mean harm: each is refused with 401 and its reason, and none of them costs a fetch beyond the bound."""

from datetime import timedelta

import pytest

from auth.codes import Code, Refusal
from auth.oidc.faults import Fault
from auth.oidc.keys import Keys
from auth.oidc.verification import verify
from tests.clock import HeldClock
from tests.hostile_tokens import ENTRA_KEYS, HOSTILE, KEYS
from tests.oidc import ENTRA, ISSUER, OID, TID, entra_token, published, token


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_token_is_refused(name: str, clock: HeldClock) -> None:
    """401 with a challenge that says the same; twice, and at a moment when a fetch is allowed: at most one is made."""
    make, fault = HOSTILE[name]
    issuers, source = (ISSUER, ENTRA), published(*KEYS, entra_keys=ENTRA_KEYS)
    keys = Keys(source, clock)
    assert (await verify(token(), issuers, keys, clock)).subject.id == "person-1"
    assert (await verify(entra_token(), issuers, keys, clock)).subject == (TID, OID)
    clock.advance(timedelta(seconds=30))
    for text in (make(), make()):
        with pytest.raises(Refusal) as refused:
            await verify(text, issuers, keys, clock)
        assert refused.value.code is Code.UNAUTHENTICATED
        assert refused.value.message == fault.value
        said = f'Bearer realm="tenantry", error="invalid_token", error_description="{fault.value}"'
        assert refused.value.headers == (("www-authenticate", said),)
    assert source.fetches <= 3


def test_there_are_enough_of_them() -> None:
    """The 39 that others were measured by are the least."""
    assert len(HOSTILE) >= 39
    assert {fault for _, fault in HOSTILE.values()} == set(Fault)


@pytest.mark.parametrize("fault", Fault)
def test_a_fault_fits_into_a_header(fault: Fault) -> None:
    """RFC 6750 allows no quotation marks and nothing beyond ASCII in error_description."""
    assert fault.isascii()
    assert fault.isprintable()
    assert not set('"\\') & set(fault)

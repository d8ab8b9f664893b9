"""Which of the keys that an issuer publishes may verify tokens, and by which algorithms."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from auth.oidc.jwk import MOST_KEYS, keys_of
from tests.oidc import Private, ec_pair, ed_pair, jwk, key_set, rsa_pair

RSA = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}


@pytest.mark.parametrize(
    ("pair", "algorithms"),
    [
        (rsa_pair("main"), RSA),
        (ec_pair("main"), {"ES256"}),
        (ec_pair("main", ec.SECP384R1), {"ES384"}),
        (ec_pair("main", ec.SECP521R1), {"ES512"}),
        (ed_pair("main"), {"EdDSA"}),
    ],
)
def test_a_key_verifies_by_what_it_is(pair: Private, algorithms: set[str]) -> None:
    """Its type and curve tell the algorithms; where it names one of them, by that alone."""
    assert keys_of(key_set(jwk(pair, "x")))["x"].algorithms == algorithms
    for named in algorithms:
        assert keys_of(key_set(jwk(pair, "x", alg=named)))["x"].algorithms == {named}


def test_the_number_of_keys_is_bounded() -> None:
    """What comes after the first hundred is not read."""
    shown = [jwk(ec_pair("same"), str(number)) for number in range(MOST_KEYS + 1)]
    found = keys_of(key_set(*shown))
    assert found.get(str(MOST_KEYS - 1)) is not None
    assert found.get(str(MOST_KEYS)) is None


BAD_KEYS = {
    "no object": 7,
    "no kid": {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
    "kid is a list": jwk(rsa_pair("main"), "x") | {"kid": ["x"]},
    "kid is long": jwk(rsa_pair("main"), "x" * 257),
    "no type": {"kid": "x"},
    "type is a list": {"kid": "x", "kty": ["RSA"]},
    "type is unknown": {"kid": "x", "kty": "AKP"},
    "no modulus": {"kid": "x", "kty": "RSA", "e": "AQAB"},
    "modulus is a number": {"kid": "x", "kty": "RSA", "e": "AQAB", "n": 5},
    "modulus is empty": {"kid": "x", "kty": "RSA", "e": "AQAB", "n": ""},
    "modulus is no base64": {"kid": "x", "kty": "RSA", "e": "AQAB", "n": "é%"},
    "modulus of 240,000 bits": {"kid": "x", "kty": "RSA", "e": "AQAB", "n": "_" * 40_000},
    "exponent is even": jwk(rsa_pair("main"), "x") | {"e": "Ag"},
    "curve is unknown": jwk(ec_pair("main"), "x") | {"crv": "secp256k1"},
    "curve is a number": jwk(ec_pair("main"), "x") | {"crv": 256},
    "point is off the curve": jwk(ec_pair("main"), "x") | {"y": jwk(ec_pair("off"), "x")["y"]},
    "EdDSA key is short": {"kid": "x", "kty": "OKP", "crv": "Ed25519", "x": "AQAB"},
    "algorithm of another type": jwk(ec_pair("main"), "x", alg="RS256"),
    "algorithm is an object": jwk(ec_pair("main"), "x", alg={}),
    "use is a list": jwk(ec_pair("main"), "x", use=["sig"]),
    "key_ops is a text": jwk(ec_pair("main"), "x", key_ops="verify"),
    "issuer is a number": jwk(ec_pair("main"), "x", issuer=1),
}


@pytest.mark.parametrize("name", BAD_KEYS)
def test_a_bad_key_is_left_out(name: str) -> None:
    """Those beside it stay."""
    assert set(keys_of(key_set(BAD_KEYS[name], jwk(ec_pair("good"), "good")))) == {"good"}


def test_of_two_keys_with_one_id_the_first_that_is_usable_counts() -> None:
    """One for encryption does not hide the one for signatures."""
    shown = (jwk(rsa_pair("main"), "x", use="enc"), jwk(ec_pair("first"), "x"), jwk(ec_pair("second"), "x"))
    assert keys_of(key_set(*shown))["x"].public == ec_pair("first").public_key()

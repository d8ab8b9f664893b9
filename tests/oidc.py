"""Issuers of OpenID Connect as tests need them: their key pairs, what they publish, and tokens of any shape."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, TypeAlias

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import get_default_algorithms

from auth.oidc.issuer import Issuer, entra
from auth.ports import KeySetUnavailable
from tests.clock import START

AUDIENCE = "https://tenantry.example"
ISSUER = Issuer("https://issuer.example", AUDIENCE, algorithms=frozenset({"RS256", "PS256", "ES256", "EdDSA"}))
TID = "5f2c6c1e-0d4e-4c8a-9a54-0b9f6f0c1a11"
OTHER_TID = "0e7f6f44-6d2a-4b07-8f2e-6b1f0f9f2b22"
OID = "7d1f1c9b-52a2-4a3e-8a47-52f7a1f0c3d3"
API = "3d6a1f5e-9c55-4f5e-8a2d-6e0f7c1b4e44"
ENTRA = entra(TID, API)

# Takes a claim or a member of a header away.
ABSENT = object()

Private: TypeAlias = RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey


@cache
def rsa_pair(name: str, bits: int = 2048) -> RSAPrivateKey:
    """The same pair for the same name, made once a run."""
    return rsa.generate_private_key(65537, bits)


@cache
def ec_pair(name: str, curve: type[ec.EllipticCurve] = ec.SECP256R1) -> EllipticCurvePrivateKey:
    """As `rsa_pair`, on a curve."""
    return ec.generate_private_key(curve())


@cache
def ed_pair(name: str) -> Ed25519PrivateKey:
    """As `rsa_pair`, for EdDSA."""
    return ed25519.Ed25519PrivateKey.generate()


def jwk(pair: Private, kid: str, **more: Any) -> dict[str, Any]:
    """The public half as a set lists it; `more` adds and replaces members."""
    family = "RS256" if isinstance(pair, RSAPrivateKey) else "EdDSA"
    family = "ES256" if isinstance(pair, EllipticCurvePrivateKey) else family
    public: Any = pair.public_key()
    shown = get_default_algorithms()[family].to_jwk(public, as_dict=True)
    return {name: value for name, value in shown.items() if name != "key_ops"} | {"kid": kid} | more


def private_jwk(pair: RSAPrivateKey, kid: str) -> dict[str, Any]:
    """Both halves, as no set should list them."""
    shown: dict[str, Any] = get_default_algorithms()["RS256"].to_jwk(pair, as_dict=True)
    return {name: value for name, value in shown.items() if name != "key_ops"} | {"kid": kid}


def key_set(*keys: Any) -> bytes:
    """A JSON Web Key Set."""
    return json.dumps({"keys": keys}).encode()


class Published:
    """Implements `auth.ports.KeySets`: what each source of keys says now, and how often it was asked."""

    def __init__(self, sets: Mapping[str, bytes]) -> None:
        """By `Issuer.key_source`; what is not there, cannot be had. `gate`, when closed, holds every answer back."""
        self.sets = dict(sets)
        self.fetches = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.asked = asyncio.Event()

    async def fetch(self, issuer: Issuer) -> bytes:
        """Every fetch counts, answered or not."""
        self.fetches += 1
        self.asked.set()
        await self.gate.wait()
        if issuer.key_source not in self.sets:
            raise KeySetUnavailable("The issuer is down.")
        return self.sets[issuer.key_source]

    async def was_asked(self) -> None:
        """Wait for a fetch since `asked` was cleared; one that never comes fails the test."""
        async with asyncio.timeout(30):
            await self.asked.wait()


def encoded(part: object) -> str:
    """A part of a token: bytes as they are, anything else as JSON."""
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def changed(given: Mapping[str, Any], by: Mapping[str, Any]) -> dict[str, Any]:
    """A copy with members added, replaced and taken away."""
    return {name: value for name, value in {**given, **by}.items() if value is not ABSENT}


def signed(pair: Private | bytes, algorithm: str, header: object, claims: object) -> str:
    """A token signed by that algorithm, whatever its header says; bytes are the secret of an HMAC."""
    text = f"{encoded(header)}.{encoded(claims)}"
    if isinstance(pair, bytes):
        signature = hmac.digest(pair, text.encode(), hashlib.sha256)
    else:
        signature = get_default_algorithms()[algorithm].sign(text.encode(), pair)
    return f"{text}.{encoded(signature)}"


def now() -> int:
    """The moment at which the clock of a test is held."""
    return int(START.timestamp())


CLAIMS: dict[str, Any] = {
    "iss": ISSUER.url,
    "aud": AUDIENCE,
    "sub": "person-1",
    "iat": now(),
    "nbf": now(),
    "exp": now() + 3600,
    "jti": "token-1",
    "name": "Ada Lovelace",
    "scope": "tenant.devices.read tenant.areas.read",
    "client_id": "portal",
    "email": "ada@acme.example",
}
HEADER: dict[str, Any] = {"alg": "RS256", "typ": "at+jwt", "kid": "main"}

ENTRA_CLAIMS: dict[str, Any] = {
    "iss": ENTRA.url,
    "aud": API,
    "sub": "pairwise-1",
    "oid": OID,
    "tid": TID,
    "ver": "2.0",
    "iat": now(),
    "nbf": now(),
    "exp": now() + 3600,
    "uti": "uti-1",
    "name": "Ada Lovelace",
    "preferred_username": "ada@acme.example",
    "scp": "access_as_user",
    "roles": ["Devices.Read"],
}
ENTRA_HEADER: dict[str, Any] = {"alg": "RS256", "typ": "JWT", "kid": "entra"}


def token(pair: Private | bytes | None = None, algorithm: str = "RS256", header: object = None, **claims: Any) -> str:
    """A good token of ISSUER, but for what is said; `header` adds to its header, or replaces it where it is bytes."""
    top = header if isinstance(header, bytes) else changed({**HEADER, "alg": algorithm}, _mapping(header))
    return signed(pair or rsa_pair("main"), algorithm, top, changed(CLAIMS, claims))


def entra_token(pair: RSAPrivateKey | None = None, header: object = None, **claims: Any) -> str:
    """As `token`, of ENTRA."""
    top = changed(ENTRA_HEADER, _mapping(header))
    return signed(pair or rsa_pair("entra"), "RS256", top, changed(ENTRA_CLAIMS, claims))


def published(*more: dict[str, Any], entra_keys: Sequence[dict[str, Any]] | None = None) -> Published:
    """What both issuers publish while all is well, and `more` keys of ISSUER's."""
    template = "https://login.microsoftonline.com/{tenantid}/v2.0"
    of_entra = entra_keys or [jwk(rsa_pair("entra"), "entra", use="sig", issuer=template)]
    return Published(
        {
            ISSUER.key_source: key_set(jwk(rsa_pair("main"), "main", use="sig", alg="RS256"), *more),
            ENTRA.key_source: key_set(*of_entra),
        }
    )


def public_pem(pair: RSAPrivateKey) -> bytes:
    """The public half as a file shows it."""
    return pair.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def thumbprint(text: str) -> str:
    """A certificate's name in `x5t`."""
    return encoded(hashlib.sha1(text.encode(), usedforsecurity=False).digest())


def _mapping(header: object) -> Mapping[str, Any]:
    return header if isinstance(header, Mapping) else {}

"""From a JSON Web Key Set to the keys that may verify tokens: each bound to what it is for (RFC 7517, RFC 8725 3.1)."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import jwt
import structlog

# Of one set; what comes after them is not read.
MOST_KEYS = 100
RSA_BITS = range(2048, 8192 + 1)
LONGEST_NAME = 256
log = structlog.get_logger("tenantry.oidc")

# The members that make a key what it is (RFC 7638), and by curve the algorithms that it can verify.
_MEMBERS = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x")}
_ALGORITHMS: dict[tuple[str, str | None], frozenset[str]] = {
    ("RSA", None): frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}),
    ("EC", "P-256"): frozenset({"ES256"}),
    ("EC", "P-384"): frozenset({"ES384"}),
    ("EC", "P-521"): frozenset({"ES512"}),
    ("OKP", "Ed25519"): frozenset({"EdDSA"}),
}


@dataclass(frozen=True, slots=True)
class Key:
    """A public key of an issuer. Two are equal when they are the same key for the same purpose.

    `issuer` is whose tokens it signs, where the set says so: Entra does, with `{tenantid}` in the set of all tenants.
    """

    kid: str
    algorithms: frozenset[str]
    issuer: str | None
    thumbprint: str
    public: Any = field(compare=False, repr=False)


def keys_of(document: bytes) -> Mapping[str, Key]:
    """The usable keys of a set, by their ids. A set that is well formed may hold none: then all are withdrawn.

    Raises:
        ValueError: it is no JSON Web Key Set.
    """
    try:
        said = json.loads(document)
    except RecursionError as error:
        raise ValueError("It nests too deep.") from error
    listed = said.get("keys") if isinstance(said, dict) else None
    if not isinstance(listed, list):
        raise ValueError(  # noqa: TRY004 (a document is wrong, no argument)
            "It is no JSON Web Key Set: it has no list of keys."
        )
    found: dict[str, Key] = {}
    for each in listed[:MOST_KEYS]:
        key = _key(each) if isinstance(each, dict) else None
        if key is not None:
            found.setdefault(key.kid, key)
    if len(found) < len(listed):
        log.debug("keys of a set are not used", listed=len(listed), used=len(found))
    return MappingProxyType(found)


def _key(said: dict[str, Any]) -> Key | None:
    """A key for signatures, large enough, with a name; or nothing."""
    kid, issuer = said.get("kid"), said.get("issuer")
    kty, crv = said.get("kty"), said.get("crv")
    if not isinstance(kid, str) or not 0 < len(kid) <= LONGEST_NAME or not isinstance(issuer, str | None):
        return None
    if not isinstance(kty, str) or not isinstance(crv, str | None) or not _is_for_verifying(said):
        return None
    algorithms = _ALGORITHMS.get((kty, crv if kty != "RSA" else None), frozenset())
    if said.get("alg") is not None:
        algorithms &= {str(said["alg"])}
    if not algorithms or not all(isinstance(said.get(name), str) for name in _MEMBERS[kty]):
        return None
    public = _public(said, min(algorithms))
    if public is None or (kty == "RSA" and public.key_size not in RSA_BITS):
        return None
    defining = json.dumps({name: said[name] for name in _MEMBERS[kty]}, separators=(",", ":"), sort_keys=True)
    return Key(kid, algorithms, issuer, hashlib.sha256(defining.encode()).hexdigest(), public)


def _is_for_verifying(said: dict[str, Any]) -> bool:
    """A set that shows the private half of a key, shows it to everybody: then it proves nothing."""
    operations = said.get("key_ops")
    can_verify = operations is None or (isinstance(operations, list) and "verify" in operations)
    return said.get("use") in (None, "sig") and can_verify and "d" not in said and "k" not in said


def _public(said: dict[str, Any], algorithm: str) -> Any:
    try:
        return jwt.PyJWK(said, algorithm).key
    except (jwt.PyJWTError, ValueError):
        return None

"""From the text of a bearer token to what it says, or a refusal: by its issuer's keys, at its issuer's terms."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from jwt.types import Options

from auth.oidc.claims import verified
from auth.oidc.faults import Fault, Faulty, refusal_of
from auth.oidc.issuer import TENANT_ID, Issuer, IssuerKind, TypPolicy
from auth.oidc.jwk import Key
from auth.oidc.keys import Keys
from auth.oidc.verified import VerifiedToken
from models.clock import Clock

# Of a token, before anything of it is read.
LONGEST = 16 * 1024
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_VERSION_1 = "https://sts.windows.net/"
# PyJWT compares no times: it knows no clock of ours, and takes what is no date.
_NO_TIMES: Options = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}


@dataclass(frozen=True, slots=True)
class Proven:
    """What a token says, and by whose key and terms it was found to."""

    token: VerifiedToken
    issuer: Issuer
    key: Key


async def verify(text: str, issuers: Iterable[Issuer], keys: Keys, clock: Clock) -> VerifiedToken:
    """What a token of one of the issuers says. `auth.oidc.verifier` keeps it too.

    Raises:
        Refusal: UNAUTHENTICATED with its challenge, or UNAVAILABLE where the issuer's keys cannot be had.
    """
    return (await prove(text, issuers, keys, clock)).token


async def prove(text: str, issuers: Iterable[Issuer], keys: Keys, clock: Clock) -> Proven:
    """As `verify`, with what it was found by."""
    try:
        header, claims = _unverified(text)
        issuer = _issuer(claims, tuple(issuers))
        kid = _key_id(header, issuer)
        key = await keys.get(issuer, kid)
        if key is None or not _signs_for(key, issuer):
            raise Faulty(Fault.UNKNOWN_KEY)
        if header["alg"] not in key.algorithms:
            raise Faulty(Fault.WRONG_ALGORITHM)
        signed = _signed_claims(text, issuer, key)
        return Proven(verified(signed, issuer, clock.now()), issuer, key)
    except Faulty as faulty:
        raise refusal_of(faulty.fault) from None


def _unverified(text: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Header and claims, of which nothing is known yet."""
    if len(text) > LONGEST:
        raise Faulty(Fault.TOO_LONG)
    if _COMPACT.fullmatch(text) is None:
        raise Faulty(Fault.MALFORMED)
    try:
        read = jwt.decode_complete(text, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError) as error:
        raise Faulty(Fault.MALFORMED) from error
    return read["header"], read["payload"]


def _issuer(claims: Mapping[str, Any], issuers: tuple[Issuer, ...]) -> Issuer:
    """The one that the token claims to be of: exactly its address, and among several with it by the audience."""
    named, audience = claims.get("iss"), claims.get("aud")
    of_it = [issuer for issuer in issuers if issuer.url == named]
    if not of_it:
        raise Faulty(_unknown_issuer(named, issuers))
    meant_for = audience if isinstance(audience, list) else [audience]
    for issuer in of_it:
        if issuer.audience in meant_for:
            return issuer
    raise Faulty(Fault.MISSING_CLAIM if audience is None else Fault.WRONG_AUDIENCE)


def _unknown_issuer(named: object, issuers: tuple[Issuer, ...]) -> Fault:
    if named is None:
        return Fault.MISSING_CLAIM
    has_entra = any(issuer.kind is IssuerKind.ENTRA for issuer in issuers)
    of_version_1 = isinstance(named, str) and named.startswith(_VERSION_1)
    return Fault.VERSION_1 if has_entra and of_version_1 else Fault.UNKNOWN_ISSUER


def _key_id(header: Mapping[str, Any], issuer: Issuer) -> str:
    """The name of the key; it is only ever looked up among those that the issuer published."""
    if "crit" in header or "b64" in header:
        raise Faulty(Fault.CRITICAL)
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in issuer.algorithms:
        raise Faulty(Fault.WRONG_ALGORITHM)
    if not _is_of_type(header.get("typ"), issuer.typ):
        raise Faulty(Fault.WRONG_TYP)
    kid = header.get("kid")
    if not isinstance(kid, str) or not kid:
        raise Faulty(Fault.NO_KEY_ID)
    return kid


def _is_of_type(typ: object, policy: TypPolicy) -> bool:
    if typ is None:
        return policy is not TypPolicy.ACCESS_TOKEN
    said = typ.lower().removeprefix("application/") if isinstance(typ, str) else None
    allowed = (TypPolicy.ACCESS_TOKEN, TypPolicy.JWT) if policy is TypPolicy.EITHER else (policy,)
    return said in [each.value.lower() for each in allowed]


def _signs_for(key: Key, issuer: Issuer) -> bool:
    """Entra publishes the keys of other tenants and clouds too, and says of each whose it is."""
    if issuer.kind is IssuerKind.OIDC or issuer.tid is None:
        return True
    return key.issuer is not None and key.issuer.replace(TENANT_ID, issuer.tid) == issuer.url


def _signed_claims(text: str, issuer: Issuer, key: Key) -> Mapping[str, Any]:
    try:
        claims: dict[str, Any] = jwt.decode(
            text,
            key.public,
            algorithms=sorted(issuer.algorithms & key.algorithms),
            audience=issuer.audience,
            issuer=issuer.url,
            options=_NO_TIMES,
        )
    except jwt.InvalidSignatureError as error:
        raise Faulty(Fault.BAD_SIGNATURE) from error
    except jwt.MissingRequiredClaimError as error:
        raise Faulty(Fault.MISSING_CLAIM) from error
    except jwt.InvalidAudienceError as error:
        raise Faulty(Fault.WRONG_AUDIENCE) from error
    except (jwt.PyJWTError, ValueError) as error:
        raise Faulty(Fault.BAD_CLAIM) from error
    return claims

"""From the claims of a token whose signature holds to what it says; every claim is taken for hostile all the same.

Times are ours to compare, as PyJWT takes `exp` as a string and as 1e308, and asks the machine's clock.
"""

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from auth.oidc.faults import Fault, Faulty
from auth.oidc.issuer import Issuer, IssuerKind
from auth.oidc.verified import SubjectKey, VerifiedToken

Claims = Mapping[str, Any]

LONGEST_ID = 255
# Of a scope, role or group; directories give groups names with all that is above them.
LONGEST_NAME = 1024
# From the year 1 to 9999: beyond it, a whole number may be too large to be compared after an addition.
_DATES = (-62135596800, 253402300799)
REQUIRED = {
    IssuerKind.OIDC: ("aud", "exp", "iat", "iss", "sub"),
    IssuerKind.ENTRA: ("aud", "exp", "iat", "iss", "nbf", "oid", "sub", "tid", "ver"),
}
# Only ID tokens carry the first two, only logout and other event tokens the third.
_NOT_OF_ACCESS_TOKENS = ("at_hash", "c_hash", "events")


def verified(claims: Claims, issuer: Issuer, now: datetime) -> VerifiedToken:
    """What the token says, if all that decides is there, of the right type and true now.

    Raises:
        Faulty: otherwise.
    """
    if any(claims.get(name) is None for name in REQUIRED[issuer.kind]):
        raise Faulty(Fault.MISSING_CLAIM)
    if any(name in claims for name in _NOT_OF_ACCESS_TOKENS):
        raise Faulty(Fault.ID_TOKEN)
    if "cnf" in claims:
        raise Faulty(Fault.BOUND)
    expires_at = _expiry(claims, issuer, now)
    subject = _id(claims, "sub")
    scopes = _words(claims, "scp") | _words(claims, "scope")
    if issuer.kind is IssuerKind.ENTRA:
        is_app = _is_entra_app(claims, issuer)
        key, token_id = SubjectKey(_id(claims, "tid"), _guid(claims, "oid")), _optional_id(claims, "uti")
    else:
        # RFC 9068, section 2.2: a client that acts for itself is its own subject.
        is_app = subject in (claims.get("client_id"), claims.get("azp"))
        key, token_id = SubjectKey(issuer.url, subject), _optional_id(claims, "jti")
    return VerifiedToken(
        issuer=issuer.url,
        subject=key,
        name=_name(claims, is_app=is_app),
        scopes=scopes,
        roles=_names(claims, "roles"),
        groups=_names(claims, "groups"),
        has_more_groups=_has_more_groups(claims),
        issued_at=datetime.fromtimestamp(_date(claims, "iat"), UTC),
        expires_at=expires_at,
        token_id=token_id,
        is_app=is_app,
    )


def _expiry(claims: Claims, issuer: Issuer, now: datetime) -> datetime:
    moment, leeway = now.timestamp(), issuer.leeway.total_seconds()
    expires = _date(claims, "exp")
    if expires + leeway <= moment:
        raise Faulty(Fault.EXPIRED)
    if expires > moment + issuer.longest_life.total_seconds():
        raise Faulty(Fault.TOO_LONG_LIFE)
    if any(_date(claims, name) > moment + leeway for name in ("iat", "nbf") if name in claims):
        raise Faulty(Fault.NOT_YET)
    return datetime.fromtimestamp(expires + leeway, UTC)


def _date(claims: Claims, name: str) -> float:
    """A NumericDate (RFC 7519, section 2): a number that can be reckoned with; booleans are none."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not _DATES[0] <= value <= _DATES[1]:
        raise Faulty(Fault.BAD_CLAIM)
    return value


def _is_entra_app(claims: Claims, issuer: Issuer) -> bool:
    """Whether a token of Entra is a program's; an ID token for the same client is neither that nor a person's."""
    if claims["ver"] == "1.0":
        raise Faulty(Fault.VERSION_1)
    if claims["ver"] != "2.0":
        raise Faulty(Fault.BAD_CLAIM)
    if claims["tid"] != issuer.tid:
        raise Faulty(Fault.WRONG_TENANT)
    is_app = claims.get("idtyp") == "app"
    if is_app is bool(_words(claims, "scp")):
        raise Faulty(Fault.NO_USER_NO_APP)
    return is_app


def _has_more_groups(claims: Claims) -> bool:
    """Entra's overage claim; the address in `_claim_sources` is never called."""
    named = claims.get("_claim_names")
    return (isinstance(named, dict) and "groups" in named) or claims.get("hasgroups") is True


def _id(claims: Claims, name: str) -> str:
    """A word that can be stored, compared and logged."""
    return _word(claims.get(name), LONGEST_ID)


def _word(value: object, longest: int = LONGEST_NAME) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= longest or not value.isprintable():
        raise Faulty(Fault.BAD_CLAIM)
    return value


def _optional_id(claims: Claims, name: str) -> str | None:
    return _id(claims, name) if name in claims else None


def _guid(claims: Claims, name: str) -> str:
    """In the one form that two spellings of it share."""
    try:
        return str(uuid.UUID(_id(claims, name)))
    except ValueError as error:
        raise Faulty(Fault.BAD_CLAIM) from error


def _words(claims: Claims, name: str) -> frozenset[str]:
    """Scopes: words with blanks between them (RFC 9068, section 2.2.3), or a list of them."""
    value = claims.get(name, "")
    return frozenset(map(_word, value.split())) if isinstance(value, str) else _names(claims, name)


def _names(claims: Claims, name: str) -> frozenset[str]:
    """A list of names; one name alone is no list, or its parts could be taken for names."""
    value = claims.get(name, [])
    if not isinstance(value, list):
        raise Faulty(Fault.BAD_CLAIM)
    return frozenset(map(_word, value))


def _name(claims: Claims, *, is_app: bool) -> str | None:
    """What to show; who has no name that can be shown has none."""
    for name in ("app_displayname", "client_id", "azp") if is_app else ("name", "preferred_username"):
        value = claims.get(name)
        if isinstance(value, str) and value.isprintable() and value.strip():
            return value.strip()[:LONGEST_ID]
    return None

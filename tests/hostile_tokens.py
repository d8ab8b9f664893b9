"""Tokens that mean harm, each with why it is refused, and what two issuers publish meanwhile."""

import json
from collections.abc import Callable
from typing import Any

from auth.oidc.faults import Fault
from auth.oidc.verification import LONGEST
from tests.oidc import (
    ABSENT,
    CLAIMS,
    ENTRA,
    ENTRA_CLAIMS,
    ENTRA_HEADER,
    HEADER,
    ISSUER,
    OTHER_TID,
    TID,
    ec_pair,
    ed_pair,
    encoded,
    entra_token,
    jwk,
    now,
    private_jwk,
    public_pem,
    rsa_pair,
    signed,
    thumbprint,
    token,
)

EVIL = rsa_pair("evil")
DAY = 24 * 3600
DEEP = b"[" * 8000
# What ISSUER publishes besides the key that signs: none may verify a token but those for that very algorithm.
KEYS = [
    jwk(ec_pair("ec"), "ec", alg="ES256"),
    jwk(ed_pair("ed"), "ed"),
    jwk(rsa_pair("enc"), "enc", use="enc"),
    jwk(rsa_pair("wrap"), "wrap", alg="RSA-OAEP"),
    jwk(rsa_pair("signer"), "signer", key_ops=["sign"]),
    jwk(rsa_pair("tiny", 1024), "tiny", use="sig"),
    jwk(rsa_pair("labelled"), "labelled", alg="ES256"),
    private_jwk(rsa_pair("shown"), "shown"),
    {"kty": "oct", "kid": "oct", "k": encoded(b"secret"), "alg": "HS256"},
]
OF_ANOTHER_TENANT = f"https://login.microsoftonline.com/{OTHER_TID}/v2.0"
OF_CHINA = "https://login.partner.microsoftonline.cn/{tenantid}/v2.0"
ENTRA_KEYS = [
    jwk(rsa_pair("entra"), "entra", issuer="https://login.microsoftonline.com/{tenantid}/v2.0"),
    jwk(rsa_pair("tenant"), "tenant", issuer=OF_ANOTHER_TENANT),
    jwk(rsa_pair("china"), "china", issuer=OF_CHINA),
    jwk(rsa_pair("silent"), "silent"),
]


def without_signature(text: str) -> str:
    """The two parts that are left."""
    return text.rpartition(".")[0]


def resigned(text: str, **claims: Any) -> str:
    """Other claims under the signature of a good token."""
    header, _, signature = text.split(".")
    return f"{header}.{encoded({**CLAIMS, **claims})}.{signature}"


def embedded(**header: Any) -> str:
    """A token signed by a stranger whose header brings, or names, the stranger's key."""
    return token(EVIL, header=header)


HOSTILE: dict[str, tuple[Callable[[], str], Fault]] = {
    # The signature.
    "alg none": (lambda: f"{encoded({**HEADER, 'alg': 'none'})}.{encoded(CLAIMS)}.", Fault.MALFORMED),
    "alg none, signed": (lambda: token(header={"alg": "none"}), Fault.WRONG_ALGORITHM),
    "alg NoNe": (lambda: token(header={"alg": "NoNe"}), Fault.WRONG_ALGORITHM),
    "no alg": (lambda: token(header={"alg": ABSENT}), Fault.WRONG_ALGORITHM),
    "alg is a list": (lambda: token(header={"alg": ["RS256"]}), Fault.WRONG_ALGORITHM),
    "HS256 by the public key": (
        lambda: token(public_pem(rsa_pair("main")), "HS256"),
        Fault.WRONG_ALGORITHM,
    ),
    "HS256 by a published secret": (
        lambda: token(b"secret", "HS256", header={"kid": "oct"}),
        Fault.WRONG_ALGORITHM,
    ),
    "an algorithm that is not agreed": (
        lambda: token(rsa_pair("main"), "RS512"),
        Fault.WRONG_ALGORITHM,
    ),
    "unsigned": (lambda: without_signature(token()), Fault.MALFORMED),
    "stripped signature": (lambda: without_signature(token()) + ".", Fault.MALFORMED),
    "signature of zeros": (lambda: f"{without_signature(token())}.{encoded(bytes(256))}", Fault.BAD_SIGNATURE),
    "ECDSA signature of zeros": (
        lambda: f"{without_signature(token(ec_pair('ec'), 'ES256', {'kid': 'ec'}))}.{encoded(bytes(64))}",
        Fault.BAD_SIGNATURE,
    ),
    "signature of another token": (lambda: resigned(token(), sub="admin"), Fault.BAD_SIGNATURE),
    "key of nobody": (lambda: token(EVIL), Fault.BAD_SIGNATURE),
    "key of another issuer": (lambda: token(rsa_pair("entra"), header={"kid": "entra"}), Fault.UNKNOWN_KEY),
    "key of another issuer under our key's name": (lambda: token(rsa_pair("entra")), Fault.BAD_SIGNATURE),
    "withdrawn key": (lambda: token(rsa_pair("old"), header={"kid": "old"}), Fault.UNKNOWN_KEY),
    "encryption key": (lambda: token(rsa_pair("enc"), header={"kid": "enc"}), Fault.UNKNOWN_KEY),
    "key wrapping key": (lambda: token(rsa_pair("wrap"), header={"kid": "wrap"}), Fault.UNKNOWN_KEY),
    "key not meant to verify": (lambda: token(rsa_pair("signer"), header={"kid": "signer"}), Fault.UNKNOWN_KEY),
    "RSA key of 1024 bits": (lambda: token(rsa_pair("tiny", 1024), header={"kid": "tiny"}), Fault.UNKNOWN_KEY),
    "key whose private half is shown": (lambda: token(rsa_pair("shown"), header={"kid": "shown"}), Fault.UNKNOWN_KEY),
    "RSA key labelled ES256": (
        lambda: token(rsa_pair("labelled"), header={"kid": "labelled"}),
        Fault.UNKNOWN_KEY,
    ),
    "ES256 named with an RSA key": (
        lambda: token(ec_pair("ec"), "ES256", {"kid": "main"}),
        Fault.WRONG_ALGORITHM,
    ),
    "RS256 named with an EC key": (lambda: token(header={"kid": "ec"}), Fault.WRONG_ALGORITHM),
    "PS256 by a key for RS256": (lambda: token(rsa_pair("main"), "PS256"), Fault.WRONG_ALGORITHM),
    "EdDSA named with an RSA key": (lambda: token(ed_pair("ed"), "EdDSA"), Fault.WRONG_ALGORITHM),
    # What the header names.
    "no kid": (lambda: token(header={"kid": ABSENT}), Fault.NO_KEY_ID),
    "empty kid": (lambda: token(header={"kid": ""}), Fault.NO_KEY_ID),
    "kid is a number": (lambda: token(header={"kid": 7}), Fault.MALFORMED),
    "kid climbs out of a folder": (lambda: token(EVIL, header={"kid": "../../../dev/null"}), Fault.UNKNOWN_KEY),
    "kid is an address": (lambda: token(EVIL, header={"kid": "https://evil.example/key"}), Fault.UNKNOWN_KEY),
    "kid is SQL": (lambda: token(EVIL, header={"kid": "x' UNION SELECT 'secret"}), Fault.UNKNOWN_KEY),
    "kid holds a NUL and half a character": (lambda: token(EVIL, header={"kid": "\0\ud800"}), Fault.UNKNOWN_KEY),
    "jku": (lambda: embedded(jku="https://evil.example/jwks", kid="evil"), Fault.UNKNOWN_KEY),
    "jku under our key's name": (lambda: embedded(jku="https://evil.example/jwks"), Fault.BAD_SIGNATURE),
    "x5u": (lambda: embedded(x5u="https://evil.example/cert.pem"), Fault.BAD_SIGNATURE),
    "x5c": (lambda: embedded(x5c=[encoded(b"certificate")], x5t=thumbprint("evil")), Fault.BAD_SIGNATURE),
    "jwk": (lambda: embedded(jwk=jwk(EVIL, "main")), Fault.BAD_SIGNATURE),
    "crit": (lambda: token(header={"crit": ["exp"]}), Fault.MALFORMED),
    "crit b64": (lambda: token(header={"crit": ["b64"], "b64": True}), Fault.CRITICAL),
    "payload left out": (lambda: token(header={"crit": ["b64"], "b64": False}), Fault.MALFORMED),
    "typ JWT where access tokens say at+jwt": (lambda: token(header={"typ": "JWT"}), Fault.WRONG_TYP),
    "no typ": (lambda: token(header={"typ": ABSENT}), Fault.WRONG_TYP),
    "typ is a number": (lambda: token(header={"typ": 1}), Fault.WRONG_TYP),
    "typ of a logout token": (lambda: token(header={"typ": "logout+jwt"}), Fault.WRONG_TYP),
    # For whom it is, and of whom.
    "unknown issuer": (lambda: token(iss="https://evil.example"), Fault.UNKNOWN_ISSUER),
    "issuer with a slash more": (lambda: token(iss=f"{ISSUER.url}/"), Fault.UNKNOWN_ISSUER),
    "issuer in other letters": (lambda: token(iss=ISSUER.url.upper()), Fault.UNKNOWN_ISSUER),
    "issuer that begins alike": (lambda: token(iss=f"{ISSUER.url}.evil.example"), Fault.UNKNOWN_ISSUER),
    "issuer is a list": (lambda: token(iss=[ISSUER.url]), Fault.UNKNOWN_ISSUER),
    "no issuer": (lambda: token(iss=ABSENT), Fault.MISSING_CLAIM),
    "ID token for a client": (lambda: token(aud="portal", nonce="n"), Fault.WRONG_AUDIENCE),
    "ID token for us": (lambda: token(at_hash="hash"), Fault.ID_TOKEN),
    "logout token for us": (lambda: token(events={}), Fault.ID_TOKEN),
    "bound to a client's key": (lambda: token(cnf={"jkt": "thumbprint"}), Fault.BOUND),
    "no audience": (lambda: token(aud=ABSENT), Fault.MISSING_CLAIM),
    "audience is null": (lambda: token(aud=None), Fault.MISSING_CLAIM),
    "audience is an object": (lambda: token(aud={CLAIMS["aud"]: 1}), Fault.WRONG_AUDIENCE),
    "audience holds a number": (lambda: token(aud=[CLAIMS["aud"], 1]), Fault.WRONG_AUDIENCE),
    "audience that begins alike": (lambda: token(aud=f"{CLAIMS['aud']}.evil"), Fault.WRONG_AUDIENCE),
    "no audience in the list": (lambda: token(aud=[]), Fault.WRONG_AUDIENCE),
    "no subject": (lambda: token(sub=ABSENT), Fault.MISSING_CLAIM),
    "subject is null": (lambda: token(sub=None), Fault.BAD_CLAIM),
    "subject is empty": (lambda: token(sub=""), Fault.BAD_CLAIM),
    "subject is a number": (lambda: token(sub=1), Fault.BAD_CLAIM),
    "subject is a list": (lambda: token(sub=["person-1"]), Fault.BAD_CLAIM),
    "subject holds a NUL": (lambda: token(sub="person-1\0"), Fault.BAD_CLAIM),
    "subject is half a character": (lambda: token(sub="\ud800"), Fault.BAD_CLAIM),
    "subject of 300 characters": (lambda: token(sub="x" * 300), Fault.BAD_CLAIM),
    "token id is a number": (lambda: token(jti=1), Fault.BAD_CLAIM),
    "scope is a number": (lambda: token(scope=1), Fault.BAD_CLAIM),
    "scope is null": (lambda: token(scope=None), Fault.BAD_CLAIM),
    "roles are one text": (lambda: token(roles="not admin"), Fault.BAD_CLAIM),
    "roles hold an object": (lambda: token(roles=[{"admin": True}]), Fault.BAD_CLAIM),
    "groups are null": (lambda: token(groups=None), Fault.BAD_CLAIM),
    # When.
    "expired": (lambda: token(exp=now() - 61), Fault.EXPIRED),
    "no exp": (lambda: token(exp=ABSENT), Fault.MISSING_CLAIM),
    "exp is null": (lambda: token(exp=None), Fault.MISSING_CLAIM),
    "exp is text": (lambda: token(exp=str(now() + 60)), Fault.BAD_CLAIM),
    "exp is true": (lambda: token(exp=True), Fault.BAD_CLAIM),
    "exp is 1e308": (lambda: token(exp=1e308), Fault.BAD_CLAIM),
    "exp is infinite": (lambda: token(exp=float("inf")), Fault.BAD_CLAIM),
    "exp is not a number": (lambda: token(exp=float("nan")), Fault.BAD_CLAIM),
    "exp of 400 digits": (lambda: token(exp=10**400), Fault.BAD_CLAIM),
    "exp is negative": (lambda: token(exp=-1), Fault.EXPIRED),
    "exp is a list": (lambda: token(exp=[now() + 60]), Fault.BAD_CLAIM),
    "exp beyond a day": (lambda: token(exp=now() + DAY + 31), Fault.TOO_LONG_LIFE),
    "exp in milliseconds": (lambda: token(exp=(now() + 60) * 1000), Fault.BAD_CLAIM),
    "no iat": (lambda: token(iat=ABSENT), Fault.MISSING_CLAIM),
    "iat in the future": (lambda: token(iat=now() + 120), Fault.NOT_YET),
    "iat is text": (lambda: token(iat=str(now())), Fault.BAD_CLAIM),
    "nbf in the future": (lambda: token(nbf=now() + 120), Fault.NOT_YET),
    "nbf is null": (lambda: token(nbf=None), Fault.BAD_CLAIM),
    # What is no token at all.
    "empty": (lambda: "", Fault.MALFORMED),
    "dots": (lambda: "..", Fault.MALFORMED),
    "five parts": (lambda: "a.b.c.d.e", Fault.MALFORMED),
    "garbage in base64": (lambda: "%%%.%%%.%%%", Fault.MALFORMED),
    "padded": (lambda: f"{token()}==", Fault.MALFORMED),
    "line end": (lambda: f"{token()}\n", Fault.MALFORMED),
    "not ASCII": (lambda: "é.ü.ß", Fault.MALFORMED),
    "half a character": (lambda: "\ud800.\ud800.\ud800", Fault.MALFORMED),
    "1 MiB": (lambda: "a" * (1 << 20), Fault.TOO_LONG),
    "longer than is read": (lambda: token(note="x" * LONGEST), Fault.TOO_LONG),
    "header nests deep": (lambda: token(header=DEEP), Fault.MALFORMED),
    "claims nest deep": (lambda: signed(rsa_pair("main"), "RS256", HEADER, DEEP), Fault.MALFORMED),
    "claims nest deep inside": (
        lambda: signed(rsa_pair("main"), "RS256", HEADER, json.dumps(CLAIMS).encode()[:-1] + b', "x": ' + DEEP),
        Fault.MALFORMED,
    ),
    "claims are a list": (lambda: signed(rsa_pair("main"), "RS256", HEADER, []), Fault.MALFORMED),
    "claims are null": (lambda: signed(rsa_pair("main"), "RS256", HEADER, None), Fault.MALFORMED),
    "header is null": (lambda: signed(rsa_pair("main"), "RS256", None, CLAIMS), Fault.MALFORMED),
    "claims are no JSON": (lambda: signed(rsa_pair("main"), "RS256", HEADER, b"\xff\xfe{"), Fault.MALFORMED),
    "a number of 5000 digits": (
        lambda: signed(rsa_pair("main"), "RS256", HEADER, b'{"exp": ' + b"9" * 5000 + b"}"),
        Fault.MALFORMED,
    ),
    # Entra.
    "Entra: version 1 by its issuer": (
        lambda: entra_token(iss=f"https://sts.windows.net/{TID}/", ver="1.0"),
        Fault.VERSION_1,
    ),
    "Entra: version 1": (lambda: entra_token(ver="1.0"), Fault.VERSION_1),
    "Entra: version 3": (lambda: entra_token(ver="3.0"), Fault.BAD_CLAIM),
    "Entra: version is a number": (lambda: entra_token(ver=2.0), Fault.BAD_CLAIM),
    "Entra: another tenant": (
        lambda: entra_token(iss=ENTRA.url.replace(TID, OTHER_TID), tid=OTHER_TID),
        Fault.UNKNOWN_ISSUER,
    ),
    "Entra: the template as issuer": (lambda: entra_token(iss=ENTRA.issuer), Fault.UNKNOWN_ISSUER),
    "Entra: another tid": (lambda: entra_token(tid=OTHER_TID), Fault.WRONG_TENANT),
    "Entra: no tid": (lambda: entra_token(tid=ABSENT), Fault.MISSING_CLAIM),
    "Entra: no oid": (lambda: entra_token(oid=ABSENT), Fault.MISSING_CLAIM),
    "Entra: oid is an e-mail address": (lambda: entra_token(oid="ada@acme.example"), Fault.BAD_CLAIM),
    "Entra: no nbf": (lambda: entra_token(nbf=ABSENT), Fault.MISSING_CLAIM),
    "Entra: a token for Graph": (
        lambda: entra_token(aud="00000003-0000-0000-c000-000000000000"),
        Fault.WRONG_AUDIENCE,
    ),
    "Entra: ID token for us": (lambda: entra_token(scp=ABSENT), Fault.NO_USER_NO_APP),
    "Entra: app and person at once": (lambda: entra_token(idtyp="app"), Fault.NO_USER_NO_APP),
    "Entra: key of another tenant": (
        lambda: entra_token(rsa_pair("tenant"), {"kid": "tenant"}),
        Fault.UNKNOWN_KEY,
    ),
    "Entra: key of another cloud": (lambda: entra_token(rsa_pair("china"), {"kid": "china"}), Fault.UNKNOWN_KEY),
    "Entra: key of nobody": (lambda: entra_token(rsa_pair("silent"), {"kid": "silent"}), Fault.UNKNOWN_KEY),
    "Entra: signed by another issuer": (lambda: entra_token(rsa_pair("main"), {"kid": "main"}), Fault.UNKNOWN_KEY),
    "Entra: HS256 by the public key": (
        lambda: signed(public_pem(rsa_pair("entra")), "HS256", {**ENTRA_HEADER, "alg": "HS256"}, ENTRA_CLAIMS),
        Fault.WRONG_ALGORITHM,
    ),
}

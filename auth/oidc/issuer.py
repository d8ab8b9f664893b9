"""What is trusted of one issuer: declared by whoever runs the server, checked before anything is verified by it."""

import uuid
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from urllib.parse import urlsplit

# Of a key pair alone: who can verify by one of these cannot sign.
ASYMMETRIC = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"},
)
RS256 = frozenset({"RS256"})
# Where Entra's metadata for several tenants say which one.
TENANT_ID = "{tenantid}"


class IssuerKind(StrEnum):
    """By whose rules a token is read."""

    OIDC = "OIDC"
    ENTRA = "ENTRA"


class TypPolicy(StrEnum):
    """What the `typ` of a token's header has to be; in any case of letters, `application/` before it or not."""

    ACCESS_TOKEN = "at+jwt"  # noqa: S105
    JWT = "JWT"
    EITHER = "either"


@dataclass(frozen=True, slots=True)
class Issuer:
    """One who signs tokens, and what its tokens have to be.

    `issuer` is the address as the tokens' `iss` says it, for Entra also with `{tenantid}`. `jwks_uri` is where its keys
    are; without it, its metadata tell. `tid` is the one Entra tenant whose tokens are taken. JWT is also the `typ` of
    a token whose header says none.
    """

    issuer: str
    audience: str
    kind: IssuerKind = IssuerKind.OIDC
    algorithms: frozenset[str] = RS256
    typ: TypPolicy = TypPolicy.ACCESS_TOKEN
    jwks_uri: str | None = None
    tid: str | None = None
    leeway: timedelta = timedelta(seconds=60)
    longest_life: timedelta = timedelta(hours=24)

    def __post_init__(self) -> None:
        """Raises ValueError for what nobody can have meant: found at start-up."""
        for address in (self.url, self.jwks_uri):
            if address is not None and not _is_https(address):
                raise ValueError(f"{address!r} is no address of an issuer: give https://host/path, no query.")
        if not self.audience:
            raise ValueError(f"The issuer {self.issuer} needs an audience: what its tokens' `aud` has to name.")
        if not self.algorithms or not self.algorithms <= ASYMMETRIC:
            raise ValueError(f"The algorithms of {self.issuer} have to be of {', '.join(sorted(ASYMMETRIC))}.")
        if not timedelta() <= self.leeway < self.longest_life:
            raise ValueError(f"The leeway of {self.issuer} has to be shorter than the longest life of its tokens.")
        if self.kind is IssuerKind.ENTRA:
            self._check_entra()
        elif self.tid is not None:
            raise ValueError(f"{self.issuer} has a tid: that belongs to the kind ENTRA alone.")

    @property
    def url(self) -> str:
        """The exact `iss` of its tokens."""
        return self.issuer if self.tid is None else self.issuer.replace(TENANT_ID, self.tid)

    @property
    def metadata_uri(self) -> str:
        """Where OpenID Connect Discovery 1.0 puts what an issuer says of itself."""
        return f"{self.url.rstrip('/')}/.well-known/openid-configuration"

    @property
    def key_source(self) -> str:
        """Where its keys are asked for; issuers that share it share their keys."""
        return self.jwks_uri or self.metadata_uri

    def _check_entra(self) -> None:
        if self.tid is None or not _is_guid(self.tid):
            raise ValueError(f"{self.issuer} is of the kind ENTRA: its tid has to be a GUID in lower case.")
        if self.tid not in self.url:
            raise ValueError(f"{self.issuer} has to name its tenant: put {TENANT_ID} where the tid belongs.")
        if self.algorithms != RS256 or self.typ is TypPolicy.ACCESS_TOKEN:
            raise ValueError("Entra signs by RS256 and says typ JWT: leave its algorithms, and let typ be JWT.")


def entra(tid: str, audience: str, authority: str = "https://login.microsoftonline.com") -> Issuer:
    """A tenant of Entra ID, endpoints v2.0; `audience` is the client id of the API's registration."""
    return Issuer(
        issuer=f"{authority}/{TENANT_ID}/v2.0",
        audience=audience,
        kind=IssuerKind.ENTRA,
        typ=TypPolicy.JWT,
        tid=tid,
    )


def _is_https(address: str) -> bool:
    try:
        parts = urlsplit(address)
        named = bool(parts.hostname) and parts.username is None and (parts.port or 443) > 0
    except ValueError:
        return False
    plain = address.isascii() and address.isprintable() and not set(address) & set(" ?#\\{}")
    return parts.scheme == "https" and named and plain


def _is_guid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False

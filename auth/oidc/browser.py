"""The client by which people sign in to the explorer: what a page may know of an issuer, and nothing secret.

Its origins go into the policy that the page is served with, so each is checked to the letter.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from auth.oidc.issuer import Issuer, IssuerKind

# As a Content-Security-Policy spells it (CSP 3, host-source): no path, no number of IPv6.
ORIGIN = re.compile(r"https://[a-z0-9-]+(?:\.[a-z0-9-]+)*(?::[0-9]{1,5})?")
LONGEST_LABEL = 60
# What the explorer says itself, or what would say it in its place.
RESERVED = frozenset(
    {
        "client_assertion", "client_id", "client_secret", "code", "code_challenge", "code_challenge_method",
        "code_verifier", "grant_type", "nonce", "redirect_uri", "request", "request_uri", "response_mode",
        "response_type", "scope", "state",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class BrowserClient:
    """A public client of an issuer (RFC 6749, section 2.1).

    A person picks it by its `label`. `parameters` are what the issuer wants to be told besides, such as `resource`
    (RFC 8707) or `audience`. `elsewhere` are origins of its endpoints that are not the issuer's own.
    """

    issuer: Issuer
    client_id: str
    scope: str
    label: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    elsewhere: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raises ValueError for what nobody can have meant: found at start-up."""
        for name, value in (("client_id", self.client_id), ("scope", self.scope), ("label", self.label)):
            if not value.strip() or not value.isprintable():
                raise ValueError(f"the {name} of a browser has to be words: {value!r}")
        if len(self.label) > LONGEST_LABEL:
            raise ValueError(f"the label of a browser stands on a button: give at most {LONGEST_LABEL} characters")
        if "openid" not in self.scope.split():
            raise ValueError(f"the scope of a browser has to name openid beside what it asks for: {self.scope!r}")
        reserved = sorted(RESERVED & self.parameters.keys())
        if reserved:
            raise ValueError(f"the parameter {reserved[0]!r} of a browser is for the explorer to say: leave it out")
        for origin in self.origins:
            if not ORIGIN.fullmatch(origin):
                raise ValueError(f"{origin!r} is no origin that a browser can be told of: give https://host:port")

    @property
    def origins(self) -> tuple[str, ...]:
        """Where the page may send what belongs to a sign-in: the issuer's own origin first."""
        parts = urlsplit(self.issuer.url)
        port = "" if parts.port in (None, 443) else f":{parts.port}"
        return (f"https://{parts.hostname}{port}", *self.elsewhere)


def scope_of(issuer: Issuer) -> str:
    """What to ask for where nothing is said; Entra names the API in the scope, elsewhere a parameter does."""
    if issuer.kind is IssuerKind.ENTRA:
        return f"openid profile api://{issuer.audience}/.default"
    return "openid profile"

"""From a request's headers to the one token that they present, or a refusal: never "first wins" (RFC 6750).

Credentials come by header only: no cookie, no query parameter, so that a browser never sends them unasked.
"""

from collections.abc import Collection
from ipaddress import IPv4Address, IPv6Address
from typing import TypeAlias

from auth.codes import Code, Refusal

# As ASGI gives them: names in lower case, values as they came.
Headers: TypeAlias = Collection[tuple[bytes, bytes]]
# Where a request comes from.
Address: TypeAlias = IPv4Address | IPv6Address

REALM = "tenantry"
HINT = "Send a token: `Authorization: Bearer …` or `X-Auth-Token: …`."


class Indexed(list[tuple[bytes, bytes]]):
    """A request's headers, in which every door looks for a dozen names: most are not there, or once."""

    def __init__(self, headers: Headers) -> None:
        super().__init__(headers)
        self.last = dict(self)
        self.repeats = len(self.last) < len(self)


def raw(headers: Headers, name: bytes) -> list[bytes]:
    """Every value that a header was sent with, in order, as it came."""
    if isinstance(headers, Indexed):
        if name not in headers.last:
            return []
        if not headers.repeats:
            return [headers.last[name]]
    return [value for key, value in headers if key == name]


def values(headers: Headers, name: bytes) -> list[str]:
    """Every value that a header was sent with, in order."""
    found = raw(headers, name)
    return [value.decode("latin-1") for value in found] if found else []


def presented_token(headers: Headers) -> str:
    """The text after `Authorization: Bearer`, or of `X-Auth-Token`; it need not be a token of ours.

    Raises:
        Refusal: UNAUTHENTICATED without any credentials of these kinds, BAD_REQUEST with doubtful ones.
    """
    authorization, own = values(headers, b"authorization"), values(headers, b"x-auth-token")
    if not authorization and not own:
        raise _no_credentials(HINT)
    if len(authorization) + len(own) > 1:
        raise _doubtful("Send one credential, once: Authorization or X-Auth-Token, not both, neither twice.")
    if own:
        return _single(own[0])
    scheme, _, rest = authorization[0].strip(" \t").partition(" ")
    if scheme and scheme.lower() != "bearer":
        raise _no_credentials(f"Another scheme than Bearer is not known here. {HINT}")
    return _single(rest)


def challenge(error: str | None = None, description: str | None = None) -> tuple[tuple[str, str], ...]:
    """The headers that go with a refusal; no `error` where nothing was presented (RFC 6750, section 3.1)."""
    details = (("realm", REALM), ("error", error), ("error_description", description))
    said = ", ".join(f'{name}="{value}"' for name, value in details if value is not None)
    return (("www-authenticate", f"Bearer {said}"),)


def _single(value: str) -> str:
    """One token: no blank, no list. Blanks around a header's value are not part of it (RFC 9110, 5.5)."""
    text = value.strip(" \t")
    if not text or "," in text or text.split() != [text]:
        raise _doubtful("The credential is blank or a list: send one token.")
    return text


def _no_credentials(message: str) -> Refusal:
    return Refusal(Code.UNAUTHENTICATED, message, headers=challenge())


def _doubtful(message: str) -> Refusal:
    return Refusal(Code.BAD_REQUEST, message, headers=challenge("invalid_request", message))

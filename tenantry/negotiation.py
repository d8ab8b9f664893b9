"""Which media type an answer has, and which bodies are read at all (GraphQL over HTTP, RFC 9110)."""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from auth.codes import Code, Refusal
from auth.credentials import Headers, values


class MediaType(StrEnum):
    """What answers are: the newer lets the HTTP status speak, the older says 200 to any well-formed request."""

    GRAPHQL = "application/graphql-response+json"
    JSON = "application/json"

    @property
    def content_type(self) -> str:
        """The header's value."""
        return f"{self}; charset=utf-8"


# For subscriptions; and for anything else where no single answer is acceptable.
EVENT_STREAM = "text/event-stream"
# Where a caller likes both alike. A wildcard alone means JSON: old clients send */* and know only 200.
PREFERENCE = {MediaType.GRAPHQL: 1, MediaType.JSON: 0}
WILDCARDS = ("application/*", "*/*")
UTF_8 = frozenset({"utf-8", "utf8"})
QUALITY = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")


@dataclass(frozen=True, slots=True)
class Accepted:
    """What the caller accepts: a media type for one answer (None: no such), and whether it would read a stream."""

    media_type: MediaType | None
    events: bool = False

    @property
    def shown(self) -> MediaType:
        """What a refusal is shown in, whatever is accepted."""
        return self.media_type or MediaType.JSON


def accepted(headers: Headers) -> Accepted:
    """What the caller accepts. Raises Refusal (NOT_ACCEPTABLE) where that is nothing of ours."""
    return _accepted(",".join(values(headers, b"accept")))


@lru_cache(maxsize=100)
def _accepted(accept: str) -> Accepted:
    if not accept.strip():
        return Accepted(MediaType.JSON)
    offered: dict[str, float] = {}
    for each in accept.split(","):
        media, parameters = parsed(each)
        if parameters.get("charset", "utf-8") in UTF_8:
            offered[media] = max(offered.get(media, 0.0), _quality(parameters))
    best = max(MediaType, key=lambda media: _rank(media, offered))
    events = offered.get(EVENT_STREAM, 0.0) > 0.0
    if _rank(best, offered)[0] == 0.0:
        if not events:
            raise Refusal(Code.NOT_ACCEPTABLE, f"Answers are {' or '.join(MediaType)}: accept one of them.")
        return Accepted(None, events=True)
    return Accepted(best, events)


def check_body(headers: Headers) -> None:
    """Refuse a body that is not plain JSON in UTF-8. Raises Refusal (UNSUPPORTED_MEDIA_TYPE)."""
    _check_body(tuple(values(headers, b"content-type")), tuple(values(headers, b"content-encoding")))


@lru_cache(maxsize=100)
def _check_body(types: tuple[str, ...], encodings: tuple[str, ...]) -> None:
    media, parameters = parsed(types[0]) if len(types) == 1 else ("", {})
    if media != MediaType.JSON:
        raise Refusal(Code.UNSUPPORTED_MEDIA_TYPE, "Send the request as `Content-Type: application/json`, once.")
    if parameters.get("charset", "utf-8") not in UTF_8:
        raise Refusal(Code.UNSUPPORTED_MEDIA_TYPE, "Send JSON in UTF-8; no other charset is read.")
    if any(coding.strip().lower() not in {"", "identity"} for coding in encodings):
        plain = (("accept-encoding", "identity"),)
        raise Refusal(Code.UNSUPPORTED_MEDIA_TYPE, "Send the body without Content-Encoding.", headers=plain)


def parsed(text: str) -> tuple[str, dict[str, str]]:
    """A media type or range, and its parameters; names in lower case, values too and without their quotes."""
    media, *rest = text.split(";")
    pairs = (each.partition("=") for each in rest)
    return media.strip().lower(), {name.strip().lower(): value.strip().strip('"').lower() for name, _, value in pairs}


def _quality(parameters: dict[str, str]) -> float:
    text = parameters.get("q", "1")
    return float(text) if QUALITY.fullmatch(text) else 0.0


def _rank(media: MediaType, offered: dict[str, float]) -> tuple[float, bool, int]:
    """How much a type is wanted: by its own name if that is said, else by a wildcard, which never prefers."""
    if media in offered:
        return offered[media], True, PREFERENCE[media]
    wildcard = next((offered[each] for each in WILDCARDS if each in offered), 0.0)
    return wildcard, False, -PREFERENCE[media]

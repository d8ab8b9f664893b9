"""Why a connection ends: the close codes, of which those from 4400 on are the protocol's.

Published, forever: a code may be added, none given another meaning.
"""

from enum import IntEnum
from typing import Self

# A close frame's reason has room for so many bytes (RFC 6455, 5.5).
MOST_BYTES = 123


class CloseCode(IntEnum):
    """A number; the meaning is the reason too, unless a better one is known."""

    meaning: str

    def __new__(cls, value: int, meaning: str) -> Self:
        """A code is its number; the meaning travels with it."""
        code = int.__new__(cls, value)
        code._value_ = value
        code.meaning = meaning
        return code

    PROTOCOL_ERROR = 1002, "A frame breaks the WebSocket protocol."
    INVALID_TEXT = 1007, "A message is not UTF-8."
    TOO_BIG = 1009, "A message is larger than 64 KiB."
    UNANSWERED = 1011, "A WebSocket ping was not answered within 20 s."
    RESTART = 1012, "The server stops; connect again."
    TRY_AGAIN_LATER = 1013, "Too many connections, or failed authentications, or the database does not answer."
    BAD_MESSAGE = 4400, "A message is malformed, binary, or of no type that a client sends."
    UNAUTHORIZED = 4401, "Subscribed before the connection was acknowledged."
    FORBIDDEN = 4403, "No good credentials, or no longer: revoked, expired, suspended."
    SUBPROTOCOL_NOT_ACCEPTABLE = 4406, "Subprotocol not acceptable"
    INIT_TIMEOUT = 4408, "Connection initialisation timeout"
    SUBSCRIBER_EXISTS = 4409, "A subscription of that id is under way."
    TOO_MANY_INITS = 4429, "Too many initialisation requests"
    INTERNAL = 4500, "A fault of ours; the error id in the reason finds it in the logs."


class Closing(Exception):
    """The connection is to be closed, and the client told why."""

    def __init__(self, code: CloseCode, reason: str | None = None) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = bounded(code.meaning if reason is None else reason)


class Gone(Exception):
    """There is nobody to tell: the client left, the server stops, or nothing that is sent is read."""


def bounded(reason: str) -> str:
    """As much of it as a close frame holds, whole characters."""
    return reason.encode()[:MOST_BYTES].decode(errors="ignore")

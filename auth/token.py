"""What a token looks like: published, so that secret scanners find a leaked one, and forever (law 7).

`tnt_svc_` or another known prefix, 32 random base62 characters (190 bits), and 6 more with the CRC-32 of
everything before them. A mistyped or made-up token fails its checksum and costs no query. Only the SHA-256 is
ever stored: a fast hash is right, since nobody can guess 190 random bits.
"""

import hashlib
import re
import secrets
import string
import zlib
from dataclasses import dataclass
from enum import StrEnum


class TokenPrefix(StrEnum):
    """Whom a token is for. A prefix may be added, none renamed or given another meaning."""

    PERSON = "tnt_pat_"
    SERVICE = "tnt_svc_"
    DEVICE = "tnt_dev_"


ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
RANDOM_LENGTH = 32
CHECKSUM_LENGTH = 6

# For secret scanning: what fits this and carries its checksum is a token.
TOKEN_PATTERN = r"tnt_(?:pat|svc|dev)_[0-9A-Za-z]{38}"  # noqa: S105  (a shape, not a secret)

_WELL_FORMED = re.compile(TOKEN_PATTERN)


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """A token's text, which neither `repr` nor `str` shows: logs and tracebacks stay clean."""

    _text: str

    def reveal(self) -> str:
        """The text itself, for the one moment in which it is shown or sent."""
        return self._text

    def __repr__(self) -> str:
        """The prefix alone."""
        return f"Secret('{self._text[:8]}…')"


def mint(prefix: TokenPrefix = TokenPrefix.SERVICE) -> Secret:
    """A new token; its text exists nowhere else."""
    body = prefix + "".join(secrets.choice(ALPHABET) for _ in range(RANDOM_LENGTH))
    return Secret(body + checksum(body))


def is_well_formed(text: str) -> bool:
    """Whether it could be a token at all: prefix, alphabet, length and checksum fit."""
    return _WELL_FORMED.fullmatch(text) is not None and checksum(text[:-CHECKSUM_LENGTH]) == text[-CHECKSUM_LENGTH:]


def digest(text: str) -> bytes:
    """What is stored and sought: the SHA-256 of the whole token, 32 bytes."""
    return hashlib.sha256(text.encode()).digest()


def checksum(body: str) -> str:
    """The CRC-32 of a token's prefix and random part, in base62, the highest digit first."""
    number = zlib.crc32(body.encode())
    digits = ""
    for _ in range(CHECKSUM_LENGTH):
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits

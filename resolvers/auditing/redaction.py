"""What may enter the audit: plain JSON values without secrets, in text that PostgreSQL and UTF-8 can hold."""

import math
import re
from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from typing import Any

from auth.token import TOKEN_PATTERN

REDACTED = "[REDACTED]"
_TOKEN = re.compile(TOKEN_PATTERN)
_SECRET_NAME = re.compile(
    r"secret|password|passwd|passphrase|token|credential|authorization|cookie"
    r"|(private|api|access|signing|encryption|key)[_\W]?(key|material)|(^|[_\W])(pin|otp)($|[_\W])",
    re.IGNORECASE,
)
# What tells of a secret without being one.
_TELLS_OF_IT = re.compile(r"(_ids?|Ids?|_at|At|_count|Count|_name|Name|_kind|Kind)$")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def is_secret(name: str) -> bool:
    """Whether a field of that name holds a secret: `client_secret` does, `token_id` does not."""
    return _SECRET_NAME.search(name) is not None and _TELLS_OF_IT.search(name) is None


def clean(text: str) -> str:
    """The text without tokens, and without what cannot be stored: NUL and lone surrogates."""
    return _UNSTORABLE.sub("\ufffd", _TOKEN.sub(REDACTED, text))


def plain(name: str, value: Any) -> Any:
    """A field's value as JSON has it, secrets replaced at any depth.

    Bytes are always replaced: keys and digests are what is kept as bytes.
    """
    if value is None or isinstance(value, bool):
        return value
    if is_secret(name) or isinstance(value, bytes | bytearray | memoryview):
        return REDACTED
    if isinstance(value, Mapping):
        return {clean(str(key)): plain(str(key), each) for key, each in value.items()}
    if isinstance(value, set | frozenset):
        return sorted((plain(name, each) for each in value), key=str)
    if isinstance(value, list | tuple):
        return [plain(name, each) for each in value]
    return _scalar(value)


def _scalar(value: Any) -> Any:
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    return clean(str(value))

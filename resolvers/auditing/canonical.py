r"""JSON in one spelling only, so that a hash of it means its content: RFC 8785 (JSON Canonicalization Scheme).

UTF-8, no blanks; the names of an object sorted by their UTF-16 code units; in strings only `"`, `\` and control
characters escaped, the latter as `\b \t \n \f \r` or `\u00xx`; whole numbers in digits. What is hashed holds
strings, whole numbers below 2^53, null, lists and objects alone. Values that people change may hold fractions: those
are spelled as Python does, and are hashed as the text that is stored, so that whoever verifies never spells a number.
"""

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

_ENCODER = partial(json.JSONEncoder, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
_PLAIN, _SORTED = _ENCODER(), _ENCODER(sort_keys=True)


def canonical(value: Any) -> str:
    """The one text of a plain value. Raises ValueError for what JSON has not: NaN and the infinities."""
    text = _SORTED.encode(value)
    # Python sorts by code points: where all is ASCII, that is the order of UTF-16's units.
    return text if text.isascii() else _PLAIN.encode(_ordered(value))


def _ordered(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _ordered(value[name]) for name in sorted(value, key=_utf16)}
    if isinstance(value, list | tuple):
        return [_ordered(each) for each in value]
    return value


def _utf16(name: str) -> bytes:
    return name.encode("utf-16-be")

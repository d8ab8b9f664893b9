"""A column of a sheet: which texts it takes, and what they mean.

What a value refers to (a location, an area, a parent) is checked later, when all rows are read.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from resolvers.names import LONGEST_NAME

LONGEST_CODE = 128
LONGEST_SHOWN = 60
# As in resolvers.names; one search is a hundred times faster than looking up every character's category.
UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
# What bytes that are not UTF-8 are decoded to by `errors="surrogateescape"`.
UNDECODED = re.compile("[\udc80-\udcff]")

# Why a value is refused, or None.
Rule = Callable[[str], str | None]


def _any(_value: str) -> None:
    return None


@dataclass(frozen=True)
class Column:
    """A column; `says` is the column of the tenant's table that it speaks for, where that is called otherwise.

    `longest` in characters; None for JSON, which has bounds and escapes of its own. `read` makes of a text what is
    kept, or raises ValueError with the reason. In a full sheet what stands in the quotes of an `exact` column is
    taken as it is, blanks and all, and what is only `narrowly` required may be missing.
    """

    name: str
    required: bool = False
    longest: int | None = LONGEST_NAME
    rule: Rule = _any
    says: str = ""
    read: Callable[[str], Any] = str
    exact: bool = False
    narrowly: bool = False

    @property
    def kept(self) -> str:
        """The column of the tenant's table."""
        return self.says or self.name

    def value(self, text: str | None) -> Any:
        """What a text says; None where there is none.

        Raises:
            ValueError: it cannot stand here; the message says why.
        """
        if text is None:
            if self.required:
                raise ValueError("a value is needed here")
            return None
        unprintable = (UNDECODED if self.longest is None else UNPRINTABLE).search(text)
        if unprintable:
            before = shown(text[: unprintable.start()])
            if UNDECODED.match(unprintable[0]):
                raise ValueError(f"the bytes are not UTF-8 after {before}")
            raise ValueError(f"the control character U+{ord(unprintable[0]):04X} after {before}")
        if self.longest is not None and len(text) > self.longest:
            raise ValueError(f"{len(text)} characters; at most {self.longest} are allowed")
        reason = self.rule(text)
        if reason is not None:
            raise ValueError(reason)
        return self.read(text)


def shown(value: str) -> str:
    """A value as messages quote it: no control characters, not too long."""
    return repr(value if len(value) <= LONGEST_SHOWN else f"{value[:LONGEST_SHOWN]}…")


def code(name: str, *, required: bool = False, says: str = "", narrowly: bool = False) -> Column:
    """A column that names something by its code."""
    return Column(name, required, LONGEST_CODE, says=says, narrowly=narrowly)

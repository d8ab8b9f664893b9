"""The three sheets of an import, declared: their columns, and which values each column takes.

What a value refers to (a location, an area, a parent) is checked later, when all rows are read.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from zoneinfo import available_timezones

from models import AreaKind
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


def _kind(value: str) -> str | None:
    return None if value in set(AreaKind) else f"{shown(value)} is no kind of area: {', '.join(AreaKind)}"


def _country(value: str) -> str | None:
    fits = re.fullmatch("[A-Z]{2}", value)
    return None if fits else f"{shown(value)} is no ISO 3166 country code, such as US"


def _time_zone(value: str) -> str | None:
    return None if value in _time_zones() else f"{shown(value)} is no IANA time zone, such as Europe/Oslo"


@cache
def _time_zones() -> set[str]:
    return available_timezones()


@dataclass(frozen=True)
class Column:
    """A column that every sheet of its kind has."""

    name: str
    required: bool = False
    longest: int = LONGEST_NAME
    rule: Rule = _any

    def refuses(self, value: str) -> str | None:
        """Why a value cannot stand here, or None."""
        if not value:
            return "a value is needed here" if self.required else None
        unprintable = UNPRINTABLE.search(value)
        if unprintable:
            if UNDECODED.match(unprintable[0]):
                return f"the bytes are not UTF-8 after {shown(value[: unprintable.start()])}"
            return f"the control character U+{ord(unprintable[0]):04X} after {shown(value[: unprintable.start()])}"
        if len(value) > self.longest:
            return f"{len(value)} characters; at most {self.longest} are allowed"
        return self.rule(value)


@dataclass(frozen=True)
class Sheet:
    """A kind of rows; `key` is the columns that say which thing a row is about."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    @property
    def file(self) -> str:
        """What findings call it."""
        return f"{self.name}.csv"

    @property
    def heading(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(column.name for column in self.columns)

    def refusals(self, values: Sequence[str]) -> Iterator[tuple[int, str]]:
        """The place of each value that is refused, and why."""
        for place, (column, value) in enumerate(zip(self.columns, values, strict=True)):
            reason = column.refuses(value)
            if reason is not None:
                yield place, reason


def shown(value: str) -> str:
    """A value as messages quote it: no control characters, not too long."""
    return repr(value if len(value) <= LONGEST_SHOWN else f"{value[:LONGEST_SHOWN]}…")


def code(name: str, *, required: bool = False) -> Column:
    """A column that names something by its code."""
    return Column(name, required, LONGEST_CODE)


LOCATIONS = Sheet(
    "locations",
    (
        code("code", required=True),
        Column("name", required=True),
        Column("city"),
        Column("country", rule=_country),
        Column("timezone", rule=_time_zone),
    ),
    key=("code",),
)
AREAS = Sheet(
    "areas",
    (
        code("location", required=True),
        code("code", required=True),
        Column("name", required=True),
        Column("kind", required=True, rule=_kind),
        code("parent"),
    ),
    key=("location", "code"),
)
DEVICES = Sheet(
    "devices",
    (
        code("location", required=True),
        code("area"),
        Column("serial", required=True),
        Column("name", required=True),
        code("type", required=True),
        Column("part_of"),
    ),
    key=("serial",),
)
# In the order in which they are read: each refers to those before it.
SHEETS = (LOCATIONS, AREAS, DEVICES)

"""Which part of a connection is asked for, and what was found."""

import re
from dataclasses import dataclass
from typing import Any, NamedTuple

Row = dict[str, Any]
# The largest number that a row can have: PostgreSQL counts to 64 bits.
LARGEST = 2**63 - 1
DIGITS = re.compile(r"[0-9]{1,19}")


class BadArgument(ValueError):
    """An argument that no rows can be sought by; the message says what would do."""


class Position(NamedTuple):
    """A place between the rows of an ordering: after or before the row with this value and id."""

    value: Any
    id: Any


@dataclass(frozen=True)
class Window:
    """A part of a connection.

    `size` rows from the start (or, `backward`, from the end) of what lies between `after` and `before`, `offset` rows
    skipped; ordered by `order` (a name in the entity's `orders`); `filter` is the input as (name, value) pairs, frozen
    so that a window can be a key; `counted` asks for the total as well.
    """

    size: int
    order: str
    descending: bool = False
    backward: bool = False
    after: Position | None = None
    before: Position | None = None
    offset: int = 0
    filter: Any = ()
    search: str | None = None
    counted: bool = False


@dataclass(frozen=True)
class Page:
    """Rows in their order; `more` tells whether the window's far end has rows beyond it; `total` only when counted."""

    rows: list[Row]
    more: bool
    total: int | None


def number_of(text: str) -> int | None:
    """The number that a text spells, None where a row can have none such."""
    number = int(text) if DIGITS.fullmatch(text) else None
    return None if number is None or number > LARGEST else number


def empty(window: Window) -> Page:
    """The page of a list that has no rows, whatever is asked of it."""
    return Page([], more=False, total=0 if window.counted else None)


def frozen(value: Any) -> Any:
    """A filter input as something hashable: dictionaries become tuples of pairs, lists become lists' tuples."""
    if isinstance(value, dict):
        return tuple((name, frozen(item)) for name, item in value.items())
    if isinstance(value, list):
        return tuple(frozen(item) for item in value)
    return value

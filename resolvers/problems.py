"""What can go wrong in a way that a caller can act on: small frozen nouns, raised in one place (law 5).

A problem's message is for the caller and shows no internals; any other exception is a fault of ours.
"""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class NotFound:
    """There is no such thing, or not for this caller."""

    message: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """The change does not fit what is there already; `current_version` where a version was stale."""

    message: str
    current_version: int | None = None


@dataclass(frozen=True, slots=True)
class Invalid:
    """A value that is refused; `field` is the argument's name; `others` are refused beside it."""

    field: str
    message: str
    others: tuple["Invalid", ...] = ()


@dataclass(frozen=True, slots=True)
class NotEmpty:
    """Things hang on what was to be deleted; `counts` says how many of each type, by the type's name."""

    message: str
    counts: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Forbidden:
    """The change reaches further than the caller may; `missing` names the scopes that would do, if any would."""

    message: str
    missing: tuple[str, ...]


Noun: TypeAlias = NotFound | Conflict | Invalid | NotEmpty | Forbidden


class Problem(Exception):
    """Ends a resolver with a problem; an open transaction rolls back."""

    def __init__(self, noun: Noun) -> None:
        super().__init__(noun.message)
        self.noun = noun

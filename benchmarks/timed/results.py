"""Figures of rounds, their medians, and the ratios between servers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from statistics import median


@dataclass(frozen=True)
class Figure:
    """One round of one case at one server. Times in seconds; processor time is that of one request.

    `database` is None where PostgreSQL's processes cannot be seen from here.
    """

    rate: float
    p50: float
    p99: float
    server: float
    database: float | None


def middle(rounds: Sequence[Figure]) -> Figure:
    """The median of each figure by itself; what one round lacks, the median lacks."""

    def of(name: str) -> float | None:
        values = [getattr(each, name) for each in rounds]
        return None if None in values else median(values)

    return Figure(**{each.name: of(each.name) for each in fields(Figure)})  # type: ignore[arg-type]


@dataclass(frozen=True)
class Results:
    """The medians by case and server, the size of a case's answer in bytes, and what only the first answer tells.

    `grown` is by how many bytes a server's memory was larger at its peak while it made the case's first answer.
    `failed` says of who did not stand the load what it said.
    """

    figures: Mapping[tuple[str, str], Figure]
    sizes: Mapping[tuple[str, str], int]
    grown: Mapping[tuple[str, str], int]
    failed: Mapping[tuple[str, str], str]

    def ratio(self, case: str, server: str, other: str, other_case: str | None = None) -> float | None:
        """How many requests a second `server` answers for each of `other`'s; None where one was not measured."""
        one, two = self.figures.get((case, server)), self.figures.get((other_case or case, other))
        return None if one is None or two is None else one.rate / two.rate

    def growth(self, case: str, server: str) -> float | None:
        """The growth of memory in sizes of the answer."""
        grown, size = self.grown.get((case, server)), self.sizes.get((case, server))
        return None if grown is None or not size else grown / size

    def servers(self, case: str) -> list[str]:
        """Who was measured."""
        return [server for of, server in self.figures if of == case]


def medians(rounds: Mapping[tuple[str, str], Iterable[Figure]]) -> dict[tuple[str, str], Figure]:
    """The median figure of each case and server."""
    return {key: middle([*each]) for key, each in rounds.items()}

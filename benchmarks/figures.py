"""Figures, and the judgement over them: what grows with the rows, and what rose above the last release's."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

COMMITTED = Path(__file__).parent / "counts.json"
# Calls may rise by so much: other versions of libraries make a few more or less.
ALLOWED = 1.10
# A new Python inlines what an old one calls.
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


@dataclass(frozen=True)
class Figures:
    """What one operation costs: statements in the small and in the large estate, and in the large one what else.

    `bounds` are messages that begin or end a transaction; `calls` of Python functions are None where background tasks
    take part, which are never counted twice the same.
    """

    small: int
    large: int
    bounds: int
    calls: int | None


@dataclass(frozen=True)
class Release:
    """The committed figures, and the Python whose calls they are."""

    python: str
    operations: Mapping[str, Figures]


def read(path: Path = COMMITTED) -> Release:
    """The figures of the last release; none where none are committed."""
    if not path.exists():
        return Release(PYTHON, {})
    stored: dict[str, Any] = orjson.loads(path.read_bytes())
    return Release(stored["python"], {name: Figures(**each) for name, each in stored["operations"].items()})


def write(counted: Mapping[str, Figures], path: Path = COMMITTED) -> None:
    """Make these the committed figures."""
    stored = {"python": PYTHON, "operations": {name: asdict(each) for name, each in counted.items()}}
    path.write_bytes(orjson.dumps(stored, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def growing(counted: Mapping[str, Figures], may_grow: Iterable[str]) -> Iterator[str]:
    """A sentence for each operation whose statements become more with the rows, unless they may."""
    allowed = set(may_grow)
    for name, each in counted.items():
        if each.large > each.small and name not in allowed:
            yield (
                f"{name}: {each.small} statements in the small estate, {each.large} in the large one. They must not "
                f"grow with the rows: gather keys and send one statement."
            )


def risen(counted: Mapping[str, Figures], release: Release) -> Iterator[str]:
    """A sentence for each operation that costs more than it did; calls are compared on the same Python only."""
    for name, each in counted.items():
        before = release.operations.get(name)
        if before is None:
            continue
        for size, now, then in (("small", each.small, before.small), ("large", each.large, before.large)):
            if now > then:
                yield f"{name}: {now} statements in the {size} estate, {then} in the last release."
        if each.calls is None or before.calls is None or release.python != PYTHON:
            continue
        if each.calls > before.calls * ALLOWED:
            more = round(100 * (each.calls / before.calls - 1))
            yield (
                f"{name}: {each.calls:,} calls of Python, {more} % more than the {before.calls:,} of the last release; "
                f"10 % are let pass."
            )


def unexplained(counted: Mapping[str, Figures], whys: Mapping[str, str]) -> Iterator[str]:
    """A sentence for each operation that sends another number of statements than one and does not say why."""
    for name, each in counted.items():
        if (each.small, each.large) != (1, 1) and not whys.get(name):
            yield f"{name}: {each.large} statements, and its declaration does not say why."


def unknown(counted: Mapping[str, Figures], release: Release) -> Iterator[str]:
    """What is counted and not committed, or the reverse: the comparison would be silent about it."""
    for found, says in (
        (counted.keys() - release.operations.keys(), "No figures are committed for"),
        (release.operations.keys() - counted.keys(), "Figures are committed, and nothing counts them any more, for"),
    ):
        if found:
            yield f"{says}: {', '.join(sorted(found))}."

"""How a server is asked for what a case wants, and where in its answer that is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.timed.ask import Ask
from benchmarks.timed.seeded import Seeded

# The requests of a case; the cursor is of the row before the deep page.
Asks = Callable[[Seeded, str], list[Ask]]


def under_data(_case: str, answered: Any) -> Any:
    """Where GraphQL has it."""
    return answered["data"]["answer"]


@dataclass(frozen=True)
class Walk:
    """How a server's cursors lead to the deep page: a request for the end of the next `rows` rows after a cursor."""

    rows: int
    ask: Callable[[Seeded, str | None], Ask]


@dataclass(frozen=True)
class Dialect:
    """The requests of each case by its key; a case that is missing cannot be had from this server.

    `deep` says how it gets to the deep page.
    """

    asks: Mapping[str, Asks]
    deep: str
    read: Callable[[str, Any], Any] = under_data
    walk: Walk | None = None

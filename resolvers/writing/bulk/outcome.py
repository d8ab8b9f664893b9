"""What becomes of each item of a bulk change, in the order of the input."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from loaders.window import Row
from resolvers.problems import Conflict, Noun, Problem

Item = dict[str, Any]
_WITH_ANOTHER = Conflict("Another item was refused, and all or nothing was asked for: nothing was written.")


class Outcome:
    """Each item ends as a row or as a problem; those that have neither yet are good so far."""

    def __init__(self, items: Sequence[Item]) -> None:
        self._items = items
        self.rows: dict[int, Row] = {}
        self.problems: dict[int, Noun] = {}

    def good(self) -> Iterator[tuple[int, Item]]:
        """The items without a problem, with their places in the input."""
        return ((at, item) for at, item in enumerate(self._items) if at not in self.problems)

    @contextmanager
    def of(self, at: int) -> Iterator[None]:
        """A problem that is raised in this block is the item's own, and no other's."""
        try:
            yield
        except Problem as problem:
            self.problems[at] = problem.noun

    def refuse_all(self) -> None:
        """All or nothing: what is good by itself is refused with the rest."""
        self.rows.clear()
        self.problems = {at: self.problems.get(at, _WITH_ANOTHER) for at in range(len(self._items))}

    def __iter__(self) -> Iterator[tuple[Row | None, Noun | None]]:
        """Each item's row, or its problem."""
        return ((self.rows.get(at), self.problems.get(at)) for at in range(len(self._items)))

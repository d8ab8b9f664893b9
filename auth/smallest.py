"""The smallest set of scopes that meets many requirements at once.

Where requirements leave a choice, choosing for each alone can take more than is needed: what one asks for may be among
the alternatives of another.
"""

from collections.abc import Collection, Iterable

from auth.requirement import Requirement
from auth.scopes import Scope

Scopes = frozenset[Scope]
# Steps of the search after its first find: more than dozens of requirements with alternatives take.
MOST_STEPS = 2_000


def smallest(requirements: Iterable[Requirement], held: Scopes) -> Scopes:
    """The fewest scopes that meet all of these; of several such sets one that lacks the fewest of what is `held`.

    Exact, unless the search would take more than `MOST_STEPS`: then the best that was found by then, which holds no
    scope that could be left out, but may be larger than another set. What it finds first is greedy.
    """
    asked = tuple(each for each in dict.fromkeys(requirements) if each.choices)
    search = _Search(held)
    search.go(frozenset(), asked)
    found = search.best or frozenset()
    for scope in sorted(found):
        less = found - {scope}
        if meets(less, asked):
            found = less
    return found


def meets(held: Scopes, requirements: Iterable[Requirement]) -> bool:
    """Whether these scopes are enough."""
    return not any(each.missing(held) for each in requirements)


class _Search:
    """Depth first: whatever set is the smallest, it holds one of the choices of each requirement."""

    def __init__(self, held: Scopes) -> None:
        self._held = held
        self._steps = 0
        self.best: Scopes | None = None

    def go(self, chosen: Scopes, asked: Collection[Requirement]) -> None:
        if self.best is not None:
            self._steps += 1
        unmet = [each for each in asked if each.missing(chosen)]
        if not unmet:
            if self.best is None or self._cost(chosen) < self._cost(self.best):
                self.best = chosen
            return
        # The fewest alternatives first: of what leaves no choice, nothing is tried in vain.
        narrow = min(unmet, key=lambda each: len(each.choices))
        for choice in sorted(narrow.choices, key=lambda each: self._cost(each - chosen)):
            if self._may_be_better(chosen | choice):
                self.go(chosen | choice, unmet)

    def _may_be_better(self, chosen: Scopes) -> bool:
        return self.best is None or (self._steps < MOST_STEPS and self._cost(chosen) < self._cost(self.best))

    def _cost(self, chosen: Scopes) -> tuple[int, int]:
        return len(chosen), len(chosen - self._held)

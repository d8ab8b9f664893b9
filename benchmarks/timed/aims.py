"""What Tenantry means to reach, as ratios within one run; what was not measured is not judged."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benchmarks.timed.results import Results
from benchmarks.timed.targets import OURS


@dataclass(frozen=True)
class Aim:
    """`figure` takes it from the results, None where it is not among them; `most` says that less is better."""

    case: str
    against: str
    bound: float
    figure: Callable[[Results], float | None]
    most: bool = False

    @property
    def wanted(self) -> str:
        """The bound in words."""
        return f"{'at most' if self.most else 'at least'} {self.bound:g}x"

    def holds(self, figure: float) -> bool:
        """Whether a figure is within the bound."""
        return figure <= self.bound if self.most else figure >= self.bound


@dataclass(frozen=True)
class Judged:
    """An aim and what it came to."""

    aim: Aim
    figure: float

    @property
    def holds(self) -> bool:
        """Whether it was reached."""
        return self.aim.holds(self.figure)


def _peer(case: str, key: str, name: str, bound: float) -> Aim:
    return Aim(case, name, bound, lambda results: results.ratio(case, OURS, key))


def _own(case: str, other: str, against: str, bound: float) -> Aim:
    return Aim(case, against, bound, lambda results: results.ratio(case, OURS, OURS, other))


AIMS = (
    _peer("tree", "mercurius", "Mercurius with JIT", 2.4),
    _peer("tree", "postgraphile", "PostGraphile", 2.7),
    _peer("tree", "strawberry", "plain Strawberry", 15),
    _peer("tree", "limit", "the bare limit", 0.95),
    _peer("point", "mercurius", "Mercurius with JIT", 1.2),
    _peer("point", "apollo", "Apollo Server", 3.0),
    _peer("point", "limit", "the bare limit", 0.7),
    _peer("page", "postgraphile", "PostGraphile", 1.5),
    _own("deep", "first", "our first page", 0.9),
    _peer("entities", "apollo", "Apollo Server", 2.0),
    _peer("update", "apollo", "Apollo Server", 1.0),
    Aim("tree10", "the time of our tree", 11, lambda results: results.ratio("tree", OURS, OURS, "tree10"), most=True),
    Aim("tree10", "memory, in sizes of the answer", 6, lambda results: results.growth("tree10", OURS), most=True),
    _own("tenants", "tenant", "one tenant", 0.9),
)


def judged(results: Results) -> Iterator[Judged]:
    """Every aim whose figure was measured."""
    for aim in AIMS:
        figure = aim.figure(results)
        if figure is not None:
            yield Judged(aim, figure)

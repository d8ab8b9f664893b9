"""docs/performance.md: what a run came to, what was compared, and how."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from benchmarks.promises.promise import Judgement
from benchmarks.timed.aims import judged
from benchmarks.timed.cases import Case
from benchmarks.timed.results import Figure, Results
from benchmarks.timed.rounds import Plan
from benchmarks.timed.targets import OURS, POOL, WIDE, Target

CHART = "performance.svg"
NONE = "-"


@dataclass(frozen=True)
class Sitting:
    """Everything that a page tells; `missing` is why a server could not be had, by its key."""

    on: date
    machine: str
    versions: Mapping[str, str]
    plan: Plan
    targets: Sequence[Target]
    missing: Mapping[str, str]
    results: Results
    rights: Sequence[Judgement]

    @property
    def names(self) -> dict[str, str]:
        """The names of the servers that were measured, ours first."""
        known = {target.key: target.name for target in self.targets if target.key not in self.missing}
        seen = {key for _, key in (*self.results.figures, *self.results.failed)}
        return {key: name for key, name in known.items() if key in seen}


def page(sitting: Sitting) -> str:
    """The page as Markdown."""
    parts = (_head, _aims, _ratios, _figures, _failed, _rights, _cases, _servers, _how)
    return "\n".join("\n".join([*part(sitting), ""]) for part in parts if [*part(sitting)]).rstrip() + "\n"


def _head(sitting: Sitting) -> Iterator[str]:
    yield "# Performance"
    yield ""
    yield (
        f"Written by `make bench` on {sitting.on:%-d %B %Y}. Claims are the ratios alone: they are of one sitting, in "
        f"which all servers ran side by side on one machine and one PostgreSQL and were loaded in turn. Absolute "
        f"figures are that machine's: {sitting.machine}; PostgreSQL {sitting.versions['PostgreSQL']}."
    )
    if len(sitting.names) > 1:
        yield ""
        yield f"![Requests per second of each server in each case, Tenantry being 1]({CHART})"


def _aims(sitting: Sitting) -> Iterator[str]:
    rows = [*judged(sitting.results)]
    if rows:
        yield from ("## What Tenantry means to reach", "")
        yield from table(
            ("case", "against", "wanted", "reached", ""),
            (
                (each.aim.case, each.aim.against, each.aim.wanted, f"{each.figure:.2f}x", _verdict(holds=each.holds))
                for each in rows
            ),
        )


def _ratios(sitting: Sitting) -> Iterator[str]:
    names, results = sitting.names, sitting.results
    peers = {key: name for key, name in names.items() if key != OURS}
    if OURS in names and peers:
        yield from ("## Ratios", "", "Tenantry's requests per second, divided by those of the server above.", "")
        yield from table(
            ("case", *peers.values()),
            ((case.key, *(_times(results.ratio(case.key, OURS, key)) for key in peers)) for case in sitting.plan.cases),
        )


def _figures(sitting: Sitting) -> Iterator[str]:
    yield from ("## Figures of this machine", "")
    yield (
        "Medians of the rounds. Times are in milliseconds; processor time is that of one request, of the server's "
        "processes and of PostgreSQL's that serve it."
    )
    yield ""
    headings = ("case", "server", "requests/s", "p50", "p99", "CPU server", "CPU PostgreSQL", "answer, kB")
    yield from table(headings, (row for case in sitting.plan.cases for row in _rows(sitting, case)))


def _rows(sitting: Sitting, case: Case) -> Iterator[tuple[str, ...]]:
    for key, name in sitting.names.items():
        figure = sitting.results.figures.get((case.key, key))
        if figure is not None:
            size = sitting.results.sizes[case.key, key] / 1000
            yield (case.key, name, *_shown(figure), f"{size:,.1f}")


def _failed(sitting: Sitting) -> Iterator[str]:
    for (case, key), why in sitting.results.failed.items():
        yield f"- **{case}**, {sitting.names[key]}: no figure, since {why}"


def _shown(figure: Figure) -> Iterator[str]:
    yield f"{figure.rate:,.0f}" if figure.rate >= 100 else f"{figure.rate:.1f}"
    for seconds in (figure.p50, figure.p99, figure.server, figure.database):
        yield NONE if seconds is None else f"{seconds * 1000:,.2f}"


def _rights(sitting: Sitting) -> Iterator[str]:
    if sitting.rights:
        yield from ("## What rights cost", "", "In process, with and without in turn (`make bench-rights`).", "")
        rows = ((each.promise, each.measured, _verdict(holds=each.holds)) for each in sitting.rights)
        yield from table(("promise", "measured", ""), rows)


def _cases(sitting: Sitting) -> Iterator[str]:
    yield from ("## The cases", "")
    for case in sitting.plan.cases:
        by = f", by {case.connections} connections" if str(case.connections) not in case.what else ""
        yield f"- **{case.key}**: {case.what}{by}."
    yield ""
    yield (
        "The data are made, the same on any machine: 50 tenants of 10 locations x 5 areas x 20 devices, one of "
        "50 x 10 x 100, and 1,000 tenants of 10 devices. The bodies are in `benchmarks/timed/dialects/`."
    )


def _servers(sitting: Sitting) -> Iterator[str]:
    yield from ("## The servers", "")
    for key, name in sitting.names.items():
        target = next(each for each in sitting.targets if each.key == key)
        deep = (
            f"; the deep page {target.dialect.deep}" if any(case.key == "deep" for case in sitting.plan.cases) else ""
        )
        yield f"- **{name}**: {target.what}{deep}. {sitting.versions[key]}."
    for key, why in sitting.missing.items():
        name = next(each.name for each in sitting.targets if each.key == key)
        yield f"- **{name}** was left out, as it cannot be had on this machine: {why.splitlines()[-1]}"
    yield ""
    yield (
        "The peers are in `benchmarks/peers/`, each with its packages locked. None of them checks a token, a scope, a "
        "tenant or a bound, records what was done or tells a feed of it: each is told the tenant and reads the same "
        "tables, as a role that row-level security does not bind. Tenantry does all of that in every case. Peers whose "
        "resolvers are written by hand load whole what a parent has many of and cut it; the cases ask for all there is."
    )


def _how(sitting: Sitting) -> Iterator[str]:
    plan = sitting.plan
    yield from ("## How", "")
    yield (
        f"- Each server is one process with a pool of {POOL} connections to one PostgreSQL, reached in the same way; "
        f"all run at once, and one is loaded at a time, by wrk on the same machine."
    )
    if any(case.key == "tree10" for case in plan.cases):
        [(name, value)] = WIDE.items()
        yield f"- tree10 asks more than Tenantry allows unless told: there, and there alone, it has {name}={value}."
    yield "- Before anything is timed, every server's answers are compared: the same devices with the same values."
    yield (
        f"- Rounds: {plan.rounds}, in turn (A B C … A B C …), each of {plan.seconds} s, or for as long as each "
        f"connection needs for five answers, after {plan.warm_up} s to warm up. A server with one wrong or failed "
        f"answer has no figure."
    )
    yield "- To run it: `make bench`. It needs Linux, wrk, and Node.js 20 for the peers that are written for it."


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A table in Markdown."""
    yield f"| {' | '.join(headings)} |"
    yield f"|{'---|' * len(headings)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _times(ratio: float | None) -> str:
    return NONE if ratio is None else f"{ratio:.2f}x"


def _verdict(*, holds: bool) -> str:
    return "holds" if holds else "**falls short**"

"""docs/performance.svg: for each case a bar for each server, whose length is its share of the fastest.

Written by hand, so that it needs nothing; its colours follow the reader's light or dark.
"""

from collections.abc import Iterator, Mapping, Sequence
from html import escape

from benchmarks.timed.results import Results
from benchmarks.timed.targets import OURS

COLUMNS, WIDTH, MARGIN = 2, 460, 16
LABEL, BAR, STEP, HEAD, GAP = 118, 250, 20, 30, 18
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.case { font-weight: 600 }
.ours { fill: #1a6fd4 }
.peer { fill: #9aa4b0 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .ours { fill: #58a6ff }
  .peer { fill: #6e7781 }
}"""


def chart(results: Results, cases: Sequence[str], names: Mapping[str, str]) -> str:
    """The picture; each bar tells how many times Tenantry's requests per second it stands for."""
    shown = [case for case in cases if len(results.servers(case)) > 1]
    columns = [shown[at::COLUMNS] for at in range(COLUMNS)]
    body: list[str] = []
    bottom = MARGIN
    for number, column in enumerate(columns):
        top = MARGIN
        for case in column:
            body += _panel(results, case, names, MARGIN + number * WIDTH, top)
            top += HEAD + STEP * len(results.servers(case)) + GAP
        bottom = max(bottom, top)
    size = f'width="{COLUMNS * WIDTH + MARGIN}" height="{bottom}" viewBox="0 0 {COLUMNS * WIDTH + MARGIN} {bottom}"'
    title = "<title>Requests per second of each server in each case, Tenantry being 1</title>"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
            title,
            f"<style>{STYLE}\n</style>",
            *body,
            "</svg>",
            "",
        ]
    )


def _panel(results: Results, case: str, names: Mapping[str, str], left: int, top: int) -> Iterator[str]:
    yield f'<text class="case" x="{left}" y="{top + 14}">{escape(case)}</text>'
    servers = [key for key in names if (case, key) in results.figures]
    fastest = max(results.figures[case, key].rate for key in servers)
    for at, key in enumerate(servers):
        y = top + HEAD + at * STEP
        rate = results.figures[case, key].rate
        length = max(1, round(BAR * rate / fastest))
        ratio = results.ratio(case, key, OURS)
        said = f"{rate / fastest:.0%}" if ratio is None else f"{ratio:.2f}"
        yield f'<text x="{left}" y="{y + 4}">{escape(names[key])}</text>'
        kind = "ours" if key == OURS else "peer"
        yield f'<rect class="{kind}" x="{left + LABEL}" y="{y - 8}" width="{length}" height="14" rx="2"/>'
        yield f'<text x="{left + LABEL + length + 6}" y="{y + 4}">{said}</text>'

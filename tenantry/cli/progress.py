"""How far a long command is: a bar on a terminal, plain lines anywhere else, both on standard error."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

# Told the step that is under way and how much of it is done.
Tell = Callable[[str, int], None]


@contextmanager
def progress(totals: Mapping[str, int]) -> Iterator[Tell]:
    """What to tell of each step; `totals` are the sizes of those that can be counted."""
    if sys.stderr.isatty():
        with Progress(
            TextColumn("{task.description:24}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
        ) as bars:
            yield _Bars(bars, totals)
        return
    lines = _Lines()
    yield lines
    lines.end()


class _Bars:
    """A bar for each step; a step ends when the next one begins."""

    def __init__(self, bars: Progress, totals: Mapping[str, int]) -> None:
        self._bars = bars
        self._totals = totals
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, step: str, done: int) -> None:
        if step not in self._tasks:
            for ended in self._tasks.values():
                self._bars.stop_task(ended)
            self._tasks[step] = self._bars.add_task(step, total=self._totals.get(step))
        self._bars.update(self._tasks[step], completed=done)


class _Lines:
    """A line for each step once it has ended."""

    def __init__(self) -> None:
        self._step = ""
        self._done = 0

    def __call__(self, step: str, done: int) -> None:
        if step != self._step:
            self.end()
        self._step, self._done = step, done

    def end(self) -> None:
        """Say the last step."""
        if self._step:
            typer.echo(f"{self._step}: {self._done:,}" if self._done else self._step, err=True)

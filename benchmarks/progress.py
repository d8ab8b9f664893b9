"""What a benchmark is doing, while it runs: one line on a terminal, nothing anywhere else."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer

Tell = Callable[[str], None]


@contextmanager
def progress() -> Iterator[Tell]:
    """What to tell of each step; the line is gone when the block ends."""
    if not sys.stderr.isatty():
        yield lambda _step: None
        return
    yield lambda step: typer.echo(f"\r\x1b[K{step}", nl=False, err=True)
    typer.echo("\r\x1b[K", nl=False, err=True)

"""`make bench-counts`: statements and calls of every operation, in a small and in a large estate.

The clock plays no part: two runs differ by a call or two in ten thousand, and by no statement.
"""

from collections.abc import Iterator
from typing import Annotated

import typer
import uvloop

from auth.limits import Limits
from auth.verifying import Credentials
from benchmarks import figures
from benchmarks.counting import Wire
from benchmarks.estate import make_estate
from benchmarks.figures import Figures, Release
from benchmarks.operation import Operation
from benchmarks.operations import operations, uncounted
from benchmarks.postgres import database, server
from benchmarks.progress import Tell, progress
from benchmarks.runner import Runner, WrongAnswer
from models.clock import SystemClock
from schema.build import build
from schema.graph import Graph
from tenantry.cli.table import table
from tenantry.embedded import EmbeddedUnavailable

SMALL, LARGE = 10, 100
HEADINGS = (
    "OPERATION",
    f"SQL AT {SMALL}",
    f"SQL AT {LARGE}",
    "BEGIN/END",
    f"CALLS AT {LARGE}",
    "LAST RELEASE",
    "WHY NOT ONE",
)


def command(*, write: Annotated[bool, typer.Option(help="Make these the committed figures.")] = False) -> None:
    """Count what each operation costs, and compare with the committed figures.

    Exits with 1 where statements grow with the rows, and where more are sent or called than in the last release.
    """
    schema = build()
    listed = operations(schema)
    try:
        with server() as superuser_url, progress() as tell:
            counted = uvloop.run(count(superuser_url, listed, tell))
    except (EmbeddedUnavailable, WrongAnswer) as error:
        typer.echo(f"Nothing was compared. {error}", err=True)
        raise typer.Exit(1) from error
    release = figures.read()
    typer.echo(shown(listed, counted, release))
    if release.python != figures.PYTHON:
        typer.echo(f"\nCalls are not compared: the last release's are of Python {release.python}.")
    faults = [*uncounted(schema, listed), *judged(listed, counted)]
    rises = [*figures.risen(counted, release), *figures.unknown(counted, release)]
    if write:
        figures.write(counted)
        typer.echo(f"\nWritten to {figures.COMMITTED.name}: the new figures to compare with.")
    elif rises:
        faults += [*rises, "If that is meant: make bench-counts ARGS=--write, and say why in CHANGELOG.md."]
    if faults:
        typer.echo("\n" + "\n".join(faults), err=True)
        raise typer.Exit(1)
    typer.echo("\nNo operation's statements grow with the rows, and none costs more than the figures allow.")


def judged(listed: list[Operation], counted: dict[str, Figures]) -> Iterator[str]:
    """What is wrong with figures whatever the last release's were."""
    yield from figures.growing(counted, (each.name for each in listed if each.grows))
    yield from figures.unexplained(counted, {each.name: each.why for each in listed})


async def count(superuser_url: str, listed: list[Operation], tell: Tell) -> dict[str, Figures]:
    """The figures of each operation, by its name. Raises WrongAnswer."""
    wire, clock = Wire(), SystemClock()
    with wire.heard():
        tell("a database")
        async with database(superuser_url) as databases:
            graph = Graph(build(), databases.app, clock, Limits(), credentials=Credentials(databases.platform))
            runner = Runner(graph, wire)
            small, large = [await make_estate(databases, clock, size) for size in (SMALL, LARGE)]
            counted = {}
            for at, operation in enumerate(listed, 1):
                tell(f"{at} of {len(listed)}: {operation.name}")
                few = await runner.statements(operation, small)
                # A connection knows a statement from its second time on.
                await runner.statements(operation, large)
                many = await runner.statements(operation, large)
                calls = await runner.calls(operation, large)
                counted[operation.name] = Figures(len(few.statements), len(many.statements), many.bounds, calls)
            return counted


def shown(listed: list[Operation], counted: dict[str, Figures], release: Release) -> str:
    """The table, in the order of the list."""

    def row(operation: Operation) -> tuple[str, ...]:
        each = counted[operation.name]
        last = release.operations.get(operation.name)
        numbers = (each.small, each.large, each.bounds, each.calls, last and last.calls)
        why = f"{operation.why}; grows: {operation.grows}" if operation.grows else operation.why
        return (operation.name, *("-" if number is None else f"{number:,}" for number in numbers), why)

    return table(HEADINGS, [row(operation) for operation in listed])


if __name__ == "__main__":
    app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)
    app.command()(command)
    app()

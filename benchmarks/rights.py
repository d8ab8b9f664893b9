"""`make bench-rights`: whether rights cost no more than is promised, as ratios within one run."""

import typer
import uvloop

from benchmarks.postgres import RIGHTS, connected, made, server
from benchmarks.progress import Tell, progress
from benchmarks.promises.judging import judge
from benchmarks.promises.promise import Judgement
from benchmarks.timed.answers import Unequal
from benchmarks.timed.seeding import seed
from tenantry.cli.table import table
from tenantry.embedded import EmbeddedUnavailable

EXAMPLES = """Examples:

  make bench-rights                          (a minute or two)
  TENANTRY_TEST_POSTGRES=… make bench-rights
"""
HEADINGS = ("PROMISE", "MEASURED", "")


def command() -> None:
    """Measure what tokens, the audit and grants add to requests; exits with 1 where a promise is not kept."""
    try:
        with server() as superuser_url, progress() as tell:
            found = uvloop.run(measured(superuser_url, tell))
    except (EmbeddedUnavailable, Unequal) as error:
        typer.echo(f"Nothing was judged. {error}", err=True)
        raise typer.Exit(1) from error
    typer.echo(shown(found))
    if not all(each.holds for each in found):
        raise typer.Exit(1)


async def measured(superuser_url: str, tell: Tell) -> list[Judgement]:
    """Every promise, on a database of its own."""
    tell("filling a database")
    async with made(superuser_url, RIGHTS) as urls:
        async with connected(urls.superuser) as superuser:
            seeded = await seed(superuser)
        return await judge(urls, seeded, tell)


def shown(found: list[Judgement]) -> str:
    """The table, for a terminal."""
    return table(HEADINGS, [(each.promise, each.measured, "holds" if each.holds else "FALLS SHORT") for each in found])


if __name__ == "__main__":
    app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)
    app.command(epilog=EXAMPLES)(command)
    app()

"""`make bench`: Tenantry and its peers under the same load in one sitting, and the page that tells of it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import httpx
import typer
import uvloop

from benchmarks.postgres import TIMED, connected, made, peers_role, server
from benchmarks.progress import Tell, progress
from benchmarks.promises.judging import judge
from benchmarks.timed.answers import Unequal
from benchmarks.timed.cases import BY_KEY, CASES
from benchmarks.timed.chart import chart
from benchmarks.timed.load import NoLoad, check_driver
from benchmarks.timed.machine import machine
from benchmarks.timed.page import CHART, Sitting, page
from benchmarks.timed.programs import Failed
from benchmarks.timed.rounds import Plan, measured
from benchmarks.timed.running import Bench, started
from benchmarks.timed.seeding import seed
from benchmarks.timed.targets import KEYS, TARGETS, Target
from tenantry.embedded import EmbeddedUnavailable

DOCS = Path(__file__).parent.parent / "docs"
PAGE = "performance.md"
EXAMPLES = f"""Examples:

  make bench                                               (about 30 minutes; writes docs/{PAGE})
  make bench ARGS="--cases point,tree --rounds 1 --seconds 2"
  make bench ARGS="--servers tenantry,limit --no-rights"
  TENANTRY_TEST_POSTGRES=… make bench ARGS="--write /tmp/here"
"""


def _named(known: Sequence[str]) -> typer.models.OptionInfo:
    """An option that takes some of these words, separated by commas."""

    def chosen(text: str) -> str:
        unknown = sorted(set(text.split(",")) - set(known))
        if unknown:
            raise typer.BadParameter(f"{', '.join(unknown)}: there are {', '.join(known)}")
        return text

    option: typer.models.OptionInfo = typer.Option(callback=chosen, help=f"Of {', '.join(known)}.", metavar="A,B,…")
    return option


ALL_CASES, ALL_SERVERS = ",".join(BY_KEY), ",".join(KEYS)
Cases = Annotated[str, _named([*BY_KEY])]
Servers = Annotated[str, _named(KEYS)]
Rounds = Annotated[int, typer.Option(help="Rounds, of which the median counts.", min=1, max=99)]
Seconds = Annotated[int, typer.Option(help="Of one case at one server in one round.", min=1, max=600)]
WarmUp = Annotated[int, typer.Option(help="Seconds of the same before that.", min=0, max=60)]
Rights = Annotated[bool, typer.Option(help="Also judge what rights cost (make bench-rights).")]
Write = Annotated[
    Path | None, typer.Option(help="The folder for the page and its picture; docs/ where nothing is left out.")
]


def command(
    *,
    cases: Cases = ALL_CASES,
    servers: Servers = ALL_SERVERS,
    rounds: Rounds = 3,
    seconds: Seconds = 5,
    warm_up: WarmUp = 1,
    rights: Rights = True,
    write: Write = None,
) -> None:
    """Measure Tenantry beside its peers on this machine, and print the page; a whole run is written to docs/.

    Peers that cannot be installed here are left out, and the page says so. Exits with 1 where servers do not answer
    the same, or one fails under load.
    """
    if write is not None:
        write.mkdir(parents=True, exist_ok=True)
    plan = Plan([case for case in CASES if case.key in cases.split(",")], rounds, seconds, warm_up)
    targets = [target for target in TARGETS if target.key in servers.split(",")]
    whole = len(plan.cases) == len(CASES) and len(targets) == len(TARGETS) and rights and rounds >= 3
    try:
        check_driver()
        with server() as superuser_url, progress() as tell:
            sitting = uvloop.run(sit(superuser_url, plan, targets, tell, rights=rights))
    except (EmbeddedUnavailable, Failed, NoLoad, Unequal) as error:
        typer.echo(f"Nothing was measured. {error}", err=True)
        raise typer.Exit(1) from error
    typer.echo(page(sitting))
    folder = write or (DOCS if whole else None)
    if folder is not None:
        (folder / PAGE).write_text(page(sitting))
        drawn = [case.key for case in plan.cases]
        (folder / CHART).write_text(chart(sitting.results, drawn, sitting.names))
        typer.echo(f"Written to {folder / PAGE} and {CHART} beside it.", err=True)
    if sitting.results.failed:
        raise typer.Exit(1)


async def sit(superuser_url: str, plan: Plan, targets: Sequence[Target], tell: Tell, *, rights: bool) -> Sitting:
    """One run, on a database of its own."""
    tell("filling a database")
    async with (
        made(superuser_url, TIMED) as urls,
        peers_role(superuser_url, urls) as peer,
        connected(urls.superuser) as superuser,
        httpx.AsyncClient() as client,
    ):
        seeded = await seed(superuser)
        bench = Bench(urls, peer, seeded, superuser, client, tell)
        async with started(bench, targets) as (running, missing):
            results = await measured(bench, running, plan)
            versions = {each.target.key: await each.target.versions() for each in running}
        versions["PostgreSQL"] = str(await superuser.fetchval("SHOW server_version")).split(" ", maxsplit=1)[0]
        judgements = await judge(urls, seeded, tell) if rights else []
    return Sitting(datetime.now(UTC).date(), machine(), versions, plan, targets, missing, results, judgements)


if __name__ == "__main__":
    app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)
    app.command(epilog=EXAMPLES)(command)
    app()

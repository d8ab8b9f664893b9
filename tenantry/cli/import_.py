"""`tenantry import`: the locations, areas and devices of a folder of CSV files, into one tenant."""

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial as bound
from pathlib import Path
from textwrap import wrap
from typing import Annotated, TextIO

import typer

from models.clock import Clock, SystemClock
from resolvers.importing import ACTOR, SHEETS, Finding, Mode, Outcome, Sheet, import_estate
from resolvers.names import checked_name
from resolvers.operating import record_created
from resolvers.problems import NotFound, Problem
from resolvers.tenants import checked_slug, create_tenant, tenant_by_slug
from tenantry.cli.progress import Tell, progress
from tenantry.cli.run import CommandError, plain_errors, run
from tenantry.cli.table import table
from tenantry.csv_estate import CsvEstate, UnreadableFolder, open_csv_estate
from tenantry.databases import Databases, open_databases
from tenantry.settings import Settings


def _listed(sheet: Sheet) -> str:
    """What a file may have, in lines that terminals need not break; of one that may be missing, all of it."""
    names = [column.name for column in (sheet.every if sheet.optional else sheet.further)]
    lines = (line.replace(" ", ",") for line in wrap(" ".join(names), 55, break_long_words=False))
    return f"  {sheet.file:<19}" + f",\n{' ' * 21}".join(lines)


EXAMPLES = """Examples:

  tenantry import ./buildings --tenant campus --create-tenant Campus
  tenantry import ./buildings --tenant campus --dry-run
  tenantry import ./buildings --tenant campus --partial --report findings.csv

The folder holds three files in UTF-8, whose first lines name these columns:

  locations.csv  code,name,city,country,timezone
  areas.csv      location,code,name,kind,parent
  devices.csv    location,area,serial,name,type,part_of

It may hold two more, and each file further columns:

{further}

A file speaks for the columns that it has and for no others. With further
columns, part_of may be the whole serial of any device, a device may have no
location, and optional text in quotes is taken as it stands. `tenantry export`
writes all of this.
""".format(further="\n".join(map(_listed, SHEETS)))
PRINTED = 20
Report = Callable[[Finding], None]

Folder = Annotated[Path, typer.Argument(help="The folder with the three CSV files.", metavar="DIR")]
Slug = Annotated[str, typer.Option("--tenant", help="The slug of the tenant to import into.", metavar="SLUG")]
NewName = Annotated[
    str | None, typer.Option("--create-tenant", help="Make the tenant if there is none.", metavar="NAME")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Tell what would change, and change nothing.")]
Partial = Annotated[bool, typer.Option("--partial", help="Import the good lines though others are wrong.")]
ReportFile = Annotated[
    Path | None, typer.Option("--report", help="Write all errors and notes to this CSV file.", metavar="FILE")
]


def command(
    folder: Folder,
    *,
    tenant: Slug,
    create_tenant: NewName = None,
    dry_run: DryRun = False,
    partial: Partial = False,
    report: ReportFile = None,
) -> None:
    """Import locations, areas and devices: all of them, or nothing.

    Each wrong line is reported with its file, line, column and reason.
    It keeps all others out, unless --partial is given.

    A second run changes only what differs.
    """
    mode = Mode(partial=partial, dry_run=dry_run)
    with plain_errors():
        try:
            estate = open_csv_estate(folder)
        except UnreadableFolder as error:
            raise CommandError(f"{error}\nNothing was imported.") from error
        with _reporting(report) as findings:
            outcome = run(_import(estate, tenant, create_tenant, mode, findings.tell))
    for finding in findings.first:
        typer.echo(str(finding), err=True)
    if findings.further:
        where = f"see {report}" if report else "--report FILE writes all of them"
        typer.echo(f"… and {findings.further:,} more: {where}", err=True)
    typer.echo(summary(outcome))
    typer.echo(_verdict(outcome, tenant, mode))
    if outcome.changes is None:
        raise typer.Exit(1)


async def _import(estate: CsvEstate, slug: str, name: str | None, mode: Mode, report: Report) -> Outcome:
    async with open_databases(Settings.from_environment()) as databases:
        totals = {sheet.file: estate.lines[sheet.name] for sheet in SHEETS if sheet.name in estate.lines}
        with progress(totals) as tell:
            return await import_folder(
                databases, SystemClock(), estate, slug=slug, name=name, mode=mode, tell=tell, report=report
            )


async def import_folder(
    databases: Databases,
    clock: Clock,
    estate: CsvEstate,
    *,
    slug: str,
    name: str | None,
    mode: Mode,
    tell: Tell,
    report: Report,
) -> Outcome:
    """Import into the tenant with that slug; where there is none and `name` is given, one is made.

    A new tenant is made when its data is ready to be kept, so that an import that fails leaves none.
    """
    importing = bound(import_estate, databases.app, clock, mode=mode, progress=tell, report=report)
    try:
        found = await tenant_by_slug(databases.platform, slug)
    except Problem as problem:
        if not isinstance(problem.noun, NotFound):
            raise
        if name is None:
            raise CommandError(f"{problem} --create-tenant NAME makes it.") from problem
    else:
        return await importing(found["id"], estate)
    checked_slug(slug)
    checked_name("name", name)
    tenant_id = clock.new_id()

    async def make_tenant() -> None:
        made = await create_tenant(databases.platform, clock, slug, name, tenant_id=tenant_id)
        await record_created(databases.app, clock, ACTOR, dict(made))

    return await importing(tenant_id, estate, before_commit=make_tenant)


def summary(outcome: Outcome) -> str:
    """What was read and found, and what is done to each table."""
    found = {**outcome.read, "errors": outcome.errors, "notes": outcome.notes}
    told = ", ".join(_counted(number, plural) for plural, number in found.items())
    if outcome.changes is None:
        return told
    rows = (
        (name, f"{count.created:,}", f"{count.updated:,}", f"{count.unchanged:,}")
        for name, count in outcome.changes.items()
    )
    return f"{told}\n\n{table(('', 'CREATED', 'UPDATED', 'UNCHANGED'), rows)}\n"


def _counted(number: int, plural: str) -> str:
    words = plural.replace("_", " ")
    return f"{number:,} {words.removesuffix('s') if number == 1 else words}"


def _verdict(outcome: Outcome, slug: str, mode: Mode) -> str:
    if outcome.changes is None:
        return "Nothing was imported: mend the lines with errors, or import the others with --partial."
    if mode.dry_run:
        return "This was a dry run: nothing was changed."
    if not any(count.created or count.updated for count in outcome.changes.values()):
        return f"Nothing changed: {slug} had all of it already."
    return f"Imported into {slug}{', without the lines that have errors' if outcome.errors else ''}."


class Findings:
    """The first findings, kept to be printed; all of them go to a file, if one is wanted."""

    def __init__(self, file: TextIO | None) -> None:
        self.first: list[Finding] = []
        self.further = 0
        self._writer = csv.writer(file) if file else None
        if self._writer:
            self._writer.writerow(("file", "line", "column", "severity", "reason"))

    def tell(self, finding: Finding) -> None:
        """Take the next finding."""
        if len(self.first) < PRINTED:
            self.first.append(finding)
        else:
            self.further += 1
        if self._writer:
            severity = "note" if finding.note else "error"
            self._writer.writerow((finding.file, finding.line, finding.column, severity, finding.reason))


@contextmanager
def _reporting(path: Path | None) -> Iterator[Findings]:
    with nullcontext() if path is None else path.open("w", encoding="utf-8", newline="") as file:
        yield Findings(file)

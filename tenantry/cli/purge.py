"""`tenantry purge`: what was deleted long ago goes for good."""

import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

import typer

from models.clock import SystemClock
from resolvers.purge import Purged, purge
from resolvers.tenants import list_tenants
from tenantry.cli.progress import progress
from tenantry.cli.run import plain_errors, run
from tenantry.cli.table import table
from tenantry.cli.tenant import tenant_id
from tenantry.databases import Databases, open_databases
from tenantry.settings import Settings

EXAMPLES = """Examples:

  tenantry purge                             (all tenants, what TENANTRY_PURGE_DAYS says)
  tenantry purge --dry-run
  tenantry purge --tenant acme --older-than 90
"""
PRINTED = 20

Slug = Annotated[str | None, typer.Option("--tenant", help="Purge this tenant alone.", metavar="SLUG")]
OlderThan = Annotated[
    int | None,
    typer.Option(
        help="Purge what was deleted this many days ago or earlier; without it, TENANTRY_PURGE_DAYS.",
        min=0,
        max=36_500,
        metavar="DAYS",
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Tell what would go, and change nothing.")]


def command(*, tenant: Slug = None, older_than: OlderThan = None, dry_run: DryRun = False) -> None:
    """Remove for good what was deleted long ago; then it cannot be restored.

    What was deleted together goes together, each tenant in one transaction.
    Answers kept for repeated requests go after 24 hours.
    """
    with plain_errors():
        settings = Settings.from_environment()
        days = settings.purge_days if older_than is None else older_than
        purged = run(_purge(settings, tenant, timedelta(days=days), dry_run=dry_run))
    held_back = [each for done in purged.values() for each in done.held_back]
    for each in held_back[:PRINTED]:
        typer.echo(f"{each} stays: something that is younger still refers to it.", err=True)
    if len(held_back) > PRINTED:
        typer.echo(f"… and {len(held_back) - PRINTED:,} more that stay", err=True)
    typer.echo(summary(purged, days, dry_run=dry_run))


def summary(purged: Mapping[str, Purged], days: int, *, dry_run: bool) -> str:
    """What went, a line for each tenant that lost something."""
    shown = {slug: done.rows for slug, done in purged.items() if any(done.rows.values())}
    if not shown:
        return f"Nothing to purge: nothing was deleted {days:,} days ago or earlier."
    names = list(next(iter(shown.values())))
    headings = ("TENANT", *(name.replace("_", " ").upper() for name in names))
    rows = [(slug, *(f"{counts[name]:,}" for name in names)) for slug, counts in shown.items()]
    verdict = "This was a dry run: nothing was changed." if dry_run else "Purged for good."
    return f"{table(headings, rows)}\n\n{verdict}"


async def _purge(settings: Settings, slug: str | None, older_than: timedelta, *, dry_run: bool) -> dict[str, Purged]:
    async with open_databases(settings) as databases:
        tenants = await _tenants(databases, slug)
        purged: dict[str, Purged] = {}
        with progress({"tenants": len(tenants)}) as tell:
            for name, each in tenants.items():
                purged[name] = await purge(databases.app, SystemClock(), each, older_than, dry_run=dry_run)
                tell("tenants", len(purged))
        return purged


async def _tenants(databases: Databases, slug: str | None) -> dict[str, uuid.UUID]:
    """The tenants to purge, by slug."""
    if slug is not None:
        return {slug: await tenant_id(databases, slug)}
    return {each["slug"]: each["id"] for each in await list_tenants(databases.platform)}

"""`tenantry audit`: verify the chains, sign checkpoints, export, and look after months."""

import sys
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import aclosing, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

import typer
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from models import AuditAction
from models import Tenant as TenantTable
from models.clock import SystemClock
from models.partitions import AHEAD, Made, make_months
from resolvers.auditing import append_apart, command_record, estate_of, told
from resolvers.auditing.archive import CHECKPOINTS, KEYS
from resolvers.auditing.checking import Verdict, check
from resolvers.auditing.checkpoints import Notary, make_checkpoint
from resolvers.auditing.exporting import export_lines
from resolvers.auditing.keys import BadKeys, Keys, public_keys
from resolvers.auditing.lines import Lines
from resolvers.auditing.ports import Unreadable
from resolvers.auditing.retention import DoesNotVerify, Keeper, Retained, retain
from tenantry.cli.run import CommandError, plain_errors, run
from tenantry.cli.tenant import tenant_id
from tenantry.databases import Databases, open_databases, owner_address
from tenantry.settings import Settings

app = typer.Typer(help="Verify the audit, sign checkpoints of it, export it, drop what is old.", no_args_is_help=True)

# PostgreSQL's code for a lock that could not be had in time.
LOCK_NOT_AVAILABLE = "55P03"

Slug = Annotated[str | None, typer.Option("--tenant", help="The slug of one tenant.", metavar="SLUG")]
Everybody = Annotated[bool, typer.Option("--all", help="All tenants, deleted ones too; so it is without --tenant.")]
Folder = Annotated[
    Path | None,
    typer.Option(help="Where keys and checkpoints are kept; without it, `audit` in TENANTRY_HOME.", metavar="DIR"),
]

VERIFY_EXAMPLES = """Examples:

  tenantry audit verify
  tenantry audit verify --tenant acme --folder /mnt/elsewhere/audit
"""
CHECKPOINT_EXAMPLES = """Examples:

  tenantry audit checkpoint                  (hourly, say)
  tenantry audit checkpoint --rotate-key
"""
EXPORT_EXAMPLES = """Example:

  tenantry audit export --tenant acme > acme.ndjson
"""
PARTITIONS_EXAMPLES = """Examples:

  tenantry audit partitions                  (monthly, or more often)
  tenantry audit partitions --ahead 12
"""
RETAIN_EXAMPLES = """Examples:

  tenantry audit retain --months 24 --dry-run
  tenantry audit retain --months 24
"""


@app.command("verify", epilog=VERIFY_EXAMPLES)
def verify(*, tenant: Slug = None, everybody: Everybody = False, folder: Folder = None) -> None:
    """Find any record that was edited, removed, moved or cut off; ends with 1 and its number where there is one.

    Only checkpoints, kept where whoever changes the database cannot reach,
    show a cut tail whose head was mended.
    """
    if tenant and everybody:
        raise typer.BadParameter("Give --tenant SLUG or --all, not both.")
    with plain_errors():
        settings = Settings.from_environment()
        verdicts = run(_verify(settings, tenant, _at(settings, folder)))
    for slug, verdict in verdicts.items():
        if verdict.fault:
            typer.secho(f"{slug}: {verdict.fault}", err=True, fg=typer.colors.RED)
        else:
            typer.echo(f"{slug}: {_told(verdict)}")
    if not all(verdict.ok for verdict in verdicts.values()):
        raise typer.Exit(1)


@app.command("checkpoint", epilog=CHECKPOINT_EXAMPLES)
def checkpoint(
    *,
    folder: Folder = None,
    rotate_key: Annotated[bool, typer.Option("--rotate-key", help="Sign with a new key from now on.")] = False,
) -> None:
    """Sign where each tenant's chain stands, and keep that in the folder: put it on another disk, or copy it away."""
    with plain_errors():
        settings = Settings.from_environment()
        signed = run(_checkpoint(settings, _at(settings, folder), rotate_key=rotate_key))
    typer.echo(f"Signed for {signed:,} chains; nothing was recorded in the others since they were signed for.")


@app.command("export", epilog=EXPORT_EXAMPLES)
def export(*, tenant: Annotated[str, typer.Option(help="The slug of the tenant.", metavar="SLUG")]) -> None:
    """Print a tenant's audit as lines of JSON (NDJSON), which carry their hashes."""
    run(_export(tenant))


@app.command("partitions", epilog=PARTITIONS_EXAMPLES)
def partitions(
    *,
    ahead: Annotated[int, typer.Option(help="Months to have ready beside this one.", min=0, max=120)] = AHEAD,
) -> None:
    """Make the months that are missing, as the schema's owner, and move in what waited for them."""
    with plain_errors():
        settings = Settings.from_environment()
        with owner_address(settings) as owner_url, _words():
            made: Made = run(make_months(owner_url, SystemClock().now(), ahead))
    names = ", ".join(str(month) for month in made.months) or "none was missing"
    typer.echo(f"Months made: {names}. Rows moved into them: {made.moved:,}.")


@app.command("retain", epilog=RETAIN_EXAMPLES)
def retain_(
    *,
    months: Annotated[int, typer.Option(help="Full months to keep beside this one.", min=1, max=1200)],
    folder: Folder = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would go, and change nothing.")] = False,
) -> None:
    """Drop older months for good, values and all, as the schema's owner; each chain goes on from a signed boundary."""
    with plain_errors():
        settings = Settings.from_environment()
        done: Retained = run(_retain(settings, _at(settings, folder), months, dry_run=dry_run))
    names = ", ".join(str(month) for month in done.months) or "none is old enough"
    typer.echo(f"Months dropped: {names}. Chains that begin later now: {len(done.boundaries):,}.")
    if dry_run:
        typer.echo("This was a dry run: nothing was changed.")


@contextmanager
def _words(slugs: Mapping[uuid.UUID, str] = MappingProxyType({})) -> Iterator[None]:
    """What a person can mend, in words."""
    try:
        yield
    except (BadKeys, Unreadable) as error:
        raise CommandError(str(error)) from error
    except DoesNotVerify as error:
        slug = slugs.get(error.tenant_id, str(error.tenant_id))
        raise CommandError(f"{slug}: {error.fault} Nothing was dropped.") from error
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE:
            raise
        raise CommandError(
            "Somebody reads the audit at this moment, and months wait for that: run it again."
        ) from error


def _at(settings: Settings, folder: Path | None) -> Path:
    return folder or settings.home / "audit"


def _told(verdict: Verdict) -> str:
    if not verdict.records:
        return "nothing recorded."
    return (
        f"records {verdict.first:,} to {verdict.last:,} are as they were written "
        f"({verdict.erased:,} values erased, {verdict.checkpoints:,} checkpoints)."
    )


async def _verify(settings: Settings, slug: str | None, folder: Path) -> dict[str, Verdict]:
    with _words():
        keys = public_keys(folder / KEYS)
    places = [Lines(folder / CHECKPOINTS)]
    async with open_databases(settings) as databases:
        tenants = await _every(databases) if slug is None else {slug: await tenant_id(databases, slug)}
        return {name: await check(databases.app, each, places, keys) for name, each in tenants.items()}


async def _checkpoint(settings: Settings, folder: Path, *, rotate_key: bool) -> int:
    async with open_databases(settings) as databases:
        with _words():
            keys = Keys(folder / KEYS)
            if rotate_key:
                keys.rotate()
            notary = Notary(keys, [Lines(folder / CHECKPOINTS)])
            made = [
                await make_checkpoint(databases.app, SystemClock(), each, notary)
                for each in (await _every(databases)).values()
            ]
    return len([each for each in made if each])


async def _export(slug: str) -> None:
    async with open_databases(Settings.from_environment()) as databases:
        named = await tenant_id(databases, slug)
        records = 0
        async with aclosing(export_lines(databases.app, named)) as lines:
            async for line in lines:
                sys.stdout.buffer.write(line.encode() + b"\n")
                records += 1
        sys.stdout.flush()
        exported = command_record(
            "tenantry audit export", AuditAction.AUDIT_EXPORTED, estate_of(named), told(records=records)
        )
        await append_apart(databases.app, SystemClock(), named, [exported])


async def _retain(settings: Settings, folder: Path, months: int, *, dry_run: bool) -> Retained:
    async with open_databases(settings) as databases:
        if databases.owner_url is None:
            raise CommandError("DATABASE_OWNER_URL is not set: months are dropped as tenantry_owner.")
        tenants = await _every(databases)
        with _words({each: slug for slug, each in tenants.items()}):
            keys = Keys(folder / KEYS)
            notary = Notary(keys, [Lines(folder / CHECKPOINTS)])
            keeper = Keeper(databases.app, databases.owner_url, SystemClock(), notary, keys.public())
            return await retain(keeper, tenants.values(), months, dry_run=dry_run)


async def _every(databases: Databases) -> dict[str, uuid.UUID]:
    """All tenants, the platform and deleted ones too; those whose slug another has now by their ids as well."""
    statement = select(TenantTable.id, TenantTable.slug).order_by(TenantTable.slug, TenantTable.id)
    async with databases.platform.read(None) as connection:
        found = (await connection.execute(statement)).all()
    slugs = Counter(row.slug for row in found)
    return {row.slug if slugs[row.slug] == 1 else f"{row.slug} ({row.id})": row.id for row in found}

"""`tenantry tenant`: make tenants, list them, suspend, delete and restore them."""

import uuid
from typing import Annotated

import typer

from loaders.window import Row
from models import PLATFORM_ID
from models.clock import SystemClock
from models.ids import Prefix, encode
from resolvers.operating import change_tenant, delete_tenant, record_created
from resolvers.problems import NotEmpty, NotFound, Problem
from resolvers.tenants import create_tenant, deleted_tenant_by_slug, list_tenants, tenant_by_slug
from resolvers.writing.tenants.restore import restore as restore_tenant
from resolvers.writing.tenants.update import suspend as suspend_tenant
from tenantry.cli.run import CommandError, run
from tenantry.cli.table import table
from tenantry.databases import Databases, open_databases
from tenantry.settings import Settings

app = typer.Typer(help="Make tenants, list them, suspend, delete and restore them.", no_args_is_help=True)

CREATE_EXAMPLES = """Examples:

  tenantry tenant create acme --name "Acme Properties"
  tenantry tenant create acme-west --name "Acme West" --parent acme
"""
LIST_EXAMPLES = """Example:

  tenantry tenant list
"""
SUSPEND_EXAMPLES = """Example:

  tenantry tenant suspend acme
"""
DELETE_EXAMPLES = """Examples:

  tenantry tenant delete acme-west
  tenantry tenant delete acme --cascade --dry-run
"""
RESTORE_EXAMPLES = """Example:

  tenantry tenant restore acme
"""

Slug = Annotated[str, typer.Argument(help="The tenant's slug.", metavar="SLUG")]
Cascade = Annotated[bool, typer.Option("--cascade", help="Although it has an estate, and with all tenants beneath it.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Tell what would go, and change nothing.")]


@app.command("create", epilog=CREATE_EXAMPLES)
def create(
    slug: Annotated[str, typer.Argument(help="What addresses and commands call it: letters, digits, hyphens.")],
    name: Annotated[str, typer.Option(help="What people call it.")],
    parent: Annotated[
        str | None, typer.Option(help="The slug of the tenant above; without it, the platform.", metavar="SLUG")
    ] = None,
) -> None:
    """Make a tenant and print its id."""
    run(_create(slug, name, parent))


@app.command("list", epilog=LIST_EXAMPLES)
def list_() -> None:
    """List the tenants, each followed by those beneath it."""
    run(_list())


@app.command("suspend", epilog=SUSPEND_EXAMPLES)
def suspend(slug: Slug) -> None:
    """Refuse the tenant's tokens until it is restored; those of the tenants above still act in it."""
    run(_suspend(slug))
    typer.echo(f"{slug} is suspended. `tenantry tenant restore {slug}` ends that.")


@app.command("delete", epilog=DELETE_EXAMPLES)
def delete(slug: Slug, *, cascade: Cascade = False, dry_run: DryRun = False) -> None:
    """Delete a tenant, softly: its estate stays, nobody can act in it, and it can be restored.

    A tenant that has an estate or tenants beneath it stays, unless --cascade is said.
    """
    deleted = run(_delete(slug, cascade=cascade, dry_run=dry_run))
    [counted] = deleted["counts"]
    below = counted["count"] - 1
    typer.echo(f"{slug}, and {below:,} beneath it" if below else slug)
    ended = f"Deleted. `tenantry tenant restore {slug}` brings it back."
    typer.echo("This was a dry run: nothing was changed." if dry_run else ended)


@app.command("restore", epilog=RESTORE_EXAMPLES)
def restore(slug: Slug) -> None:
    """End a tenant's suspension, or bring a deleted one back with all that went with it."""
    restored = run(_restore(slug))
    typer.echo(f"{slug} is back: {restored['status']}.")


async def tenant_id(databases: Databases, slug: str) -> uuid.UUID:
    """The id of the tenant that a command names. Raises CommandError."""
    try:
        found = await tenant_by_slug(databases.platform, slug)
    except Problem as problem:
        raise CommandError(f"{problem} `tenantry tenant list` shows those there are.") from problem
    return uuid.UUID(str(found["id"]))


async def _create(slug: str, name: str, parent: str | None) -> None:
    async with open_databases(Settings.from_environment()) as databases:
        parent_id = await tenant_id(databases, parent) if parent else PLATFORM_ID
        made = await create_tenant(databases.platform, SystemClock(), slug, name, parent_id)
        await record_created(databases.app, SystemClock(), "tenantry tenant create", dict(made))
    typer.echo(encode(Prefix.TENANT, made["id"]))
    typer.echo(f"Make a token for it: tenantry token create --tenant {slug} --name … --scope …", err=True)


async def _suspend(slug: str) -> Row:
    async with open_databases(Settings.from_environment()) as databases:
        named = await tenant_id(databases, slug)
        return await change_tenant(databases.app, SystemClock(), "tenantry tenant suspend", named, suspend_tenant)


async def _delete(slug: str, *, cascade: bool, dry_run: bool) -> Row:
    async with open_databases(Settings.from_environment()) as databases:
        named = await tenant_id(databases, slug)
        try:
            return await delete_tenant(
                databases.app, SystemClock(), "tenantry tenant delete", named, cascade=cascade, dry_run=dry_run
            )
        except Problem as problem:
            if not isinstance(problem.noun, NotEmpty):
                raise
            listed = ", ".join(f"{count:,} {name}" for name, count in problem.noun.counts)
            raise CommandError(f"{slug} is not empty ({listed}): empty it, or say --cascade.") from problem


async def _restore(slug: str) -> Row:
    async with open_databases(Settings.from_environment()) as databases:
        try:
            found = await tenant_by_slug(databases.platform, slug)
        except Problem as problem:
            if not isinstance(problem.noun, NotFound):
                raise
            found = await deleted_tenant_by_slug(databases.platform, slug)
        named = uuid.UUID(str(found["id"]))
        return await change_tenant(databases.app, SystemClock(), "tenantry tenant restore", named, restore_tenant)


async def _list() -> None:
    async with open_databases(Settings.from_environment()) as databases:
        tenants = await list_tenants(databases.platform)
    slugs = {tenant["id"]: tenant["slug"] for tenant in tenants}
    rows = [
        (
            tenant["slug"],
            tenant["name"],
            tenant["status"],
            slugs.get(tenant["parent_id"], "-"),
            tenant["short_id"],
            encode(Prefix.TENANT, tenant["id"]),
        )
        for tenant in tenants
    ]
    typer.echo(table(("SLUG", "NAME", "STATUS", "PARENT", "SHORT ID", "ID"), rows))

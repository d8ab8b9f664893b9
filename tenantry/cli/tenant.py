"""`tenantry tenant`: make tenants, and list them."""

import uuid
from typing import Annotated

import typer

from models import PLATFORM_ID
from models.clock import SystemClock
from models.ids import Prefix, encode
from resolvers.problems import Problem
from resolvers.tenants import create_tenant, list_tenants, tenant_by_slug
from tenantry.cli.run import CommandError, run
from tenantry.cli.table import table
from tenantry.databases import Databases, open_databases
from tenantry.settings import Settings

app = typer.Typer(help="Make tenants, and list them.", no_args_is_help=True)

CREATE_EXAMPLES = """Examples:

  tenantry tenant create acme --name "Acme Properties"
  tenantry tenant create acme-west --name "Acme West" --parent acme
"""
LIST_EXAMPLES = """Example:

  tenantry tenant list
"""


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
    typer.echo(encode(Prefix.TENANT, made["id"]))
    typer.echo(f"Make a token for it: tenantry token create --tenant {slug} --name … --scope …", err=True)


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

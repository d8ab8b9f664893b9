"""`tenantry token`: make, list and revoke what callers show."""

import uuid
from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated

import typer
from sqlalchemy import RowMapping

from auth.scopes import Scope, expand
from models import PLATFORM_ID
from models.clock import SystemClock
from models.ids import Prefix, encode
from resolvers.tokens import (
    GIVEN_BY_DEFAULT,
    create_token,
    list_tokens,
    revoke_presented,
    revoke_token,
)
from tenantry.cli.duration import parse_duration
from tenantry.cli.run import run
from tenantry.cli.table import table
from tenantry.cli.tenant import tenant_id
from tenantry.databases import Databases, open_databases
from tenantry.settings import Settings

app = typer.Typer(help="Make, list and revoke the tokens that callers show.", no_args_is_help=True)

Tenant = Annotated[str | None, typer.Option(help="The slug of the token's tenant.", metavar="SLUG")]
Platform = Annotated[bool, typer.Option("--platform", help="An operator's token, instead of a tenant's.")]

CREATE_EXAMPLES = """Examples:

  tenantry token create --tenant acme --name dashboard --scope 'tenant.*.read'
  tenantry token create --tenant acme --name importer --expires 12h \\
      --scope tenant.devices.read --scope tenant.devices.write
  tenantry token create --platform --name ops --scope 'platform.*'
  TOKEN=$(tenantry token create --tenant acme --name ci --scope 'tenant.*')
"""
LIST_EXAMPLES = """Examples:

  tenantry token list --tenant acme
  tenantry token list --platform
"""
REVOKE_EXAMPLES = """Examples:

  tenantry token revoke --tenant acme --name dashboard
  tenantry token revoke --platform --name ops
  tenantry token revoke tnt_svc_…   (a leaked one, wherever it belongs)
"""


@app.command("create", epilog=CREATE_EXAMPLES)
def create(
    *,
    name: Annotated[str, typer.Option(help="What the token is called; unique in its tenant.")],
    scope: Annotated[list[str], typer.Option(help="A scope or a pattern; may be repeated.")],
    tenant: Tenant = None,
    platform: Platform = False,
    expires: Annotated[str, typer.Option(help="How long it lives, at most 365d.", metavar="DURATION")] = "90d",
    without_schema: Annotated[
        bool, typer.Option("--without-schema", help="Leave out tenant.schema.read, which is given otherwise.")
    ] = False,
) -> None:
    """Make a token and print it, alone and for the only time."""
    one_home(tenant, platform=platform)
    try:
        scopes = expand(scope, platform=platform)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--scope") from error
    try:
        expires_in = parse_duration(expires)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--expires") from error
    wanted = scopes - GIVEN_BY_DEFAULT if without_schema else scopes | GIVEN_BY_DEFAULT
    run(_create(tenant, name, wanted, expires_in))


@app.command("list", epilog=LIST_EXAMPLES)
def list_(*, tenant: Tenant = None, platform: Platform = False) -> None:
    """List the tokens that are not revoked, without their secrets."""
    one_home(tenant, platform=platform)
    run(_list(tenant))


@app.command("revoke", epilog=REVOKE_EXAMPLES)
def revoke(
    token: Annotated[str | None, typer.Argument(help="The token's own text.")] = None,
    *,
    name: Annotated[str | None, typer.Option(help="The token's name.")] = None,
    tenant: Tenant = None,
    platform: Platform = False,
) -> None:
    """Revoke a token for good: within 5 seconds no server takes it any more."""
    if token is not None:
        if name or tenant or platform:
            raise typer.BadParameter("Give the token's text or its name, not both.")
        run(_revoke_presented(token))
        return
    one_home(tenant, platform=platform)
    if name is None:
        raise typer.BadParameter("Say which one: its text, or --name.", param_hint="--name")
    run(_revoke(tenant, name))


def one_home(tenant: str | None, *, platform: bool) -> None:
    """Refuse a command that names no home for its token, or two."""
    if (tenant is None) != platform:
        raise typer.BadParameter("Say whose token it is: either --tenant SLUG or --platform.")


async def _home(databases: Databases, tenant: str | None) -> uuid.UUID:
    return PLATFORM_ID if tenant is None else await tenant_id(databases, tenant)


async def _create(tenant: str | None, name: str, scopes: Iterable[Scope], expires_in: timedelta) -> None:
    async with open_databases(Settings.from_environment()) as databases:
        home = await _home(databases, tenant)
        made = await create_token(databases.app, SystemClock(), home, name, scopes, expires_in=expires_in)
    typer.echo(made.secret.reveal())
    typer.echo(
        f"Keep it: it cannot be shown again. It ends {_moment(made.row)} and holds {', '.join(made.row['scopes'])}.",
        err=True,
    )


async def _list(tenant: str | None) -> None:
    clock = SystemClock()
    async with open_databases(Settings.from_environment()) as databases:
        tokens = await list_tokens(databases.app, await _home(databases, tenant))
    rows = [
        (
            token["name"],
            "ACTIVE" if token["expires_at"] > clock.now() else "EXPIRED",
            _moment(token),
            encode(Prefix.TOKEN, token["id"]),
            " ".join(token["scopes"]),
        )
        for token in tokens
    ]
    typer.echo(table(("NAME", "STATE", "ENDS", "ID", "SCOPES"), rows))


async def _revoke(tenant: str | None, name: str) -> None:
    async with open_databases(Settings.from_environment()) as databases:
        revoked = await revoke_token(databases.app, SystemClock(), await _home(databases, tenant), name)
    _say_revoked(revoked)


async def _revoke_presented(text: str) -> None:
    async with open_databases(Settings.from_environment()) as databases:
        revoked = await revoke_presented(databases.app, databases.platform, SystemClock(), text)
    _say_revoked(revoked)


def _say_revoked(token: RowMapping) -> None:
    typer.echo(f"Revoked {token['name']} ({encode(Prefix.TOKEN, token['id'])}).")


def _moment(token: RowMapping) -> str:
    return f"{token['expires_at']:%Y-%m-%d %H:%M} UTC"

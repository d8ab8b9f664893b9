"""`tenantry token`: make, list, rotate, verify and revoke what callers show."""

import sys
import uuid
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Annotated, Any

import typer
from sqlalchemy import RowMapping

from auth.scopes import Scope, expand
from auth.verifying import TokenState
from models import PLATFORM_ID
from models.clock import SystemClock
from models.ids import Prefix, encode
from resolvers.tokens import (
    GIVEN_BY_DEFAULT,
    create_token,
    list_tokens,
    revoke_presented,
    revoke_token,
    rotate_token,
    verify_token,
)
from tenantry.cli.duration import parse_duration
from tenantry.cli.run import CommandError, run
from tenantry.cli.table import table
from tenantry.cli.tenant import tenant_id
from tenantry.databases import Databases, open_databases
from tenantry.settings import Settings

Row = RowMapping | Mapping[str, Any]

app = typer.Typer(help="Make, list, rotate, verify and revoke the tokens that callers show.", no_args_is_help=True)

Tenant = Annotated[str | None, typer.Option(help="The slug of the token's tenant.", metavar="SLUG")]
Platform = Annotated[bool, typer.Option("--platform", help="An operator's token, instead of a tenant's.")]

CREATE_EXAMPLES = """Examples:

  tenantry token create --tenant acme --name dashboard --scope 'tenant.*.read'
  tenantry token create --tenant acme --name importer --expires 12h \\
      --scope tenant.devices.read --scope tenant.devices.write
  tenantry token create --platform --name ops --scope 'platform.*'
  tenantry token create --tenant acme --name lobby --scope tenant.devices.read \\
      --node loc_0190b5a2-7c3e-7d51-9f0e-1a2b3c4d5e6f --network 192.0.2.0/24
  tenantry token create --tenant acme --name ada --scope 'tenant.*' \\
      --owner usr_0190b5a2-7c3e-7d51-9f0e-1a2b3c4d5e6f
  TOKEN=$(tenantry token create --tenant acme --name ci --scope 'tenant.*')
"""
LIST_EXAMPLES = """Examples:

  tenantry token list --tenant acme
  tenantry token list --platform
"""
ROTATE_EXAMPLES = """Examples:

  tenantry token rotate dashboard --tenant acme
  tenantry token rotate dashboard --tenant acme --overlap 12h
  TOKEN=$(tenantry token rotate ops --platform --overlap 0s)
"""
VERIFY_EXAMPLES = """Examples:

  tenantry token verify   (asks for the token, and does not show it)
  printf %s "$TOKEN" | tenantry token verify
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
    node: Annotated[
        str | None, typer.Option(help="An organization, location or area, by its id: it holds there alone.")
    ] = None,
    network: Annotated[
        list[str] | None, typer.Option(help="Where it may be used from, such as 192.0.2.0/24; may be repeated.")
    ] = None,
    owner: Annotated[
        str | None,
        typer.Option(help="A user or service account of the tenant, by its id: it may do what that may, and no more."),
    ] = None,
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
    run(_create(tenant, name, wanted, expires_in, node=node, networks=network or (), owner=owner))


@app.command("list", epilog=LIST_EXAMPLES)
def list_(*, tenant: Tenant = None, platform: Platform = False) -> None:
    """List the tokens that are not revoked, without their secrets."""
    one_home(tenant, platform=platform)
    run(_list(tenant))


@app.command("rotate", epilog=ROTATE_EXAMPLES)
def rotate(
    name: Annotated[str, typer.Argument(help="The token's name.")],
    *,
    tenant: Tenant = None,
    platform: Platform = False,
    overlap: Annotated[
        str, typer.Option(help="How long the secret before stays good, at most 24h.", metavar="DURATION")
    ] = "1h",
) -> None:
    """Give a token a new secret and print it, alone and for the only time. When the token ends does not change."""
    one_home(tenant, platform=platform)
    try:
        lasting = parse_duration(overlap)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--overlap") from error
    run(_rotate(tenant, name, lasting))


@app.command("verify", epilog=VERIFY_EXAMPLES)
def verify() -> None:
    """Say whether a token is good, until when and what for; ends with 1 where it is not.

    The token is read from standard input or asked for, and is no argument: those are seen by everybody at the machine.
    """
    text = typer.prompt("Token", hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.readline(200)
    run(_verify(text.strip()))


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


async def _create(
    tenant: str | None,
    name: str,
    scopes: Iterable[Scope],
    expires_in: timedelta,
    *,
    node: str | None,
    networks: Iterable[str],
    owner: str | None,
) -> None:
    async with open_databases(Settings.from_environment()) as databases:
        home = await _home(databases, tenant)
        made = await create_token(
            databases.app,
            SystemClock(),
            home,
            name,
            scopes,
            expires_in=expires_in,
            node=node,
            networks=networks,
            owner=owner,
        )
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
            _owner(token),
            " ".join(token["scopes"]),
        )
        for token in tokens
    ]
    typer.echo(table(("NAME", "STATE", "ENDS", "ID", "OWNER", "SCOPES"), rows))


async def _rotate(tenant: str | None, name: str, overlap: timedelta) -> None:
    async with open_databases(Settings.from_environment()) as databases:
        rotated = await rotate_token(databases.app, SystemClock(), await _home(databases, tenant), name, overlap)
    typer.echo(rotated.secret.reveal())
    until = f"{rotated.row['overlap_ends_at']:%Y-%m-%d %H:%M} UTC"
    typer.echo(f"Keep it: it cannot be shown again. The secret before it is good until {until}.", err=True)


async def _verify(text: str) -> None:
    async with open_databases(Settings.from_environment()) as databases:
        found = await verify_token(databases.app, databases.platform, SystemClock(), text)
    rows = [("STATE", found.state.value)]
    if found.until is not None:
        rows.append(("GOOD UNTIL", f"{found.until:%Y-%m-%d %H:%M} UTC"))
    if found.token is not None:
        rows += [
            ("NAME", found.token["name"]),
            ("ID", encode(Prefix.TOKEN, found.token["id"])),
            ("TENANT", found.tenant or ""),
            ("OWNER", _owner(found.token)),
            ("NODE", found.node or "the whole tenant"),
            ("NETWORKS", " ".join(found.token["networks"]) or "any"),
            ("SCOPES", " ".join(found.token["scopes"])),
        ]
    typer.echo(table(("WHAT", ""), rows))
    if found.state is not TokenState.ACTIVE:
        raise CommandError(f"The token is not good: {found.state.value}.")


async def _revoke(tenant: str | None, name: str) -> None:
    async with open_databases(Settings.from_environment()) as databases:
        revoked = await revoke_token(databases.app, SystemClock(), await _home(databases, tenant), name)
    _say_revoked(revoked)


async def _revoke_presented(text: str) -> None:
    async with open_databases(Settings.from_environment()) as databases:
        revoked = await revoke_presented(databases.app, databases.platform, SystemClock(), text)
    _say_revoked(revoked)


def _say_revoked(token: Row) -> None:
    typer.echo(f"Revoked {token['name']} ({encode(Prefix.TOKEN, token['id'])}).")


def _owner(token: Row) -> str:
    """Whose it is, by its id."""
    if token["user_id"] is not None:
        return encode(Prefix.USER, token["user_id"])
    account = token["service_account_id"]
    return "the tenant" if account is None else encode(Prefix.SERVICE_ACCOUNT, account)


def _moment(token: Row) -> str:
    return f"{token['expires_at']:%Y-%m-%d %H:%M} UTC"

"""`tenantry demo`: everything at once, for the first minute: database, estate, tokens, server."""

import asyncio
import json
import uuid
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass

import typer
from sqlalchemy import make_url

from auth.scopes import expand
from models import PLATFORM_ID
from models.clock import Clock, SystemClock
from models.migrate import make_ready
from resolvers.problems import Problem
from resolvers.tokens import create_token, revoke_token
from tenantry.cli.run import CommandError, plain_errors
from tenantry.cli.serve import Host, Port, listening, stop_on_sigterm, take_address
from tenantry.cli.table import table
from tenantry.databases import Addresses, Databases, addresses, pools
from tenantry.demo_estate import ACTOR, DemoEstate, fill_demo
from tenantry.front import GRAPHQL
from tenantry.graphiql import EXPLORER
from tenantry.health import LIVE, READY
from tenantry.logs import configure_logging
from tenantry.server import serve, url
from tenantry.settings import Settings

EXAMPLES = """Examples:

  tenantry demo
  tenantry demo --port 8001
"""
# The estate from tenant to device, small enough to read.
QUERY = (
    "{ tenant { name } locations(first: 1) { nodes { name city areas(first: 2, filter: {kind: {eq: ROOM}}) "
    "{ nodes { name kind devices(first: 2) { nodes { name serial status } } } } } } }"
)


@dataclass(frozen=True, slots=True)
class DemoToken:
    """A caller to try things as."""

    name: str
    whose: str
    may: str
    tenant_id: uuid.UUID
    scopes: str


def command(host: Host = None, port: Port = None) -> None:
    """Start a server with a demonstration estate and print how to call it; Ctrl-C stops what it started.

    A second start keeps the estate and makes new tokens; the ones before are revoked.
    """
    with plain_errors():
        settings = listening(Settings.from_environment(), host, port, 1)
        configure_logging(settings.log_format, settings.log_level)
        stop_on_sigterm()
        with closing(take_address(settings)) as bound:
            typer.echo(f"Starting on {_database(settings)} …", err=True)
            with addresses(settings) as at:
                estate, secrets = asyncio.run(prepare(at, settings))
                text = instructions(url(bound), estate, secrets)
                serve(settings, bound, lambda: typer.echo(text))


async def prepare(at: Addresses, settings: Settings) -> tuple[DemoEstate, list[str]]:
    """Migrate, fill what is missing, and make fresh tokens: their texts, in the order of `callers`."""
    if at.owner is None:
        raise CommandError(
            "DATABASE_OWNER_URL is not set, DATABASE_URL is. Set it to that database as tenantry_owner, "
            "or unset all three for the embedded server."
        )
    await make_ready(at.owner, SystemClock().now())
    databases, clock = pools(at, settings), SystemClock()
    try:
        estate = await fill_demo(databases.platform, databases.app, clock)
        return estate, [await rotate(databases, clock, token) for token in callers(estate)]
    finally:
        await databases.close()


def callers(estate: DemoEstate) -> tuple[DemoToken, ...]:
    """An operator, and two callers of the first customer."""
    customer = estate.customers[0]
    return (
        DemoToken("demo-operator", "Platform", "everything, in every tenant", PLATFORM_ID, "*"),
        DemoToken("demo-admin", customer["name"], "everything in its tenant", customer["id"], "tenant.*"),
        DemoToken("demo-dashboard", customer["name"], "reading in its tenant", customer["id"], "tenant.*.read"),
    )


async def rotate(databases: Databases, clock: Clock, token: DemoToken) -> str:
    """A new token in place of the one before, if there is one."""
    with suppress(Problem):  # there is none
        await revoke_token(databases.app, clock, token.tenant_id, token.name, command=ACTOR)
    scopes = expand([token.scopes], platform=token.tenant_id == PLATFORM_ID)
    made = await create_token(databases.app, clock, token.tenant_id, token.name, scopes, command=ACTOR)
    return made.secret.reveal()


def instructions(base: str, estate: DemoEstate, secrets: Sequence[str]) -> str:
    """What to do with it, to read and to paste."""
    tokens = callers(estate)
    rows = [(each.name, each.whose, each.may, secret) for each, secret in zip(tokens, secrets, strict=True)]
    customers = ", ".join(customer["name"] for customer in estate.customers)
    body = json.dumps({"query": QUERY})
    return f"""
Tenantry runs, with {estate.partner["name"]} and its customers {customers}.

GraphQL  {base}{GRAPHQL}
Explorer {base}{EXPLORER}
Health   {base}{LIVE}  {base}{READY}

Fresh tokens; the ones of the last start are revoked:

{table(("NAME", "TENANT", "MAY DO", "TOKEN"), rows)}

Try:

curl -s {base}{GRAPHQL} \\
  -H 'Authorization: Bearer {secrets[1]}' \\
  -H 'Content-Type: application/json' \\
  -d '{body}'

Ctrl-C stops it.
"""


def _database(settings: Settings) -> str:
    """Which database it is, without a password."""
    if settings.database_url is None:
        return f"the embedded PostgreSQL under {settings.home}"
    return make_url(settings.database_url).render_as_string()

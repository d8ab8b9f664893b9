"""`tenantry plan`: which way a query goes, its SQL, and how PostgreSQL means to run it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from auth.codes import Refusal
from auth.principal import NO_TOKEN, Caller, Principal, PrincipalKind, TenantRef
from auth.scopes import Scope
from models.clock import SystemClock
from resolvers.tenants import tenant_by_slug
from schema.answers import InvalidDocument
from schema.build import build
from schema.graph import Graph
from schema.operation import OperationRequest, PlanWanted
from tenantry.app import limits
from tenantry.cli.document import document_in, variables_in
from tenantry.cli.run import CommandError, plain_errors, run
from tenantry.databases import open_databases
from tenantry.settings import Settings

EXAMPLES = """Examples:

  tenantry plan tree.graphql --tenant acme
  tenantry plan device.graphql --variables device.json --tenant acme --analyze
"""

File = Annotated[Path, typer.Argument(help="A GraphQL document.", metavar="FILE", exists=True, dir_okay=False)]
Tenant = Annotated[str, typer.Option(help="The slug of the tenant that would ask.", metavar="SLUG")]
Variables = Annotated[Path | None, typer.Option(help="The operation's variables as JSON.", metavar="FILE.json")]
Operation = Annotated[str | None, typer.Option(help="Which operation, where there are several.", metavar="NAME")]
Analyze = Annotated[bool, typer.Option("--analyze", help="Run it, and show how long each step took.")]


def command(
    file: File, *, tenant: Tenant, variables: Variables = None, operation: Operation = None, analyze: Analyze = False
) -> None:
    """Say whether a query is answered by one statement, and show that statement with PostgreSQL's plan.

    It is planned for a caller who may read everything of the tenant.
    """
    with plain_errors():
        request = OperationRequest(document_in(file), variables_in(variables), operation)
    typer.echo(run(_plan(request, tenant, analyze=analyze)))


async def _plan(request: OperationRequest, slug: str, *, analyze: bool) -> str:
    settings = Settings.from_environment()
    async with open_databases(settings) as databases:
        caller = _reader(await tenant_by_slug(databases.platform, slug))
        graph = Graph(build(), databases.app, SystemClock(), limits(settings))
        wanted = PlanWanted.ANALYZE if analyze else PlanWanted.EXPLAIN
        try:
            planned = await graph.plan(request, caller, wanted)
        except InvalidDocument as invalid:
            raise CommandError("\n".join(error.message for error in invalid.errors)) from invalid
        except Refusal as refusal:
            raise CommandError(refusal.message) from refusal
    if planned.statement is None:
        return f"Not compiled, so that graphql-core runs it: {planned.reason}."
    said = ["Compiled to one statement:", "", planned.statement, "", "PostgreSQL's plan:", "", *planned.plan]
    return "\n".join(said)


def _reader(tenant: Any) -> Caller:
    """A caller who may read everything of the tenant."""
    home = TenantRef(tenant["id"], tenant["slug"], tenant["status"], tuple(tenant["path"]))
    reader = Principal(
        kind=PrincipalKind.OPERATOR,
        name="tenantry plan",
        token_id=NO_TOKEN,
        expires_at=datetime.now(UTC) + timedelta(minutes=1),
        scopes=frozenset(scope for scope in Scope if scope.endswith(".read")),
        home=home,
    )
    return Caller(reader, home)

"""`tenantry explain`: what an operation asks for, and what of it a token may have. Runs nothing of it."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from auth.codes import Refusal
from auth.explaining import Access, AccessReason, Asked, Explanation, explain
from auth.principal import Caller, TenantRef
from auth.requirement import Requirement
from auth.verifying import Credentials, state_of
from models.clock import SystemClock
from models.ids import Prefix, decode
from resolvers.explaining import shown, shown_access
from resolvers.tenants import tenant_by_slug
from schema.build import build
from schema.documents import Documents
from tenantry.app import limits
from tenantry.cli.document import document_in, variables_in
from tenantry.cli.run import CommandError, plain_errors, run
from tenantry.cli.table import table
from tenantry.databases import Databases, open_databases
from tenantry.settings import Settings

EXAMPLES = """Examples:

  printf %s "$TOKEN" | tenantry explain dashboard.graphql --token -
  tenantry explain dashboard.graphql --token tok_… --tenant acme
  tenantry explain all.graphql --operation Doors --variables doors.json \\
      --token tok_… --tenant acme --json

A token's text as an argument is seen by everybody at the machine: send it by
standard input. Ends with 1 where something would be refused.
"""
STDIN = "-"
WHY = {
    AccessReason.GRANTED: "everywhere in the tenant",
    AccessReason.REACH: "beneath {within}",
    AccessReason.SCOPE: "the token does not hold {missing}",
    AccessReason.OWNER: "the token's owner may not do {missing} now",
    AccessReason.TENANT: "{missing} does not hold in this tenant",
    AccessReason.STATE: "the token is {state}",
}

Document = Annotated[Path, typer.Argument(help="The GraphQL document.", metavar="FILE.graphql")]
Token = Annotated[str, typer.Option(help="The token's id, its text, or - to read that.", metavar="TOKEN")]
Variables = Annotated[Path | None, typer.Option(help="The operation's variables as JSON.", metavar="FILE.json")]
Name = Annotated[str | None, typer.Option(help="Which operation of the document.", metavar="NAME")]
Slug = Annotated[
    str | None, typer.Option(help="The slug of the tenant to act in; the token's own otherwise.", metavar="SLUG")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print what the API answers instead of a table.")]


def command(
    file: Document,
    *,
    token: Token,
    variables: Variables = None,
    operation: Name = None,
    tenant: Slug = None,
    as_json: AsJson = False,
) -> None:
    """Tell what an operation asks for, by its paths, whether a token may have it and why, and what it lacks."""
    text = sys.stdin.readline(200).strip() if token == STDIN else token
    if tenant is None and decode(text) is not None:
        raise typer.BadParameter("An id is sought in a tenant and those above: say --tenant SLUG.")
    with plain_errors():
        settings = Settings.from_environment()
        asked = examine(settings, file, variables_in(variables), operation)
        explanation = run(_explain(settings, asked, text, tenant))
    typer.echo(json.dumps(shown(explanation), indent=2) if as_json else told(explanation))
    if not explanation.allowed:
        raise typer.Exit(1)


def examine(settings: Settings, file: Path, variables: dict[str, Any], operation: str | None) -> tuple[Asked, ...]:
    """What the document asks for. Raises CommandError where it would be run for nobody."""
    try:
        return Documents(build(), limits(settings), at_most=1).examine(document_in(file), variables, operation)
    except Refusal as refusal:
        raise CommandError(f"{file}: {refusal.message}") from refusal


def told(explanation: Explanation) -> str:
    """The explanation as a table, and what would do."""
    rows = [
        (_path(each.asked), _asks(each.asked.requirement), "yes" if each.granted else "no", _why(each, explanation))
        for each in explanation.fields
    ]
    return "\n".join(
        [
            table(("PATH", "ASKS FOR", "GRANTED", "WHY"), rows),
            "",
            f"The smallest set of scopes that would do: {_listed(explanation.smallest) or 'none'}.",
            f"Of these the token lacks here: {_listed(explanation.lacking) or 'none'}.",
            "It would be let through." if explanation.allowed else "It would be refused.",
        ]
    )


async def _explain(settings: Settings, asked: tuple[Asked, ...], token: str, slug: str | None) -> Explanation:
    async with open_databases(settings) as databases:
        acting_in = None if slug is None else await _tenant(databases, slug)
        credentials, named = Credentials(databases.platform), decode(token)
        bearer, generation = None, None
        if named is None:
            found = await credentials.find(token)
            if found is not None:
                bearer, generation = await credentials.bearer(found.tenant_id, found.token_id), found.generation
        elif named[0] is Prefix.TOKEN and acting_in is not None:
            for tenant_id in reversed(acting_in.path):
                bearer = bearer or await credentials.bearer(tenant_id, named[1])
    if bearer is None:
        raise CommandError("There is no such token. `tenantry token list` shows a tenant's, with their ids.")
    home = bearer.principal.home
    tenant = acting_in or home
    if home.id not in tenant.path:
        raise CommandError(f"The token belongs to {home.slug}, and {tenant.slug} is not beneath that: leave it out.")
    return explain(asked, Caller(bearer.principal, tenant), state_of(bearer, generation, SystemClock().now()))


async def _tenant(databases: Databases, slug: str) -> TenantRef:
    found = await tenant_by_slug(databases.platform, slug)
    return TenantRef(found["id"], found["slug"], found["status"], tuple(found["path"]))


def _path(asked: Asked) -> str:
    path = ".".join(asked.path)
    return path if "." in asked.coordinate else f"{path} (on {asked.coordinate})"


def _asks(requirement: Requirement) -> str:
    return " or ".join(" and ".join(sorted(choice)) for choice in requirement.choices) or "-"


def _listed(names: frozenset[Any]) -> str:
    return ", ".join(sorted(names))


def _why(access: Access, explanation: Explanation) -> str:
    within = " or ".join(" and ".join(node["id"] for node in nodes) for nodes in shown_access(access)["within"])
    return WHY[access.reason].format(missing=_listed(access.missing), within=within, state=explanation.state)

"""`tenantry schema`: what the API offers, as text."""

import typer

from schema.build import sdl

EXAMPLES = """Examples:

  tenantry schema
  tenantry schema > schema.graphql
"""


def command() -> None:
    """Print the GraphQL schema (SDL) with its federation and scope directives."""
    typer.echo(sdl(), nl=False)

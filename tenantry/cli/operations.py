"""`tenantry operations`: lists of operations, before a server is told of them."""

from pathlib import Path
from typing import Annotated

import typer

from schema.build import build
from schema.documents import Documents
from schema.manifest import BadManifest, faults, read
from tenantry.app import limits
from tenantry.cli.run import CommandError, plain_errors
from tenantry.settings import Settings

app = typer.Typer(help="Look at lists of operations (docs/operations.md).", no_args_is_help=True)

CHECK_EXAMPLES = """Examples:

  tenantry operations check operations.json
  tenantry operations check operations.json && TENANTRY_OPERATIONS=operations.json tenantry serve
"""

File = Annotated[
    Path, typer.Argument(help="Apollo's manifest, or an object from ids to documents.", metavar="FILE.json")
]


@app.command("check", epilog=CHECK_EXAMPLES)
def check(file: File) -> None:
    """Hold each operation of a list against the schema and the bounds; each that could not run is told."""
    with plain_errors():
        settings = Settings.from_environment()
        try:
            listed = read(file.read_bytes())
        except BadManifest as error:
            raise CommandError(f"{file} is no list of operations: {error}.") from error
    wrong = list(faults(listed, Documents(build(), limits(settings), at_most=1)))
    for each in wrong:
        typer.echo(each)
    if wrong:
        raise typer.Exit(1)
    typer.echo(f"{len(listed)} operations fit the schema.")

"""The command line, put together from one module a command."""

from typing import Annotated

import typer

from tenantry import __version__
from tenantry.cli import (
    audit,
    demo,
    doctor,
    explain,
    export,
    import_,
    migrate,
    operations,
    plan,
    purge,
    schema,
    seed,
    serve,
    settings,
    tenant,
    token,
)

app = typer.Typer(
    name="tenantry",
    help="A directory of tenants, buildings, areas and devices behind one GraphQL API.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for name, module in (
    ("serve", serve),
    ("migrate", migrate),
    ("doctor", doctor),
    ("demo", demo),
    ("import", import_),
    ("export", export),
    ("explain", explain),
    ("seed", seed),
    ("purge", purge),
    ("schema", schema),
    ("plan", plan),
    ("settings", settings),
):
    app.command(name, epilog=module.EXAMPLES)(module.command)
app.add_typer(tenant.app, name="tenant")
app.add_typer(token.app, name="token")
app.add_typer(audit.app, name="audit")
app.add_typer(operations.app, name="operations")


def show_version(asked: bool) -> None:  # noqa: FBT001  (typer calls it so)
    """What `--version` does."""
    if asked:
        typer.echo(f"tenantry {__version__}")
        raise typer.Exit


Version = Annotated[
    bool, typer.Option("--version", callback=show_version, is_eager=True, help="Show the version and end.")
]


@app.callback()
def root(*, _version: Version = False) -> None:
    """Leave everything to the commands."""


def main() -> None:
    """Run the command line; what the installed program `tenantry` calls."""
    app()

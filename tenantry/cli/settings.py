"""`tenantry settings`: every environment variable that is read."""

import typer

from tenantry.settings import settings_document

EXAMPLES = """Example:

  tenantry settings
"""


def command() -> None:
    """Print every setting, what it accepts and its default, as Markdown."""
    typer.echo(settings_document(), nl=False)

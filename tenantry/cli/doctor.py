"""`tenantry doctor`: what is wrong with this installation, and how to put it right."""

import asyncio

import typer

from models.database import Database
from tenantry import catalog
from tenantry.check import Finding, check_database, check_owner
from tenantry.cli.run import in_words, plain_errors
from tenantry.databases import Addresses, addresses, pools
from tenantry.settings import Settings

EXAMPLES = """Examples:

  tenantry doctor
  DATABASE_OWNER_URL=postgresql://… tenantry doctor   (looks at the owner too)
"""


def command() -> None:
    """Look at settings, reachability, roles, policies and migrations; each line is ok or says the fix."""
    with plain_errors():
        settings = Settings.from_environment()
        with addresses(settings) as at:
            findings = [Finding("settings"), *asyncio.run(examine(at, settings))]
    for finding in findings:
        typer.echo(finding)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


async def examine(at: Addresses, settings: Settings) -> list[Finding]:
    """Every finding; a database that cannot be reached is looked at no further."""
    reached = [
        await reach(variable, url, settings)
        for variable, url in (
            ("DATABASE_URL", at.app),
            ("DATABASE_PLATFORM_URL", at.platform),
            ("DATABASE_OWNER_URL", at.owner),
        )
        if url is not None
    ]
    if not all(finding.ok for finding in reached):
        return reached
    databases = pools(at, settings)
    try:
        return [*reached, *await owner(at), *await check_database(databases)]
    finally:
        await databases.close()


async def reach(variable: str, url: str, settings: Settings) -> Finding:
    """Whether somebody answers at an address."""
    database = Database(url, pool_size=1, prepared_statements=settings.prepared_statements)
    subject = f"{variable} can be reached"
    try:
        async with database.read(None):
            return Finding(subject)
    except Exception as error:  # noqa: BLE001  (whatever it is, it is the finding)
        return Finding(subject, (in_words(error) or repr(error),))
    finally:
        await database.close()


async def owner(at: Addresses) -> list[Finding]:
    """Whether who migrates is the schema's owner, where this process is told."""
    if at.owner is None:
        return []
    database = Database(at.owner, pool_size=1)
    try:
        async with database.read(None) as connection:
            return [check_owner(await catalog.roles_of_login(connection))]
    finally:
        await database.close()

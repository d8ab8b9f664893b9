"""`tenantry migrate`: bring the database to the newest schema, as its owner."""

from typing import Annotated

import typer
from sqlalchemy import make_url

from models.clock import SystemClock
from models.database_role import DatabaseRole, roles_sql
from models.migrate import make_ready, newest_revision
from tenantry.cli.run import plain_errors, run
from tenantry.databases import owner_address
from tenantry.embedded import DATABASE
from tenantry.settings import Settings

EXAMPLES = """Examples:

  tenantry migrate
  DATABASE_OWNER_URL=postgresql://… tenantry migrate
  tenantry migrate --print-roles-sql | psql --dbname tenantry
"""


PrintRoles = Annotated[
    bool, typer.Option("--print-roles-sql", help="Only print what a superuser runs once, before the first time.")
]


def command(*, print_roles_sql: PrintRoles = False) -> None:
    """Bring the database to the newest schema, with the audit's next months; does nothing where all is there."""
    with plain_errors():
        settings = Settings.from_environment()
        if print_roles_sql:
            typer.echo(roles_script(settings))
            return
        with owner_address(settings) as owner_url:
            run(make_ready(owner_url, SystemClock().now()))
    typer.echo(f"The database is at revision {newest_revision()}, the newest.")


def roles_script(settings: Settings) -> str:
    """The three roles and the doors of the database, as SQL for its administrator."""
    known = settings.database_owner_url or settings.database_url
    database = (make_url(known).database if known else None) or DATABASE
    return "\n".join([
        f"-- Run once, as a superuser connected to the database {database} (createdb {database}).",
        *(f"{statement};" for statement in roles_sql(database)),
        "-- Then say how each logs in, for example:",
        *(f"-- ALTER ROLE {role} PASSWORD '…';" for role in DatabaseRole),
    ])  # fmt: skip

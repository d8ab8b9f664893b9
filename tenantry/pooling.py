"""Whether what a connection prepares is there when it comes back: behind a transaction pooler it may not be."""

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from models.database import Database

# PostgreSQL's codes for a statement that nobody prepared here, and for a name that is taken.
LOST = {"26000", "42P05"}
PREPARED = text("SELECT 'prepared by ' || current_user")
FAULT = (
    "a transaction pooler stands before PostgreSQL and does not follow prepared statements: set "
    "DATABASE_PREPARED_STATEMENTS=off, or its max_prepared_statements (docs/deployment.md)"
)


async def loses_statements(database: Database) -> bool:
    """Whether a prepared statement is lost when its connection gets another one to PostgreSQL.

    A pooler gives the connection that was given back last. Held by somebody else, it gives another.
    """
    try:
        await _prepare(database)
        async with database.apart() as somebody:
            await somebody.execute("BEGIN")
            await _prepare(database)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) not in LOST:
            raise
        return True
    return False


async def _prepare(database: Database) -> None:
    async with database.read(None) as connection:
        await connection.execute(PREPARED)

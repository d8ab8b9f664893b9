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
    """Whether a prepared statement was lost when two connections had changed places.

    A pooler gives the connection to PostgreSQL that was given back last. It may not: then nothing is lost, this time.
    """
    if database.pool_size == 1:
        return False
    try:
        for _ in range(2):
            # The one that is taken first is given back last, and so is what it had at PostgreSQL; from our own pool
            # the other comes first then.
            async with database.read(None) as one, database.read(None) as other:
                await one.execute(PREPARED)
                await other.execute(PREPARED)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) not in LOST:
            raise
        return True
    return False

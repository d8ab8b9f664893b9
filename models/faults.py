"""What a database's failure means: it does not answer, it stopped a statement at its deadline, or it was migrated.

A dead database shows itself in three libraries' exceptions: SQLAlchemy's, asyncpg's and the operating system's.
"""

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

_OUTAGES: tuple[type[BaseException], ...] = (
    PoolTimeout,
    OSError,  # ConnectionError, and TimeoutError where connecting took too long
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.OperatorInterventionError,
)


def fault_of(error: BaseException) -> asyncpg.PostgresError | None:
    """What PostgreSQL said, whichever library tells it."""
    return next((each for each in _chain(error) if isinstance(each, asyncpg.PostgresError)), None)


def is_timeout(error: BaseException) -> bool:
    """Whether PostgreSQL stopped the statement at its deadline."""
    return any(isinstance(each, asyncpg.QueryCanceledError) for each in _chain(error))


def is_outage(error: BaseException) -> bool:
    """Whether the database could not be reached or went away; the same request may do well a moment later."""
    return not is_timeout(error) and any(
        isinstance(each, _OUTAGES) or (isinstance(each, DBAPIError) and each.connection_invalidated)
        for each in _chain(error)
    )


def is_outdated(error: BaseException) -> bool:
    """Whether a statement had been prepared for a column that a migration has changed; the next one is made anew."""
    outdated = (asyncpg.InvalidCachedStatementError, asyncpg.exceptions.OutdatedSchemaCacheError)
    return any(isinstance(each, outdated) for each in _chain(error))


def _chain(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    waiting: BaseException | None = error
    while waiting is not None and waiting not in found:
        found.append(waiting)
        waiting = waiting.__cause__ or getattr(waiting, "orig", None)
    return found

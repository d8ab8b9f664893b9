"""How a command runs, and how it fails: with a sentence on standard error and exit code 1, never with a traceback."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import typer
from sqlalchemy.exc import DBAPIError

from models.faults import is_outage
from resolvers.problems import Problem
from tenantry.check import Unfit
from tenantry.embedded import EmbeddedUnavailable
from tenantry.settings import SettingsError

Result = TypeVar("Result")

# PostgreSQL's code for a table that does not exist: the database was not migrated.
UNDEFINED_TABLE = "42P01"
# Classes of its codes: invalid authorization, and invalid catalogue name (no such database).
REFUSED_LOGINS = {"28", "3D"}


class CommandError(Exception):
    """A command cannot do what it was asked for; the message says why and what to do."""


def run(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """Run a command's coroutine to its end."""
    with plain_errors():
        return asyncio.run(coroutine)


@contextmanager
def plain_errors() -> Iterator[None]:
    """What a person can mend is said in words and ends the command; a bug still shows its traceback."""
    try:
        yield
    except BrokenPipeError:
        raise  # `tenantry tenant list | head`: typer ends that in silence
    except Exception as error:
        message = in_words(error)
        if message is None:
            raise
        typer.secho(message, err=True, fg=typer.colors.RED)
        raise typer.Exit(1) from error


def in_words(error: Exception) -> str | None:
    """What a person is told of a failure, or None where it is a bug of ours."""
    if isinstance(error, CommandError | EmbeddedUnavailable | Problem | SettingsError | Unfit):
        return str(error)
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    if isinstance(error, DBAPIError):
        state = str(getattr(error.orig, "sqlstate", None))
        if state == UNDEFINED_TABLE:
            return "The database has no tables yet: run `tenantry migrate`."
        if state[:2] in REFUSED_LOGINS:
            return f"PostgreSQL refuses the connection: {error.orig}. Check the address and its role."
    if is_outage(error):
        return f"The database does not answer ({error}). `tenantry doctor` looks closer."
    return None

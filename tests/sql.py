"""What is sent to PostgreSQL, counted (the message that begins a transaction, and its end, are not statements)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg
import pytest
from sqlalchemy import Engine, event


@contextmanager
def statements() -> Iterator[list[str]]:
    """The statements that any engine of this process runs meanwhile, and those that the driver runs without one."""
    sent: list[str] = []

    def noting(run: Callable[..., Any]) -> Callable[..., Any]:
        async def noted(connection: Any, statement: str, *given: Any, **options: Any) -> Any:
            sent.append(statement)
            return await run(connection, statement, *given, **options)

        return noted

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        with pytest.MonkeyPatch.context() as patched:
            for name in ("fetch", "fetchval"):
                patched.setattr(asyncpg.Connection, name, noting(getattr(asyncpg.Connection, name)))
            yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)

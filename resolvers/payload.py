"""What a mutation answers with, read back in its own transaction by one statement, where edges are followed from it.

What the row itself holds needs no reading, and what cannot be compiled is loaded by the batch loaders afterwards.
"""

from typing import TypeAlias

import orjson

from loaders.window import Row
from models.database import Database
from resolvers.context import Info
from resolvers.writing.change import Change

# A mutation's answer: a row whose fields are still to be read, or all that is selected of it.
Shown: TypeAlias = Row | orjson.Fragment


class Payload:
    """One mutation field's. What an attempt reads is forgotten by the next one."""

    def __init__(self, info: Info) -> None:
        self._info = info
        self._text: str | None = None

    async def read(self, change: Change, row: Row) -> None:
        """Read what is selected of a row, as it is in the transaction that wrote it."""
        self._text = None
        made = self._info.context.payload(self._info, row)
        if made is not None:
            statement, given = made
            [(self._text,)] = await Database.fetch(change.connection, statement, given)

    def of(self, row: Row) -> Shown:
        """What was read; the row where nothing was, or where it is out of the caller's reach."""
        return row if self._text is None else orjson.Fragment(self._text)

"""A statement ready to run: its text as the driver takes it, and the names of what is bound.

Made once for each shape; SQLAlchemy has no part in running it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select
from sqlalchemy.dialects.postgresql import asyncpg

_DIALECT = asyncpg.dialect()  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class Compiled:
    """`names` are the parameters in the order of their numbers; `constants` are those that no request changes."""

    text: str
    names: tuple[str, ...]
    constants: Mapping[str, Any]

    def bound(self, values: Mapping[str, Any]) -> list[Any]:
        """What the driver is given."""
        constants = self.constants
        return [values[name] if name in values else constants[name] for name in self.names]


def compiled(statement: Select[Any]) -> Compiled:
    """The statement in the driver's dialect."""
    made = statement.compile(dialect=_DIALECT)
    constants = {name: bind.value for name, bind in made.binds.items() if not bind.required}
    return Compiled(made.string, tuple(made.positiontup or ()), constants)

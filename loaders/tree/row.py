"""A row inside a statement: a subquery with a name, and the columns that are used of it."""

from typing import Any

from sqlalchemy import Boolean, ColumnElement, case, literal_column

from loaders.entities import Entity
from loaders.masking import REACHED, SHOWN


class TreeRow:
    """A row of an entity in the subquery called `alias`.

    `marked`: it may be an ancestor out of reach, whose columns are null but for what is shown of any ancestor.
    """

    def __init__(self, alias: str, entity: Entity, *, marked: bool) -> None:
        self.alias = alias
        self.entity = entity
        self.marked = marked
        self._used: dict[str, Any] = {}

    @property
    def columns(self) -> list[Any]:
        """What its subquery must have."""
        return list(self._used.values())

    @property
    def reached(self) -> ColumnElement[bool]:
        """Of a marked row: whether it lies within reach."""
        return literal_column(f"{self.alias}.{REACHED}", Boolean)

    def column(self, name: str) -> ColumnElement[Any]:
        """What is shown of a column."""
        raw = self.key(name)
        return raw if self.shows(name) else case((self.reached, raw))

    def shows(self, name: str) -> bool:
        """Whether the column is shown wherever the row lies."""
        return not self.marked or name in SHOWN

    def key(self, name: str) -> ColumnElement[Any]:
        """A column as it is, for an edge to start from."""
        column = self.entity.sql.columns[name]
        self._used[name] = column
        return literal_column(f'{self.alias}."{name}"', column.type)

    def within(self, value: ColumnElement[Any]) -> ColumnElement[Any]:
        """A value that only a row within reach has; null for another."""
        return case((self.reached, value)) if self.marked else value

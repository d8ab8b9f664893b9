"""What an answer is made of, as data: the fields of each object by their names in the answer, in their order.

`schema` makes a selection from an operation, `loaders.tree.writer` a statement from a selection. Lists and look-ups
have a `place`: the number by which their arguments are found when the statement is run.
"""

from dataclasses import dataclass
from typing import TypeAlias

from loaders.edges import Edge
from loaders.entities import Entity
from models.ids import Prefix


@dataclass(frozen=True, slots=True)
class Constant:
    """JSON that no row changes, such as the name of a type."""

    json: str


@dataclass(frozen=True, slots=True)
class Value:
    """The row's column of this name, in the form of its type."""

    column: str


@dataclass(frozen=True, slots=True)
class Id:
    """The row's id, which names its type."""

    prefix: Prefix


@dataclass(frozen=True, slots=True)
class Part:
    """An object whose fields are columns of the row around it."""

    fields: "Fields"


@dataclass(frozen=True, slots=True)
class One:
    """The row that an edge leads to, or null."""

    edge: Edge
    fields: "Fields"


@dataclass(frozen=True, slots=True)
class Many:
    """A page of the rows that an edge leads to, with the fields of its connection."""

    edge: Edge
    place: int
    fields: "PageFields"


Field: TypeAlias = Constant | Value | Id | Part | One | Many
Fields: TypeAlias = tuple[tuple[str, Field], ...]


@dataclass(frozen=True, slots=True)
class Nodes:
    """The rows of a page."""

    fields: Fields


@dataclass(frozen=True, slots=True)
class Cursor:
    """A row's place in its list."""


@dataclass(frozen=True, slots=True)
class Node:
    """The row of an edge of a page."""

    fields: Fields


@dataclass(frozen=True, slots=True)
class Edges:
    """The rows of a page with their cursors."""

    fields: tuple[tuple[str, Constant | Cursor | Node], ...]


@dataclass(frozen=True, slots=True)
class Fact:
    """What `pageInfo` or `paging` tells by this name, or the total."""

    name: str


@dataclass(frozen=True, slots=True)
class Facts:
    """`pageInfo` or `paging`."""

    fields: tuple[tuple[str, Constant | Fact], ...]


PageField: TypeAlias = Constant | Nodes | Edges | Facts | Fact
PageFields: TypeAlias = tuple[tuple[str, PageField], ...]


@dataclass(frozen=True, slots=True)
class First:
    """The first row of a page, or null."""

    edge: Edge
    place: int
    fields: Fields


@dataclass(frozen=True, slots=True)
class Lookup:
    """The row with an id, or null; masked rather than null where it is an `ancestor` out of reach."""

    entity: Entity
    place: int
    fields: Fields
    ancestor: bool = False


@dataclass(frozen=True, slots=True)
class Lookups:
    """The rows with many ids of several types, in their order, null for each that is not there.

    `strict`: there is no answer at all where one is not there.
    """

    place: int
    kinds: tuple[tuple[Entity, Fields], ...]
    strict: bool


Root: TypeAlias = Constant | Many | First | Lookup | Lookups
Roots: TypeAlias = tuple[tuple[str, Root], ...]

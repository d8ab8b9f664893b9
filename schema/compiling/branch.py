"""What is selected of rows of one entity, and what a request has to say about the lists in it."""

from dataclasses import dataclass

from loaders.tree.selection import Fields
from schema.compiling.arguments import Arguments, List


@dataclass(frozen=True)
class Lists:
    """The lists of a selection, by their places, and the entities that it reads, whose reach is asked for."""

    arguments: dict[int, Arguments[List]]
    entities: frozenset[str]


@dataclass(frozen=True)
class Branch:
    """A selection and its lists."""

    fields: Fields
    lists: Lists

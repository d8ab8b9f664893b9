"""Trees that carry their paths: a subtree is found by one comparison, without a walk.

`path` holds the ids from the root down to the row itself. A table's CHECK holds its end to the row and its parent;
that its beginning is the parent's path is up to whoever writes, in the transaction that hangs the row there.
"""

import uuid

from sqlalchemy import ARRAY, CheckConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

# No place in the tree but one that the path spells: its last ids are the parent's and the row's own.
ENDS_IN_ITSELF = (
    "path[cardinality(path)] IS NOT DISTINCT FROM id AND path[cardinality(path) - 1] IS NOT DISTINCT FROM parent_id"
)


class Pathed:
    """A row of a tree of its own kind, deleted rows among them; nobody is shown its path."""

    path: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(Uuid), sort_order=96, info={"shown": False})


def spelled() -> CheckConstraint:
    """The check that a path ends in the parent and the row."""
    return CheckConstraint(ENDS_IN_ITSELF, name="path")

"""Paths of areas and organizations: who lies beneath whom, and how all of them follow when one is moved.

A row's path is its parent's and itself, whether it lives or is deleted, so that what is restored is where its parent
is by now. Paths follow from where rows are: their changes raise no version and are told by no event.
"""

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Table, Uuid, any_, bindparam, func, literal
from sqlalchemy import update as sql_update

from loaders.window import Row
from resolvers.recordset import recordset
from resolvers.writing.change import Change

Path = list[uuid.UUID]


def is_pathed(table: Table) -> bool:
    """Whether the rows of a tree carry their paths."""
    return "path" in table.c


def after(path: Any, place: Any) -> Any:
    """What follows this place of a path."""
    return path[place + 1 : func.cardinality(path)]


def beneath(
    table: Table, tenant_id: uuid.UUID, roots: Iterable[uuid.UUID], locations: Iterable[uuid.UUID]
) -> ColumnElement[bool]:
    """Whether a row is one of these or lies beneath it, at any depth. Areas are sought in these locations alone."""
    wanted = bindparam("roots", list(roots), type_=ARRAY(Uuid))
    condition = (table.c.tenant_id == tenant_id) & table.c.path.bool_op("&&")(wanted)
    if "location_id" not in table.c:
        return condition
    return condition & (table.c.location_id == any_(bindparam("locations", list(locations), type_=ARRAY(Uuid))))


async def follow(change: Change, table: Table, moved: Mapping[uuid.UUID, Row]) -> None:
    """Give what lies beneath moved rows its new paths, by one statement; the moved rows have theirs already.

    `moved` are these as they are written; each of the others goes with the nearest of them. All is asked of the row
    itself, so that one which somebody else moves away meanwhile is looked at again when its lock is free.
    """
    if not moved:
        return
    locations = {row["location_id"] for row in moved.values() if "location_id" in row}
    within = beneath(table, change.tenant_id, moved, locations)
    if len(moved) == 1:
        [row] = moved.values()
        root, path = literal(row["id"], Uuid), literal(row["path"], ARRAY(Uuid))
        rest = after(table.c.path, func.array_position(table.c.path, root))
        following = sql_update(table).where(within, table.c.id != root).values(path=path.concat(rest))
        await change.connection.execute(following)
        return
    source = recordset(table, ["id", "path"], moved.values())
    rest = after(table.c.path, func.array_position(table.c.path, source.c.id))
    nearer = rest.bool_op("&&")(bindparam("roots", list(moved), type_=ARRAY(Uuid)))
    statement = sql_update(table).where(
        within,
        source.c.id == any_(table.c.path),
        source.c.id != table.c.id,
        ~nearer,
    )
    await change.connection.execute(statement.values(path=source.c.path.concat(rest)))

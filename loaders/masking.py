"""What is shown of a row out of reach: of an ancestor its id, name and kind, of anything else nothing.

What is not shown cannot be sought by either: in filters, searches and orderings it is null.
"""

import uuid
from collections.abc import Callable
from typing import Any

from sqlalchemy import case, select
from sqlalchemy.orm import aliased

from loaders.edges import EDGES, Edge
from loaders.entities import SERVICE_ACCOUNT, USER, Column, Entity
from loaders.reach import condition
from loaders.window import Row
from models import TenantRow
from models.hierarchy import Reach

SHOWN = frozenset({"id", "name", "kind"})
# In a row of a statement: whether it lies within reach. In a row that is shown: that it does not.
REACHED = "_reached"
MASKED = "_masked"
# What is told of nobody to who may not read it, be it by a filter on what it has.
DISCREET = (USER, SERVICE_ACCOUNT)
# The types that are ancestors of others, by their names.
ANCESTORS = frozenset(edge.target.name for edge in EDGES.values() if edge.ancestor)

# What stands for a column in a comparison.
Known = Callable[[Column], Any]


def leaving(entity: Entity) -> list[Edge]:
    """The edges from one of the entity's rows to one row."""
    owned = f"_of_{entity.noun}"
    return [edge for edge in EDGES.values() if not edge.many and edge.name.endswith(owned)]


def reaching(entity: Entity) -> set[str]:
    """The names of the entities whose reach a list asks for: its own, and that of the people it tells of (`known`)."""
    return {entity.name, *(edge.target.name for edge in leaving(entity) if edge.target in DISCREET)}


def as_shown(entity: Entity, row: Row) -> Row:
    """A row as it was read; masked where its statement says that it is out of reach.

    What its edges to further ancestors start from stays in it: no field shows that.
    """
    if row.pop(REACHED, True):
        return row
    kept = SHOWN | {"tenant_id"} | {edge.source for edge in leaving(entity) if edge.ancestor}
    return {**{name: value if name in kept else None for name, value in row.items()}, MASKED: True}


def is_masked(row: Row) -> bool:
    """Whether a row is an ancestor out of reach."""
    return MASKED in row


def known(entity: Entity, tenant_id: uuid.UUID, reach: Callable[[Entity], Reach], *, masked: bool) -> Known:
    """What a reader may compare of the entity's columns; `masked` where rows out of reach are listed too.

    `reach` is of an entity. A thing of the same type that is out of reach is no parent, and a person or a program is
    nobody: the column is null, as the field is.
    """
    own, within_tenant = reach(entity), issubclass(entity.table, TenantRow)
    hidden = {
        edge.source: edge.target
        for edge in leaving(entity)
        if within_tenant and not edge.ancestor and edge.target in (entity, *DISCREET)
    }

    def of(column: Column) -> Any:
        target = hidden.get(column.key)
        if target is not None and reach(target) is not None:
            led: Any = aliased(target.table)
            within = (led.tenant_id == tenant_id, condition(target, tenant_id, reach(target), table=led))
            return select(led.id).where(led.id == column, *within).correlate(entity.table).scalar_subquery()
        if masked and own is not None and column.key not in SHOWN:
            return case((condition(entity, tenant_id, own), column))
        return column

    return of

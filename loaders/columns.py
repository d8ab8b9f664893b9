"""What can be compared: the columns that an entity shows, each with the kind of its values."""

from enum import Enum, StrEnum
from functools import lru_cache
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Boolean, Date, DateTime, Double, Integer, Numeric, Text, Uuid
from sqlalchemy.types import TypeEngine

from loaders.edges import EDGES
from loaders.entities import Entity
from models.ids import Prefix


class Kind(Enum):
    """The kinds of values; a closed vocabulary (`StrEnum`) is a kind of its own."""

    ID = "ID"
    BOOLEAN = "Boolean"
    INT = "Int"
    FLOAT = "Float"
    DECIMAL = "Decimal"
    DATETIME = "DateTime"
    DATE = "Date"
    STRING = "String"
    STRING_LIST = "StringList"


# Whoever reads sees the living alone; of a deletion there is nothing to compare.
UNSEEN = frozenset({"deleted_at", "deletion_id"})
_KINDS: dict[type[TypeEngine[Any]], Kind] = {
    Boolean: Kind.BOOLEAN,
    # Before Integer, whose child it is: it may outgrow 32 bits, so that the graph shows it as text.
    BigInteger: Kind.ID,
    Integer: Kind.INT,
    # Before Numeric, whose child it is.
    Double: Kind.FLOAT,
    Numeric: Kind.DECIMAL,
    DateTime: Kind.DATETIME,
    Date: Kind.DATE,
    Text: Kind.STRING,
}


def comparable(entity: Entity) -> dict[str, Kind | type[StrEnum]]:
    """The columns that a filter may name, in the table's order."""
    found: dict[str, Kind | type[StrEnum]] = {}
    for column in entity.table.__table__.columns:
        unseen = column.key in UNSEEN or not column.info.get("shown", True)
        kind = None if unseen else _kind(entity, column)
        if kind is not None:
            found[column.key] = kind
    return found


def prefix_of(entity: Entity, column: str) -> Prefix | None:
    """What the ids in a column name: the row itself, or what an edge leads to (`location_id`); None for neither."""
    if column == "id":
        return entity.prefix
    for edge in EDGES.values():
        if not edge.many and edge.source == column and edge.name.endswith(f"_of_{entity.noun}"):
            return edge.target.prefix
    return None


@lru_cache(maxsize=1000)
def snake_case(name: str) -> str:
    """`lastSeenAt` -> `last_seen_at`: a field's name in the graph is its column's."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def camel_case(name: str) -> str:
    """`last_seen_at` -> `lastSeenAt`."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _kind(entity: Entity, column: Any) -> Kind | type[StrEnum] | None:
    vocabulary: type[StrEnum] | None = column.info.get("vocabulary")
    if vocabulary is not None:
        return vocabulary
    if isinstance(column.type, Uuid):
        return Kind.ID if prefix_of(entity, column.key) else None
    if isinstance(column.type, ARRAY):
        return Kind.STRING_LIST if isinstance(column.type.item_type, Text) else None
    return next((kind for type_, kind in _KINDS.items() if isinstance(column.type, type_)), None)

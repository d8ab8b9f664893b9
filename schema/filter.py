"""Filters, made from the columns that an entity shows: every scalar can be compared, conditions nest by and/or/not."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import strawberry
from sqlalchemy import ARRAY, Text
from sqlalchemy.types import Boolean, Date, DateTime, Double, Integer, Numeric, TypeEngine, Uuid
from strawberry.types.lazy_type import LazyType

import models
from loaders.edges import EDGES
from loaders.entities import Entity

_MEANING = {
    "eq": "Equal to this.",
    "ne": "Different from this; a missing value is different from any.",
    "in": "Equal to one of these.",
    "lt": "Less than this; text in byte order.",
    "lte": "At most this; text in byte order.",
    "gt": "More than this; text in byte order.",
    "gte": "At least this; text in byte order.",
    "startsWith": "Begins with this text, in the same case.",
    "contains": "Contains this text, in the same case.",
    "matches": "Like this text, where * stands for any characters.",
    "has": "One of its values is this.",
    "isNull": "true: no value; false: any value.",
}
_COMPARING = ("eq", "ne", "in", "lt", "lte", "gt", "gte", "isNull")
_TEXT = ("eq", "ne", "in", "lt", "lte", "gt", "gte", "startsWith", "contains", "matches", "isNull")
_EQUALITY = ("eq", "ne", "in", "isNull")


def _operators(name: str, value: Any, operators: tuple[str, ...]) -> type:
    annotations = {"in": list[value], "isNull": bool}
    return _input(
        f"{name}Filter",
        f"Conditions on a {name}; all that are given must hold, null is as if it were not given.",
        {operator: (annotations.get(operator, value), _MEANING[operator]) for operator in operators},
    )


def _input(name: str, description: str, fields: dict[str, tuple[Any, str]]) -> type:
    body: dict[str, Any] = {"__annotations__": {}}
    for graph_name, (annotation, meaning) in fields.items():
        python_name = f"{graph_name}_"
        body["__annotations__"][python_name] = annotation | None
        body[python_name] = strawberry.field(name=graph_name, description=meaning, default=strawberry.UNSET)
    made: type = strawberry.input(type(name, (), body), description=description)
    return made


ID_FILTER = _operators("ID", strawberry.ID, _EQUALITY)
BY_TYPE: dict[type[TypeEngine[Any]], type] = {
    Boolean: _operators("Boolean", bool, _EQUALITY),
    Integer: _operators("Int", int, _COMPARING),
    Double: _operators("Float", float, _COMPARING),
    Numeric: _operators("Decimal", Decimal, _COMPARING),
    DateTime: _operators("DateTime", datetime, _COMPARING),
    Date: _operators("Date", date, _COMPARING),
    ARRAY: _operators("StringList", str, ("has", "isNull")),
    Text: _operators("String", str, _TEXT),
}
# Text columns whose values are a closed list, and that list.
ENUMS: dict[tuple[str, str], type[StrEnum]] = {
    ("tenant", "status"): models.TenantStatus,
    ("area", "kind"): models.AreaKind,
    ("device_type", "kind"): models.DeviceKind,
    ("device", "status"): models.DeviceStatus,
    ("device", "lifecycle"): models.DeviceLifecycle,
}
BY_ENUM = {values: _operators(values.__name__, values, _EQUALITY) for values in ENUMS.values()}


def filter_of(entity: Entity) -> type:
    """The input type `XFilter`."""
    name = f"{entity.name}Filter"
    itself: Any = LazyType(name, f"schema.{entity.table.__tablename__}")
    fields: dict[str, tuple[Any, str]] = {
        "and": (list[itself], "All of these hold."),
        "or": (list[itself], "One of these holds."),
        "not": (itself, "This does not hold."),
    }
    for column in entity.table.__table__.columns:
        kind = _filter_of_column(entity, column)
        if kind is not None:
            fields[camel_case(column.key)] = (kind, f"Conditions on {camel_case(column.key)}.")
    return _input(name, f"Which {entity.name} rows to list; all conditions given must hold.", fields)


def _filter_of_column(entity: Entity, column: Any) -> type | None:
    values = ENUMS.get((entity.table.__tablename__, column.key))
    if values is not None:
        return BY_ENUM[values]
    if isinstance(column.type, Uuid):
        shown = column.key == "id" or any(
            edge.source == column.key and edge.name.endswith(f"_of_{entity.table.__tablename__}")
            for edge in EDGES.values()
        )
        return ID_FILTER if shown else None
    if isinstance(column.type, ARRAY) and isinstance(column.type.item_type, Uuid):
        return None
    return next((made for kind, made in BY_TYPE.items() if isinstance(column.type, kind)), None)


def camel_case(name: str) -> str:
    """`last_seen_at` -> `lastSeenAt`."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)

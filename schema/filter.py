"""Filters, made from the columns that an entity shows: every scalar can be compared, conditions nest by and/or/not."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import strawberry
from strawberry.types.lazy_type import LazyType

from loaders.columns import Kind, camel_case, comparable
from loaders.entities import ENTITIES, LISTED, Entity

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


_BY_KIND = {
    Kind.ID: _operators("ID", strawberry.ID, _EQUALITY),
    Kind.BOOLEAN: _operators("Boolean", bool, _EQUALITY),
    Kind.INT: _operators("Int", int, _COMPARING),
    Kind.FLOAT: _operators("Float", float, _COMPARING),
    Kind.DECIMAL: _operators("Decimal", Decimal, _COMPARING),
    Kind.DATETIME: _operators("DateTime", datetime, _COMPARING),
    Kind.DATE: _operators("Date", date, _COMPARING),
    Kind.STRING: _operators("String", str, _TEXT),
    Kind.STRING_LIST: _operators("StringList", str, ("has", "isNull")),
}
_BY_VOCABULARY = {
    values: _operators(values.__name__, values, _EQUALITY)
    for entity in (*ENTITIES, *LISTED)
    for values in comparable(entity).values()
    if isinstance(values, type)
}


def filter_of(entity: Entity) -> type:
    """The input type `XFilter`."""
    name = f"{entity.name}Filter"
    itself: Any = LazyType(name, f"schema.{entity.noun}")
    fields: dict[str, tuple[Any, str]] = {
        "and": (list[itself], "All of these hold."),
        "or": (list[itself], "One of these holds."),
        "not": (itself, "This does not hold."),
    }
    for column, kind in comparable(entity).items():
        made = _BY_VOCABULARY[kind] if isinstance(kind, type) else _BY_KIND[kind]
        fields[camel_case(column)] = (made, f"Conditions on {camel_case(column)}.")
    return _input(name, f"Which {entity.name} rows to list; all conditions given must hold.", fields)

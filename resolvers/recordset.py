"""Many rows in one parameter: as JSON, which PostgreSQL takes apart.

A parameter for each value would be thousands of them, in a statement that is another one for each number of rows.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import JSON, ColumnElement, Table, TableValuedAlias, Text, cast, column, func, literal
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

from loaders.window import Row

Types = Mapping[str, TypeEngine[Any]]


def recordset(table: Table, names: Sequence[str], rows: Iterable[Row], **beside: TypeEngine[Any]) -> TableValuedAlias:
    """Rows as a table that a statement can select from: columns of `table`, and others of the types given `beside`.

    What a row does not name is null.
    """
    types = {name: table.c[name].type for name in names} | beside
    nested = [name for name, type_ in types.items() if isinstance(type_, JSONB)]
    return unpacked(types, literal(packed([_told(row, types, nested) for row in rows]), Text))


def packed(rows: Sequence[Row]) -> str:
    """The rows as JSON, whole."""
    return orjson.dumps(rows, default=_spelled).decode()


def unpacked(types: Types, rows: ColumnElement[str]) -> TableValuedAlias:
    """The table that PostgreSQL makes of them."""
    columns = (column(name, type_) for name, type_ in types.items())
    return func.json_to_recordset(cast(rows, JSON)).table_valued(*columns).render_derived(with_types=True)


def _told(row: Row, names: Iterable[str], nested: Iterable[str]) -> dict[str, Any]:
    told = {name: row[name] for name in names if name in row}
    for name in nested:
        if told.get(name) is not None:
            # Ready text has no depth: a value may nest as deep here as where it is written alone.
            told[name] = orjson.Fragment(orjson.dumps(told[name]))
    return told


def _spelled(value: Any) -> str:
    return f"\\x{value.hex()}" if isinstance(value, bytes) else str(value)

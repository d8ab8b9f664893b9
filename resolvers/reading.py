"""How fields are read: a column, an id, a part of the same row, an edge; each from (row, info, arguments).

The first three say as data what they read, so that a compiled statement can read the same.
"""

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from graphql import FieldNode, FragmentSpreadNode, InlineFragmentNode, SelectionSetNode

from loaders.batch import Later
from loaders.edges import Edge
from loaders.masking import is_masked
from loaders.window import Row, empty
from models import ids
from models.ids import Prefix
from resolvers import connection
from resolvers.context import Context, Info

Resolver = Callable[..., Any]
# Whoever selects one of these pays for counting.
COUNTING = frozenset({"totalCount", "paging"})


@dataclass(frozen=True, slots=True)
class Column:
    """Reads the row's own value."""

    name: str

    def __call__(self, row: Row, _info: Info) -> Any:
        """The value."""
        return row[self.name]


@dataclass(frozen=True, slots=True)
class RowId:
    """Reads the row's id, which names its type."""

    prefix: Prefix

    def __call__(self, row: Row, _info: Info) -> str:
        """The id."""
        return ids.encode(self.prefix, row["id"])


def column(name: str) -> Column:
    """The row's own value."""
    return Column(name)


def row_id(prefix: Prefix) -> RowId:
    """The row's id, which names its type."""
    return RowId(prefix)


def same_row(row: Row, _info: Info) -> Row:
    """An object whose fields are columns of the row around it."""
    return row


def edge(declared: Edge) -> Resolver:
    """What the edge leads to from a row; from a masked one to further ancestors and to empty lists."""
    return _many(declared) if declared.many else _one(declared)


def root(declared: Edge) -> Resolver:
    """What the edge leads to from the caller's tenant."""
    resolve = _many(declared)

    def from_tenant(_root: Any, info: Info, **given: Any) -> Awaitable[Any]:
        tenant_id = info.context.tenant_id
        answer: Awaitable[Any] = resolve({"id": tenant_id, "tenant_id": tenant_id}, info, **given)
        return answer

    return from_tenant


def _one(declared: Edge) -> Resolver:
    def follow(row: Row, info: Info) -> Awaitable[Row | None] | None:
        key = row[declared.source]
        if key is None or (is_masked(row) and not declared.ancestor):
            return None
        context: Context = info.context
        load = context.loaders.ancestor if declared.ancestor else context.loaders.row
        return load(declared.target, _tenant(declared, row, context), key)

    return follow


def _many(declared: Edge) -> Resolver:
    def follow(row: Row, info: Info, **given: Any) -> Awaitable[dict[str, Any]] | dict[str, Any]:
        context: Context = info.context
        asked = connection.window(declared, given, counted=selects(info, COUNTING))
        if is_masked(row):
            return connection.shown(declared, asked, empty(asked))
        loading = context.loaders.page(declared, _tenant(declared, row, context), row[declared.source], asked)
        return Later(loading, partial(connection.shown, declared, asked))

    return follow


def _tenant(declared: Edge, row: Row, context: Context) -> uuid.UUID:
    """Whose transaction an edge is read in: the row's tenant; tenants themselves are read as the caller's."""
    if declared.target.prefix is Prefix.TENANT:
        return context.tenant_id
    tenant_id: uuid.UUID = row.get("tenant_id") or row["id"]
    return tenant_id


def selects(info: Info, names: frozenset[str]) -> bool:
    """Whether the field's own selection, through fragments, has one of these fields."""
    waiting: list[SelectionSetNode | None] = [node.selection_set for node in info.field_nodes]
    spread: set[str] = set()
    while waiting:
        selection_set = waiting.pop()
        for selection in selection_set.selections if selection_set else ():
            if isinstance(selection, FieldNode):
                if selection.name.value in names:
                    return True
            elif isinstance(selection, InlineFragmentNode):
                waiting.append(selection.selection_set)
            elif isinstance(selection, FragmentSpreadNode) and selection.name.value not in spread:
                spread.add(selection.name.value)
                waiting.append(info.fragments[selection.name.value].selection_set)
    return False

"""Connections: Relay's pages, and numbered ones; each list of the graph is one, with the same arguments."""

from enum import StrEnum
from typing import Any, Generic, TypeVar

import strawberry
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.lazy_type import LazyType

from loaders.entities import Entity
from resolvers.connection import DEFAULT_SIZE, MAX_OFFSET, MAX_SIZE
from schema.field import argument, field, shareable
from schema.filter import filter_of

Listed = TypeVar("Listed")


class Connection(Generic[Listed]):
    """How a declaration says "a list of these": `Connection[Device]` is `DeviceConnection` in the graph."""


@strawberry.federation.type(description="Where a page lies in its list.", directives=shareable())
class PageInfo:
    """Relay's."""

    has_next_page: bool = field("Whether rows follow this page.")
    has_previous_page: bool = field("Whether rows come before this page, as far as the page's own cursor tells.")
    start_cursor: str | None = field("The first row's cursor, for `before`.")
    end_cursor: str | None = field("The last row's cursor, for `after`.")


@strawberry.federation.type(description="A list's numbered pages.", directives=shareable())
class Paging:
    """For those who count pages."""

    total: int = field("Rows in the whole list, filter and search applied.")
    page: int = field("This page's number, from 1.")
    pages: int = field("How many pages there are at this size.")
    size: int = field("Rows a page.")


def lazy(entity: Entity, suffix: str = "") -> Any:
    """The GraphQL type of an entity (or its connection, filter, order), wherever it is declared."""
    return LazyType(f"{entity.name}{suffix}", f"schema.{entity.noun}")


def order_of(entity: Entity) -> type[StrEnum]:
    """The orderings of an entity as an enum; `schema.descriptions` says what each means."""
    members = [f"{name}_{direction}" for name in entity.orders for direction in ("ASC", "DESC")]
    made_by_name: Any = StrEnum
    values = made_by_name(f"{entity.name}Order", {name: name for name in members})
    made: type[StrEnum] = strawberry.enum(
        values,
        description=f"The orderings of a list of {entity.name} rows; each has an index. Text is in byte order.",
    )
    return made


def arguments_of(entity: Entity) -> list[StrawberryArgument]:
    """The arguments that every list of these rows takes."""
    searched = " or ".join(column.key for column in entity.search)
    order = f"The order of the rows; {entity.default} where nothing is said."
    found = [
        argument(
            "first",
            int | None,
            f"Rows from the start, 1 to {MAX_SIZE}; {DEFAULT_SIZE} where nothing is said.",
        ),
        argument("after", str | None, "Only rows after this cursor (at most 4,096 characters)."),
        argument("last", int | None, f"Rows from the end, 1 to {MAX_SIZE}; not together with first or page."),
        argument("before", str | None, "Only rows before this cursor (at most 4,096 characters)."),
        argument("page", int | None, f"The numbered page of size `first`, from 1, at most {MAX_OFFSET} rows deep."),
        argument("filter", lazy(entity, "Filter") | None, "Only rows that fit."),
        argument("search", str | None, f"Only rows whose {searched} contains this text, in any case."),
        argument("orderBy", lazy(entity, "Order") | None, order),
    ]
    return [each for each in found if searched or each.python_name != "search"]


def connection_of(entity: Entity) -> tuple[type, type, type, type[StrEnum]]:
    """The types `XConnection`, `XEdge`, `XFilter` and `XOrder` of an entity."""
    edge: Any = type(
        f"{entity.name}Edge",
        (),
        {
            "__annotations__": {"cursor": str, "node": lazy(entity)},
            "cursor": field("The row's place in this list."),
            "node": field("The row."),
        },
    )
    edge = strawberry.federation.type(edge, description=f"A {entity.name} and its place in the list.")
    edge.lists = entity.name
    connection: Any = type(
        f"{entity.name}Connection",
        (),
        {
            "__annotations__": {
                "nodes": list[lazy(entity)],  # type: ignore[misc]
                "edges": list[edge],
                "page_info": PageInfo,
                "total_count": int,
                "paging": Paging,
            },
            "nodes": field("The rows of this page."),
            "edges": field("The rows of this page with their cursors."),
            "page_info": field("Where this page lies."),
            "total_count": field("Rows in the whole list, filter and search applied; counted only when selected."),
            "paging": field("The list's numbered pages; counted only when selected."),
        },
    )
    connection = strawberry.federation.type(connection, description=f"A page of a list of {entity.name} rows.")
    connection.lists = entity.name
    return connection, edge, filter_of(entity), order_of(entity)

"""An entity's rows, page after page by the last id: no row comes twice, and none that stays is passed over."""

import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

from sqlalchemy import ColumnElement, Select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from loaders import statements
from loaders.entities import Entity
from loaders.window import Row
from models.hierarchy import Reach
from resolvers.exporting.text import compact

# Rows in a statement.
PAGE = 1_000
Fetch = Callable[[Select[Any]], Awaitable[list[Row]]]


def everywhere(_entity: Entity) -> Reach:
    """The reach of whoever may see all of a tenant."""
    return None


async def pages(
    fetch: Fetch,
    entity: Entity,
    tenant_id: uuid.UUID,
    wanted: ColumnElement[bool] | None = None,
    reach: Callable[[Entity], Reach] = everywhere,
) -> AsyncGenerator[list[Row], None]:
    """The living rows that are `wanted`; JSON as compact text. `fetch` runs a statement.

    `reach` is asked at each page, of the rows' type and of those that they refer to.
    """
    condition = true() if wanted is None else wanted
    json = statements.json_columns(entity)
    after: uuid.UUID | None = None
    more = True
    while more:
        rows = await fetch(statements.exported(entity, tenant_id, reach, after=after, size=PAGE, wanted=condition))
        more = len(rows) == PAGE
        if rows:
            after = rows[-1]["id"]
            yield [row | {name: compact(row[name]) for name in json} for row in rows]


async def fetched(connection: AsyncConnection, statement: Select[Any]) -> list[Row]:
    """The rows of a statement."""
    result = await connection.execute(statement)
    names = list(result.keys())
    return [dict(zip(names, row, strict=True)) for row in result]

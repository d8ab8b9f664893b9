"""Batch loading: at most one statement per edge and level, whatever the number of rows.

Loaders live for one request. A loader's keys are of one tenant: rows of two tenants never share a statement.
"""

import uuid
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from aiodataloader import DataLoader
from sqlalchemy import Select

from loaders import statements
from loaders.edges import Edge
from loaders.entities import Entity
from loaders.window import Page, Row, Window

Fetch = Callable[[uuid.UUID, Select[Any]], Awaitable[list[Row]]]


class Loaders:
    """The loaders of one request; `fetch` runs a statement in the transaction of the named tenant."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._loaders: dict[tuple[Any, ...], DataLoader[uuid.UUID, Any]] = {}

    async def row(self, entity: Entity, tenant_id: uuid.UUID, row_id: uuid.UUID) -> Row | None:
        """The row with this id, or None where the tenant has none."""

        async def load(row_ids: list[uuid.UUID]) -> list[Row | None]:
            rows = await self._fetch(tenant_id, statements.by_id(entity, tenant_id, row_ids))
            found = {row["id"]: row for row in rows}
            return [found.get(each) for each in row_ids]

        loader: DataLoader[uuid.UUID, Row | None] = self._loader((entity.name, tenant_id), load)
        return await loader.load(row_id)

    async def page(self, edge: Edge, tenant_id: uuid.UUID, key: uuid.UUID, window: Window) -> Page:
        """The window's part of what the edge leads to from this key."""

        async def load(keys: list[uuid.UUID]) -> list[Page]:
            rows = await self._fetch(tenant_id, statements.pages(edge, tenant_id, keys, window))
            found: dict[uuid.UUID, list[Row]] = {each: [] for each in keys}
            for row in rows:
                found[row.pop("_key")].append(row)
            return [_page(found[each], window) for each in keys]

        loader: DataLoader[uuid.UUID, Page] = self._loader((edge.name, tenant_id, window), load)
        return await loader.load(key)

    def _loader(
        self, key: tuple[Any, ...], load: Callable[[list[uuid.UUID]], Coroutine[Any, Any, list[Any]]]
    ) -> DataLoader[uuid.UUID, Any]:
        loader = self._loaders.get(key)
        if loader is None:
            loader = self._loaders[key] = DataLoader(load)
        return loader


def _page(rows: list[Row], window: Window) -> Page:
    total = rows[0].pop("_total") if window.counted else None
    for row in rows[1:]:
        row.pop("_total", None)
    real = [row for row in rows if row["id"] is not None]
    kept = real[: window.size]
    if window.backward:
        kept.reverse()
    return Page(kept, more=len(real) > window.size, total=total)

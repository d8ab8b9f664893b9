"""Batch loading: at most one statement per edge and level, whatever the number of rows.

Loaders live for one request. A loader's keys are of one tenant: rows of two tenants never share a statement. What is
out of reach is not there, but for ancestors, which are masked (`loaders.masking`).
"""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Generator, Hashable, Sequence
from typing import Any, Generic, TypeVar

from aiodataloader import DataLoader
from sqlalchemy import Select

from loaders import statements
from loaders.edges import Edge
from loaders.entities import Entity
from loaders.masking import ANCESTORS, as_shown, is_masked
from loaders.window import Page, Row, Window
from models.hierarchy import Reach

Fetch = Callable[[uuid.UUID, Select[Any]], Awaitable[list[Row]]]
Loaded = TypeVar("Loaded")
Shown = TypeVar("Shown")
Key = TypeVar("Key", bound=Hashable)


class Later(Generic[Loaded, Shown]):
    """What is made of something that is being loaded.

    An awaitable that, unlike a coroutine, may be dropped before it was ever awaited: a cancelled request does that.
    """

    def __init__(self, loading: Awaitable[Loaded], then: Callable[[Loaded], Shown]) -> None:
        self._loading = loading
        self._then = then

    def __await__(self) -> Generator[Any, Any, Shown]:
        """Wait for it, and make of it what is to be made."""
        return self._then((yield from self._loading.__await__()))


class Loaders:
    """The loaders of one request.

    `fetch` runs a statement in the transaction of the named tenant; `reach` is where in it an entity may be read.
    """

    def __init__(self, fetch: Fetch, reach: Callable[[Entity, uuid.UUID], Reach]) -> None:
        self._fetch = fetch
        self._reach = reach
        self._asked: set[asyncio.Future[Any]] = set()
        self._loaders: dict[tuple[Any, ...], DataLoader[Any, Any]] = {}

    def row(self, entity: Entity, tenant_id: uuid.UUID, row_id: uuid.UUID) -> Awaitable[Row | None]:
        """The row with this id, or None where the tenant has none within reach."""
        loading = self.ancestor(entity, tenant_id, row_id)
        return Later(loading, _within_reach) if entity.name in ANCESTORS else loading

    def ancestor(self, entity: Entity, tenant_id: uuid.UUID, row_id: uuid.UUID) -> asyncio.Future[Row | None]:
        """The row with this id, masked where it is out of reach: for whoever looks up from a row within reach.

        An entity that is no ancestor's has no masked rows: out of reach they are not there.
        """

        async def load(row_ids: list[uuid.UUID]) -> list[Row | None]:
            rows = await self._fetch(
                tenant_id, statements.by_id(entity, tenant_id, self._reach(entity, tenant_id), row_ids)
            )
            found = {row["id"]: as_shown(entity, row) for row in rows}
            return [found.get(each) for each in row_ids]

        return self._ask((entity.name, tenant_id), row_id, load)

    def page(self, edge: Edge, tenant_id: uuid.UUID, key: uuid.UUID, window: Window) -> asyncio.Future[Page]:
        """The window's part of what the edge leads to from this key; awaiting it may raise BadArgument."""

        async def load(keys: list[uuid.UUID]) -> list[Page]:
            rows = await self._fetch(
                tenant_id,
                statements.pages(edge, tenant_id, lambda entity: self._reach(entity, tenant_id), keys, window),
            )
            found: dict[uuid.UUID, list[Row]] = {each: [] for each in keys}
            for row in rows:
                found[row.pop("_key")].append(row)
            return [_page(edge, found[each], window) for each in keys]

        return self._ask((edge.name, tenant_id, window), key, load)

    def beside(
        self,
        name: str,
        tenant_id: uuid.UUID,
        key: Key,
        statement: Callable[[uuid.UUID, Sequence[Key]], Select[Any]],
        key_of: Callable[[Row], Key],
    ) -> asyncio.Future[list[Row]]:
        """What a statement finds for this key; all keys that are asked for by the same `name` share one."""

        async def load(keys: list[Key]) -> list[list[Row]]:
            found: dict[Key, list[Row]] = {each: [] for each in keys}
            for row in await self._fetch(tenant_id, statement(tenant_id, keys)):
                found[key_of(row)].append(row)
            return list(found.values())

        return self._ask((name, tenant_id), key, load)

    async def dependents(
        self, entity: Entity, tenant_id: uuid.UUID, reach: Reach, column: Any, parents: Sequence[uuid.UUID]
    ) -> list[uuid.UUID]:
        """The ids of the rows within this reach whose `column` is one of these."""
        rows = await self._fetch(tenant_id, statements.dependents(entity, tenant_id, reach, column, parents))
        return [row["id"] for row in rows]

    def stop(self) -> None:
        """Let nobody wait any longer for what will not be loaded: whoever still does is cancelled."""
        for future in list(self._asked):
            future.cancel()

    def _ask(
        self, of: tuple[Any, ...], key: Any, load: Callable[[list[Any]], Coroutine[Any, Any, list[Any]]]
    ) -> asyncio.Future[Any]:
        """The loader's future is shared by all who ask for the same; one that gives up does not take it from others."""
        loader = self._loaders.get(of)
        if loader is None:
            loader = self._loaders[of] = DataLoader(load)
        asked: asyncio.Future[Any] = loader.load(key)
        self._asked.add(asked)
        asked.add_done_callback(self._asked.discard)
        return asyncio.shield(asked)


def _within_reach(row: Row | None) -> Row | None:
    return None if row is None or is_masked(row) else row


def _page(edge: Edge, rows: list[Row], window: Window) -> Page:
    total = rows[0].pop("_total") if window.counted else None
    for row in rows[1:]:
        row.pop("_total", None)
    real = [as_shown(edge.target, row) for row in rows if row[edge.target.id.key] is not None]
    kept = real[: window.size]
    if window.backward:
        kept.reverse()
    return Page(kept, more=len(real) > window.size, total=total)

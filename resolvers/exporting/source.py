"""Exports as a subscription's source: chunk after chunk, each asked for when the one before it was taken."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from loaders.entities import DEVICE
from loaders.window import Row, frozen
from resolvers.connection import check_filter
from resolvers.context import Context, Info
from resolvers.exporting.devices import ExportFormat, condition, export_devices


async def exported_devices(_root: Any, info: Info, **given: Any) -> AsyncGenerator[Row]:
    """The chunks that these arguments (`format filter search`) ask for.

    Raises:
        Refusal, BadArgument: nothing can be sought by this filter or search.
    """
    context: Context = info.context
    check_filter(given.get("filter"))
    wanted, search = frozen(given.get("filter") or {}), given.get("search") or None
    condition(context.tenant_id, context.reach, wanted, search)
    chosen = ExportFormat(given.get("format") or ExportFormat.NDJSON)
    return _chunks(context, wanted, search, chosen)


async def _chunks(context: Context, wanted: Any, search: str | None, chosen: ExportFormat) -> AsyncGenerator[Row]:
    exported = export_devices(context.database, context.tenant_id, wanted, search, chosen, reach=context.reach)
    async with aclosing(exported) as chunks:
        async for chunk in chunks:
            yield {"text": chunk.text, "rows": chunk.rows}
            # A bound right may come to reach less far while a long export is read.
            if context.reach(DEVICE) is not None:
                context.caller = await context.standing.caller()

"""Exports as subscriptions' sources: chunk after chunk, each asked for when the one before it was taken."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from auth.codes import Code, Refusal
from loaders.entities import AUDIT_EVENT, DEVICE
from loaders.window import Row, frozen
from models import AuditAction
from resolvers.auditing.exporting import export_pages
from resolvers.auditing.record import Record
from resolvers.connection import check_filter
from resolvers.context import Context, Info
from resolvers.exporting.devices import ExportFormat, condition, export_devices
from resolvers.recording import actor_of, record_apart


async def exported_devices(_root: Any, info: Info, **given: Any) -> AsyncGenerator[Row]:
    """The chunks that these arguments (`format filter search`) ask for.

    Raises:
        Refusal, BadArgument: nothing can be sought by this filter or search.
    """
    context: Context = info.context
    check_filter(given.get("filter"))
    wanted, search = frozen(given.get("filter") or {}), given.get("search") or None
    condition(context.tenant_id, context.reach(DEVICE), wanted, search)
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


async def exported_audit(_root: Any, info: Info) -> AsyncGenerator[Row]:
    """The records of the tenant's audit up to that of this export; for a right that is bound to a node, nothing."""
    context: Context = info.context
    if context.reach(AUDIT_EVENT) is None:
        exported = Record(actor_of(context.caller), AuditAction.AUDIT_EXPORTED, request_id=context.request_id)
        await record_apart(context, exported)
    return _records(context)


async def _records(context: Context) -> AsyncGenerator[Row]:
    """Raises Refusal where the right comes to be bound meanwhile: no half of an audit is taken for the whole."""
    if context.reach(AUDIT_EVENT) is not None:
        return
    async with aclosing(export_pages(context.database, context.tenant_id)) as exported:
        async for lines in exported:
            yield {"text": "".join(f"{line}\n" for line in lines), "rows": len(lines)}
            context.caller = await context.standing.caller()
            if context.reach(AUDIT_EVENT) is not None:
                raise Refusal(Code.FORBIDDEN_SCOPE, "The right to read the whole tenant's audit is gone.")

"""Exports as subscriptions' sources: chunk after chunk, each asked for when the one before it was taken."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from auth.codes import Code, Refusal
from loaders.entities import AUDIT_EVENT, DEVICE
from loaders.window import Row, frozen
from models import AuditAction, AuditOutcome
from resolvers.auditing import Record, estate_of
from resolvers.auditing.exporting import export_pages
from resolvers.connection import check_filter
from resolvers.context import Context, Info
from resolvers.exporting.devices import ExportFormat, condition, export_devices
from resolvers.exporting.recording import Exported, Told, recording, said, sought
from resolvers.recording import record_apart, record_of


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
    digest = sought(wanted, search)

    def record(exported: Exported, outcome: AuditOutcome) -> Record:
        changed = said(exported, chosen, digest)
        return record_of(context, AuditAction.ESTATE_EXPORTED, estate_of(context.tenant_id), changed, outcome=outcome)

    return _chunks(context, wanted, search, chosen, record)


async def _chunks(
    context: Context, wanted: Any, search: str | None, chosen: ExportFormat, record: Told
) -> AsyncGenerator[Row]:
    lines = export_devices(context.database, context.tenant_id, wanted, search, chosen, reach=context.reach)
    recorded = recording(context.database, context.clock, context.tenant_id, record)
    async with recorded as exported, aclosing(lines) as chunks:
        async for chunk in chunks:
            exported.add(DEVICE.name, chunk.rows)
            yield {"text": chunk.text, "rows": chunk.rows}
            # A bound right may come to reach less far while a long export is read.
            if context.reach(DEVICE) is not None:
                context.caller = await context.standing.caller()


async def exported_audit(_root: Any, info: Info) -> AsyncGenerator[Row]:
    """The records of the tenant's audit up to that of this export; for a right that is bound to a node, nothing."""
    context: Context = info.context
    if context.reach(AUDIT_EVENT) is None:
        await record_apart(context, record_of(context, AuditAction.AUDIT_EXPORTED, None, {}))
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

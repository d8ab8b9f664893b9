"""`verifyAudit`: a tenant's chain, followed for somebody who may read all of it, as the command line does.

One request follows so many records that it ends well before its deadline; where the chain is longer, it says so.
"""

from functools import partial
from typing import Any

import structlog

from auth.codes import Code, Refusal
from auth.scopes import Scope
from loaders.entities import AUDIT_EVENT
from loaders.window import Row, number_of
from models import AuditAction, AuditOutcome
from resolvers.auditing.checking import Fault, Verdict, check_on
from resolvers.auditing.checkpoints import Evidence
from resolvers.auditing.pages import fetched, record_at
from resolvers.auditing.ports import Unreadable
from resolvers.auditing.record import Record, told
from resolvers.context import Context, Info
from resolvers.recording import record_apart, record_of, record_refusal

# Records that one request follows.
MOST = 10_000
# What is wrong with the folder is the operators' business, and in the log.
KEPT_BADLY = Verdict(0, 0, 0, 0, 0, 0, Fault(0, "what this server keeps of checkpoints cannot be read"))
log = structlog.get_logger("tenantry.audit")


async def verify_audit(_root: Any, info: Info, *, afterNumber: str | None = None) -> Row:  # noqa: N803 (the graph's name)
    """What was found; that it was looked for is recorded.

    Raises:
        Refusal: FORBIDDEN_SCOPE for a right that is bound to a node, BAD_USER_INPUT for a record that is not there.
    """
    context: Context = info.context
    if context.reach(AUDIT_EVENT) is not None:
        missing = [{"field": "Query.verifyAudit", "scopes": [Scope.AUDIT_READ]}]
        await record_refusal(context, {"missing": missing})
        raise Refusal(
            Code.FORBIDDEN_SCOPE,
            f"Query.verifyAudit asks for {Scope.AUDIT_READ} over the whole tenant; the right is bound to a part of it.",
            extensions={"missing": missing},
        )
    try:
        # Before the snapshot: no checkpoint is of a record that the snapshot cannot hold.
        evidence = await context.archive.evidence(context.tenant_id)
    except Unreadable as error:
        log.exception("checkpoints unreadable", error=str(error))
        evidence, verdict = Evidence([], {}), KEPT_BADLY
    else:
        verdict = await _followed(context, evidence, afterNumber)
    await record_apart(context, _record(context, verdict))
    return _shown(verdict, evidence)


async def _followed(context: Context, evidence: Evidence, given: str | None) -> Verdict:
    async with context.database.read(context.tenant_id) as connection:
        after = None
        if given is not None and given != "0":
            number = number_of(given)
            if number is not None:
                after = await record_at(partial(fetched, connection), context.tenant_id, number)
            if after is None:
                raise Refusal(
                    Code.BAD_USER_INPUT,
                    "Argument 'afterNumber' must be the number of a record that is there, or 0 for all.",
                    extensions={"argument": "afterNumber"},
                )
        return await check_on(connection, context.tenant_id, evidence, after=after, most=MOST)


def _record(context: Context, verdict: Verdict) -> Record:
    found = {
        "ok": verdict.ok,
        "complete": verdict.complete,
        "first": verdict.first,
        "last": verdict.last,
        "fault": verdict.fault and str(verdict.fault),
    }
    outcome = AuditOutcome.FAILED if verdict.fault else AuditOutcome.SUCCEEDED
    return record_of(context, AuditAction.AUDIT_VERIFIED, None, told(**found), outcome=outcome)


def _shown(verdict: Verdict, evidence: Evidence) -> Row:
    newest = max((each.checkpoint for each in evidence.signed), key=lambda each: (each.number, each.at), default=None)
    fault = verdict.fault
    return {
        "ok": verdict.ok,
        "complete": verdict.complete,
        "records": verdict.records,
        "erased": verdict.erased,
        "lastNumber": str(verdict.last),
        "fault": fault and {"number": str(fault.number) if fault.number else None, "what": fault.reason},
        "lastCheckpoint": newest
        and {"number": str(newest.number), "at": newest.at, "hash": newest.hash.hex(), "keyId": newest.key_id},
    }

"""Who was refused at the door: noted beside the requests, which never wait for it nor fail with it.

Misuse of a token is recorded in the chain of the token's tenant, what belongs to no token in the platform's. No tenant
waits long for another: each is written by itself, a few at once, and what cannot be had in time is tried again later.
What cannot be written is kept, within the bounds of what is kept.
"""

import asyncio
import uuid
from contextlib import suppress

import structlog

from auth.attempts import Attempt, Reason
from auth.credentials import Address
from models import PLATFORM_ID, AuditAction
from models.clock import Clock
from models.database import Database
from resolvers.auditing.chain import append_apart
from resolvers.auditing.misuses import Misuses
from resolvers.auditing.record import Record
from resolvers.auditing.summaries import EVERY, Summaries, summaries_of

# Chains that are written to at once, and seconds that one may take.
AT_ONCE = 2
PATIENCE = 2.0
# Seconds that the end of the process waits for what is not written yet.
LAST_MOMENT = 5.0

log = structlog.get_logger("tenantry.audit")


class AuditWatch:
    """Implements `auth.ports.Watch`; writes while `run` runs."""

    def __init__(
        self,
        app: Database,
        clock: Clock,
        *,
        misuses: Misuses | None = None,
        summaries: Summaries | None = None,
        patience: float = PATIENCE,
    ) -> None:
        self._app = app
        self._clock = clock
        self._misuses = misuses or Misuses()
        self._summaries = summaries or Summaries()
        self._patience = patience
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._more = asyncio.Event()

    def refused(self, attempt: Attempt, address: Address | None, request_id: str | None) -> None:
        """Note it, without a statement."""
        now = self._clock.now()
        if attempt.token_id is not None:
            if self._misuses.note(attempt, address, request_id, now):
                self._more.set()
            return
        throttled = attempt.reason is Reason.THROTTLED
        action = AuditAction.REQUEST_THROTTLED if throttled else AuditAction.AUTHENTICATION_FAILED
        self._summaries.note(action, attempt.reason, address, now)

    async def run(self) -> None:
        """Write what is noted, until cancelled; what is noted by then is written first."""
        try:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(EVERY.total_seconds()):
                        await self._more.wait()
                self._more.clear()
                await self.flush()
        finally:
            async with asyncio.timeout(LAST_MOMENT):
                await self.flush(last=True)

    async def flush(self, *, last: bool = False) -> None:
        """Write the misuses, and what was counted for a minute, or all of it. Never raises but for cancellation."""
        misuses = [self._write_misuses(*each) for each in self._misuses.take().items()]
        await asyncio.gather(*misuses, self._write_summaries(last=last))

    async def _write_misuses(self, tenant_id: uuid.UUID, records: list[Record]) -> None:
        written = False
        try:
            written = await self._written(tenant_id, records)
        finally:
            if not written:
                self._misuses.give_back(tenant_id, records)

    async def _write_summaries(self, *, last: bool) -> None:
        now = self._clock.now()
        counts = self._summaries.take(now if last else now - EVERY)
        written = not counts
        try:
            written = written or await self._written(PLATFORM_ID, summaries_of(counts))
        finally:
            if not written:
                self._summaries.give_back(counts)

    async def _written(self, tenant_id: uuid.UUID, records: list[Record]) -> bool:
        """Whether they are. Raises nothing but for cancellation."""
        try:
            async with self._turns, asyncio.timeout(self._patience):
                await append_apart(self._app, self._clock, tenant_id, records)
        except Exception as error:  # noqa: BLE001  (whatever it is, no request is to suffer for it)
            log.warning("not recorded yet", records=len(records), error=repr(error))
            return False
        return True

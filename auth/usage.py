"""When a token was last used, and from where: noted beside the request, which never waits for it nor fails with it.

Law: at most one write a minute and token, in the token's own tenant. What cannot be written is let go.
"""

import asyncio
import logging
import uuid
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, or_, update

from auth.credentials import Address
from auth.principal import Principal
from models import Token
from models.clock import Clock
from models.database import Database

EVERY = timedelta(minutes=1)
# Tokens that wait to be written, and tokens that are remembered as written.
MOST_WAITING = 10_000
MOST_REMEMBERED = 100_000
# Seconds that the end of the process waits for what is not written yet.
LAST_MOMENT = 5.0

_log = logging.getLogger(__name__)
# Other processes note the same token.
_WRITE = (
    update(Token)
    .where(
        Token.tenant_id == bindparam("tenant"),
        Token.id == bindparam("token"),
        or_(Token.last_used_at.is_(None), Token.last_used_at <= bindparam("a_while_ago")),
    )
    .values(last_used_at=bindparam("moment"), last_used_from=bindparam("address"))
    .execution_options(synchronize_session=False)
)


@dataclass(frozen=True, slots=True)
class _Use:
    at: datetime
    address: Address | None


class Usage:
    """Notes uses, and writes them while `run` runs."""

    def __init__(self, app: Database, clock: Clock, most_waiting: int = MOST_WAITING) -> None:
        """Uses of more than `most_waiting` tokens at once are let go."""
        self._app = app
        self._clock = clock
        self._most_waiting = most_waiting
        self._noted: OrderedDict[uuid.UUID, datetime] = OrderedDict()
        self._waiting: dict[tuple[uuid.UUID, uuid.UUID], _Use] = {}
        self._more = asyncio.Event()

    def note(self, principal: Principal, address: Address | None) -> None:
        """The principal's token was used just now; at once, without a statement. Who signed in has no token of ours."""
        if principal.signed_in:
            return
        now = self._clock.now()
        last = self._noted.get(principal.token_id)
        if (last is not None and now - last < EVERY) or len(self._waiting) >= self._most_waiting:
            return
        self._noted[principal.token_id] = now
        self._noted.move_to_end(principal.token_id)
        if len(self._noted) > MOST_REMEMBERED:
            self._noted.popitem(last=False)
        self._waiting[principal.home.id, principal.token_id] = _Use(now, address)
        self._more.set()

    async def run(self) -> None:
        """Write what is noted, until cancelled; what is noted by then is written first."""
        try:
            while True:
                await self._more.wait()
                self._more.clear()
                await self.flush()
        finally:
            async with asyncio.timeout(LAST_MOMENT):
                await self.flush()

    async def flush(self) -> None:
        """Write what is noted now: a transaction for each tenant. Never raises but for cancellation."""
        by_tenant: dict[uuid.UUID, dict[uuid.UUID, _Use]] = {}
        for (tenant_id, token_id), use in self._waiting.items():
            by_tenant.setdefault(tenant_id, {})[token_id] = use
        for tenant_id, uses in by_tenant.items():
            try:
                await self._write(tenant_id, uses)
            except Exception as error:  # noqa: BLE001  (whatever it is, no request is to suffer for it)
                _log.warning("uses of %d tokens were not written: %r", len(uses), error)
            for token_id, use in uses.items():
                # Another one may have been noted meanwhile.
                if self._waiting.get((tenant_id, token_id)) is use:
                    del self._waiting[tenant_id, token_id]

    async def _write(self, tenant_id: uuid.UUID, uses: dict[uuid.UUID, _Use]) -> None:
        rows = [
            {
                "tenant": tenant_id,
                "token": token_id,
                "moment": use.at,
                "a_while_ago": use.at - EVERY,
                "address": None if use.address is None else str(use.address),
            }
            for token_id, use in sorted(uses.items())
        ]
        async with self._app.write(tenant_id) as connection:
            await connection.execute(_WRITE, rows)

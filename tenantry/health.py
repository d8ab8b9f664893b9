"""What an orchestrator asks: is the process alive, and may it be sent requests (no credentials, no details)."""

import asyncio

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from tenantry.check import check_migrations
from tenantry.databases import Databases
from tenantry.drain import Drain

LIVE = "/livez"
READY = "/readyz"
# Seconds in which the database must have answered.
BUDGET = 1.0

log = structlog.get_logger("tenantry.health")


class Health:
    """Both addresses. Questions that come while the database is being asked wait for the same answer."""

    def __init__(self, databases: Databases, drain: Drain) -> None:
        self._databases = databases
        self._drain = drain
        self._probe: asyncio.Task[bool] | None = None

    def routes(self) -> list[Route]:
        """Where they are."""
        return [Route(LIVE, self.live), Route(READY, self.ready)]

    async def live(self, _request: Request) -> JSONResponse:
        """The event loop runs. The database is left out: a restart would not mend it."""
        return _answer("ok", 200)

    async def ready(self, _request: Request) -> JSONResponse:
        """The database answers both roles and fits this version, and the process is to stay."""
        if self._drain.begun:
            return _answer("draining", 503)
        if self._probe is None or self._probe.done():
            self._probe = asyncio.create_task(self._ask())
        try:
            ready = await asyncio.wait_for(asyncio.shield(self._probe), BUDGET)
        except TimeoutError:
            ready = False
        return _answer("ok", 200) if ready else _answer("unavailable", 503)

    async def _ask(self) -> bool:
        try:
            async with self._databases.platform.read(None):
                finding = await check_migrations(self._databases.app)
        except Exception as error:  # noqa: BLE001  (whatever broke, the answer is no)
            log.warning("database unavailable", error=repr(error))
            return False
        if not finding.ok:
            log.warning("not ready", finding=str(finding))
        return finding.ok


def _answer(status: str, code: int) -> JSONResponse:
    return JSONResponse({"status": status}, code, headers={"cache-control": "no-store"})

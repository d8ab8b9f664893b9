"""`/.well-known/tenantry-keys.json`: the public keys of the audit's checkpoints, for everybody who verifies them."""

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from auth.codes import Code, Refusal
from resolvers.auditing.archive import Archive
from resolvers.auditing.keys import published
from resolvers.auditing.ports import Unreadable
from schema.answers import refused
from tenantry.negotiation import MediaType

KEYS = "/.well-known/tenantry-keys.json"
CACHED = {"cache-control": "public, max-age=300", "x-content-type-options": "nosniff"}
NOT_CACHED = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
log = structlog.get_logger("tenantry.audit")


class PublishedKeys:
    """A JSON Web Key Set: no keys where there is no folder of them, and never a private one."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    def routes(self) -> list[Route]:
        """Where they are."""
        return [Route(KEYS, self.answer, methods=["GET"])]

    async def answer(self, _request: Request) -> Response:
        """The keys, old ones too, or 503 where their folder cannot be read."""
        try:
            return JSONResponse(published(await self._archive.keys()), headers=CACHED)
        except Unreadable as error:
            log.exception("keys unreadable", error=str(error))
            answer = refused(Refusal(Code.UNAVAILABLE, "The keys cannot be read now; try again later."))
            return Response(answer.body, answer.status, NOT_CACHED, MediaType.JSON)

"""Operations that are named instead of sent: by their hash (Apollo's automatic persisted queries), or by a list's id.

Every door asks here before the graph, and its callers are known by then. A document is kept when it came with its hash,
is within bounds and fits the schema; what its operation asks of a caller is asked of each one, at each request.
"""

import re
from collections.abc import Awaitable
from dataclasses import replace
from hashlib import sha256

from auth.codes import Code, Refusal
from auth.principal import Caller
from auth.standing import Stands
from models.lasting import Guard
from resolvers.ports import SharedDocuments
from schema.answers import InvalidDocument, invalid, refused
from schema.graph import Graph
from schema.kept import KeptDocuments
from schema.operation import Answer, OperationRequest
from schema.safelist import Mode, Safelist
from schema.streaming import Stream

HASH = re.compile(r"[0-9a-f]{64}")
# The words that clients look for, before they send the document.
NOT_FOUND = "PersistedQueryNotFound"


class PersistedOperations:
    """A graph whose operations may be named; it runs and opens like the graph itself."""

    def __init__(
        self,
        graph: Graph,
        safelist: Safelist,
        *,
        kept: KeptDocuments | None = None,
        shared: SharedDocuments | None = None,
    ) -> None:
        """`shared` is where processes leave documents for each other."""
        self._graph = graph
        self._safelist = safelist
        self._kept = kept or KeptDocuments()
        self._shared = shared

    def run(self, request: OperationRequest, caller: Caller, request_id: str, *guards: Guard) -> Awaitable[Answer]:
        """Answer a query or mutation, unless a guard raises."""
        if request.document_id is None and self._safelist.mode is Mode.OFF:
            return self._graph.run(request, caller, request_id, *guards)
        return self._run(request, caller, request_id, *guards)

    async def open(self, request: OperationRequest, standing: Stands, request_id: str) -> Answer | Stream:
        """Begin a subscription, or answer anything else."""
        try:
            caller = await standing.caller()
        except Refusal as refusal:
            return refused(refusal)
        found = await self._found(request, caller)
        return found if isinstance(found, Answer) else await self._graph.open(found, standing, request_id)

    async def close(self) -> None:
        """Let go of what is shared."""
        if self._shared is not None:
            await self._shared.close()

    async def _run(self, request: OperationRequest, caller: Caller, request_id: str, *guards: Guard) -> Answer:
        found = await self._found(request, caller)
        return found if isinstance(found, Answer) else await self._graph.run(found, caller, request_id, *guards)

    async def _found(self, request: OperationRequest, caller: Caller) -> OperationRequest | Answer:
        """The request with its document, or why it is not run."""
        try:
            text = request.query if request.ours else await self._text(request, caller)
        except Refusal as refusal:
            return refused(refusal)
        except InvalidDocument as document:
            return invalid(document)
        return request if text is request.query else replace(request, query=text)

    async def _text(self, request: OperationRequest, caller: Caller) -> str:
        """The document. Raises Refusal or InvalidDocument."""
        named, text = request.document_id, request.query
        if named is not None and not text:
            listed = self._safelist.manifest.find(named)
            if listed is not None:
                return listed
            text = await self._find(named, caller)
        self._safelist.check(text, caller)
        if named is not None and request.query:
            await self._keep(named, text, caller)
        return text

    async def _find(self, named: str, caller: Caller) -> str:
        """What is kept under a hash. Raises Refusal (PERSISTED_QUERY_NOT_FOUND)."""
        if HASH.fullmatch(named):
            text = self._kept.find(named) or await self._find_shared(named, caller)
            if text is not None:
                return text
        raise Refusal(Code.PERSISTED_QUERY_NOT_FOUND, NOT_FOUND)

    async def _find_shared(self, hashed: str, caller: Caller) -> str | None:
        """What another process kept, if it is that and fits this one's schema."""
        text = None if self._shared is None else await self._shared.find(hashed)
        if text is None or sha256(text.encode()).hexdigest() != hashed:
            return None
        try:
            self._graph.documents.operations(text)
        except (Refusal, InvalidDocument):
            return None
        self._kept.keep(hashed, text, caller.principal.home.id)
        return text

    async def _keep(self, hashed: str, text: str, caller: Caller) -> None:
        """Keep a good document under its hash, which it has. Raises Refusal or InvalidDocument."""
        if self._kept.find(hashed) is not None:
            return
        self._graph.documents.operations(text)
        tenant_id = caller.principal.home.id
        self._kept.keep(hashed, text, tenant_id)
        if self._shared is not None:
            await self._shared.keep(hashed, text, tenant_id)

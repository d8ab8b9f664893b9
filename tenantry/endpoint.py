"""The door `/graphql`: GraphQL over HTTP, straight on ASGI (Strawberry's own view costs ten times as much).

Its order is a promise: method, media type, caller, body, operation. Nothing of a body is read for a stranger.
"""

import asyncio
import re
from collections.abc import Coroutine
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Protocol

import structlog
from starlette.types import Receive, Scope, Send

from auth.authentication import Authenticator
from auth.codes import Code, Refusal
from auth.credentials import Headers, values
from auth.principal import Caller
from auth.tenancy import TenantSelector
from schema.graph import refused
from schema.operation import Answer, OperationRequest
from tenantry.answers import send_answer
from tenantry.body import ClientGone, from_body, from_query_string, read_body
from tenantry.negotiation import MediaType, answer_type, check_body

# Visible ASCII.
KEY = re.compile(r"[!-~]{1,128}")


class Runs(Protocol):
    """What this door needs of `schema.graph.Graph`."""

    async def run(self, request: OperationRequest, caller: Caller, request_id: str) -> Answer:
        """Answer a request; refusals and faults are answers too."""
        ...


class GraphQLEndpoint:
    """An ASGI application for one address."""

    def __init__(
        self, graph: Runs, authenticator: Authenticator, selector: TenantSelector, max_body_bytes: int
    ) -> None:
        """`max_body_bytes` bounds the body of a POST and the query string of a GET."""
        self._graph = graph
        self._authenticator = authenticator
        self._selector = selector
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request; say nothing to a caller that hung up."""
        media_type = MediaType.JSON
        try:
            check_method(scope["method"])
            media_type = answer_type(scope["headers"])
            caller = await self._caller(scope)
            key = idempotency_key(scope["headers"])
            request = replace(await self._request(scope, receive), idempotency_key=key)
            answer = await while_connected(receive, self._graph.run(request, caller, scope["request_id"]))
        except Refusal as refusal:
            answer = refused(refusal)
        except ClientGone:
            return
        else:
            answer = as_media_type(answer, media_type)
        await send_answer(send, answer, media_type)

    async def _caller(self, scope: Scope) -> Caller:
        principal = await self._authenticator.authenticate(scope["headers"])
        structlog.contextvars.bind_contextvars(token=str(principal.token_id))
        caller = await self._selector.select(principal, scope["headers"])
        structlog.contextvars.bind_contextvars(tenant=caller.tenant.slug)
        return caller

    async def _request(self, scope: Scope, receive: Receive) -> OperationRequest:
        if scope["method"] == "GET":
            return from_query_string(scope["query_string"], self._max_body_bytes)
        check_body(scope["headers"])
        return from_body(await read_body(receive, self._max_body_bytes))


def check_method(method: str) -> None:
    """Refuse all but the two. Raises Refusal (METHOD_NOT_ALLOWED)."""
    if method not in {"GET", "POST"}:
        allow = (("allow", "GET, POST"),)
        raise Refusal(Code.METHOD_NOT_ALLOWED, "Send a query by GET or POST.", headers=allow)


def idempotency_key(headers: Headers) -> str | None:
    """The caller's own name for this request, or None. Raises Refusal (BAD_REQUEST)."""
    sent = values(headers, b"idempotency-key")
    if not sent:
        return None
    key = sent[0].strip(" \t")
    if len(sent) > 1 or not KEY.fullmatch(key):
        raise Refusal(Code.BAD_REQUEST, "Send Idempotency-Key once, with 1 to 128 visible ASCII characters.")
    return key


def as_media_type(answer: Answer, media_type: MediaType) -> Answer:
    """The older media type says 200 to a well-formed request, whatever is wrong with its document."""
    if media_type is MediaType.JSON and answer.status == HTTPStatus.BAD_REQUEST:
        return Answer(HTTPStatus.OK, answer.body, answer.headers)
    return answer


async def while_connected(receive: Receive, running: Coroutine[Any, Any, Answer]) -> Answer:
    """Run to the end, or for as long as the caller stays. Raises ClientGone."""
    work = asyncio.create_task(running)
    watch = asyncio.create_task(_gone(receive))
    watch.add_done_callback(lambda _: work.cancel())
    try:
        return await work
    except asyncio.CancelledError:
        ours = asyncio.current_task()
        # Cancelled from outside (a server that stops), or because of the caller? Only the latter ends here.
        if watch.cancelled() or not watch.done() or (ours is not None and ours.cancelling()):
            raise
        raise ClientGone from None
    finally:
        watch.cancel()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass

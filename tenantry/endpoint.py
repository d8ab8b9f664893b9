"""The door `/graphql`: GraphQL over HTTP, straight on ASGI (Strawberry's own view costs ten times as much).

Its order is a promise: method, media type, caller, body, operation. Nothing of a body is read for a stranger.
"""

import asyncio
import re
from collections.abc import Awaitable
from dataclasses import replace
from http import HTTPStatus
from typing import Protocol

from starlette.types import Receive, Scope, Send

from auth.codes import Code, Refusal
from auth.credentials import Headers, values
from auth.principal import Caller
from auth.standing import Callers, Stands
from models.lasting import Guard, lasting
from schema.answers import refused
from schema.operation import Answer, OperationRequest, PlanWanted
from schema.streaming import Stream
from tenantry.addresses import address_of
from tenantry.answers import ReaderStuck, send_answer
from tenantry.body import MOST_DOCUMENT, ClientGone, from_body, from_query_string, read_body
from tenantry.connected import hung_up
from tenantry.event_stream import send_events, send_one
from tenantry.logs import say_in_lines
from tenantry.negotiation import Accepted, MediaType, accepted, check_body

# Visible ASCII.
KEY = re.compile(r"[!-~]{1,128}")
# How a refusal is shown before it is known what the caller accepts.
NOT_KNOWN = Accepted(MediaType.JSON)


class Runs(Protocol):
    """What this door needs of `schema.graph.Graph`."""

    def run(self, request: OperationRequest, caller: Caller, request_id: str, *guards: Guard) -> Awaitable[Answer]:
        """Answer a query or mutation, unless a guard raises; refusals and faults are answers too."""
        ...

    async def open(self, request: OperationRequest, standing: Stands, request_id: str) -> Answer | Stream:
        """Begin a subscription, or answer anything else."""
        ...


class GraphQLEndpoint:
    """An ASGI application for one address."""

    def __init__(self, graph: Runs, callers: Callers, ending: asyncio.Event, max_body_bytes: int) -> None:
        """`ending` ends streams; `max_body_bytes` bounds the body of a POST and, where it is less, the query string."""
        self._graph = graph
        self._callers = callers
        self._ending = ending
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request; say nothing to a caller that hung up."""
        accepts = NOT_KNOWN
        headers = scope["headers"]
        try:
            check_method(scope["method"])
            accepts = accepted(headers)
            caller = await self._caller(scope)
            key, plan = idempotency_key(headers), plan_wanted(headers)
            request = await self._request(scope, receive)
            if key is not None or plan is not None:
                request = replace(request, idempotency_key=key, plan=plan)
            if accepts.events:
                answer = await lasting(self._stream(request, scope, send, accepts), hung_up(receive))
            else:
                answer = await self._graph.run(request, caller, scope["request_id"], hung_up(receive))
        except Refusal as refusal:
            answer = refused(refusal)
        except ClientGone:
            return
        else:
            if answer is None:
                return
            answer = as_media_type(answer, accepts.shown)
        await send_answer(send, answer, accepts.shown)

    async def _stream(self, request: OperationRequest, scope: Scope, send: Send, accepts: Accepted) -> Answer | None:
        """Stream a subscription to its end; anything else is an answer, streamed only where no other is accepted."""
        standing = self._callers.standing(scope["headers"], address_of(scope), request_id=scope["request_id"])
        opened = await self._graph.open(request, standing, scope["request_id"])
        if isinstance(opened, Answer):
            # What is wrong with a well-formed request is said in the stream, as the older media type says it with 200.
            if accepts.media_type is not None or opened.status not in {HTTPStatus.OK, HTTPStatus.BAD_REQUEST}:
                return opened
            await send_one(send, opened)
            return None
        try:
            await send_events(send, opened, self._ending)
        except ReaderStuck:
            raise ClientGone from None
        finally:
            await asyncio.shield(asyncio.ensure_future(opened.aclose()))
        return None

    async def _caller(self, scope: Scope) -> Caller:
        caller = await self._callers.caller(scope["headers"], address_of(scope), request_id=scope["request_id"])
        say_in_lines(token=str(caller.principal.token_id), tenant=caller.tenant.slug)
        return caller

    async def _request(self, scope: Scope, receive: Receive) -> OperationRequest:
        if scope["method"] == "GET":
            return from_query_string(scope["query_string"], min(self._max_body_bytes, MOST_DOCUMENT))
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


def plan_wanted(headers: Headers) -> PlanWanted | None:
    """Whether the caller wants to know which way its operation goes. Raises Refusal (BAD_REQUEST)."""
    sent = values(headers, b"tenantry-plan")
    if not sent:
        return None
    try:
        [wanted] = sent
        return PlanWanted(wanted.strip(" \t").lower())
    except ValueError:
        raise Refusal(Code.BAD_REQUEST, f"Send Tenantry-Plan once: {' or '.join(PlanWanted)}.") from None


def as_media_type(answer: Answer, media_type: MediaType) -> Answer:
    """The older media type says 200 to a well-formed request, whatever is wrong with its document."""
    if media_type is MediaType.JSON and answer.status == HTTPStatus.BAD_REQUEST:
        return answer._replace(status=HTTPStatus.OK)
    return answer

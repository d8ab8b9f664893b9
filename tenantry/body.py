"""From an HTTP message to a GraphQL request (GraphQL over HTTP): whatever is malformed is told what is wrong."""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.types import Receive

from auth.codes import Code, Refusal
from schema.operation import OperationRequest

# Seconds that a body may take to arrive.
BODY_TIMEOUT = 10
# The spec's four, and room for a cache-buster or two.
MOST_PARAMETERS = 20
OBJECTS = ("variables", "extensions")


class ClientGone(Exception):
    """The caller hung up; nobody waits for an answer."""


async def read_body(receive: Receive, at_most: int) -> bytes:
    """The whole body, counted as it comes: what a header says about its length is not believed.

    Raises:
        ClientGone: the caller hung up.
        Refusal: PAYLOAD_TOO_LARGE, over `at_most` bytes; BAD_REQUEST, too slow.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_TIMEOUT):
            more = True
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientGone
                body += message.get("body", b"")
                if len(body) > at_most:
                    raise too_large(at_most)
                more = message.get("more_body", False)
    except TimeoutError:
        raise _bad(f"The body did not arrive within {BODY_TIMEOUT} s.") from None
    return bytes(body)


def from_body(body: bytes) -> OperationRequest:
    """The request that a POST carries. Raises Refusal (BAD_REQUEST)."""
    if not body:
        raise _bad("The body is empty: send a JSON object with `query`.")
    sent = _json("The body", body)
    if isinstance(sent, list):
        raise _bad("Batches are not taken: send one operation a request.")
    if not isinstance(sent, dict):
        raise _bad("The body is not a JSON object: send one with `query`.")
    return _request(sent, mutations=True)


def from_query_string(query_string: bytes, at_most: int) -> OperationRequest:
    """The request that a GET carries; it must not change anything. Raises Refusal."""
    if len(query_string) > at_most:
        raise too_large(at_most)
    try:
        pairs = parse_qsl(
            query_string.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MOST_PARAMETERS,
        )
    except UnicodeDecodeError:
        raise _bad("The query string is not UTF-8, percent-encoded.") from None
    except ValueError:
        raise _bad(f"The query string has more than {MOST_PARAMETERS} parameters.") from None
    names = [name for name, _ in pairs]
    for name in ("query", "operationName", *OBJECTS):
        if names.count(name) > 1:
            raise _bad(f"The parameter `{name}` is given more than once.")
    # An empty parameter is how a form says that there is none.
    sent: dict[str, Any] = {name: value for name, value in pairs if value}
    for name in OBJECTS:
        if name in sent:
            sent[name] = _json(f"The parameter `{name}`", sent[name])
    return _request(sent, mutations=False)


def too_large(at_most: int) -> Refusal:
    """A message over the bound, in bytes."""
    # Whoever sends too much may still be sending: then the connection is of no more use.
    close = (("connection", "close"),)
    return Refusal(Code.PAYLOAD_TOO_LARGE, f"The request is larger than {at_most} bytes.", headers=close)


def _request(sent: Mapping[str, Any], *, mutations: bool) -> OperationRequest:
    query = sent.get("query")
    if query is None:
        raise _bad("There is no `query`: send the GraphQL document as one.")
    if not isinstance(query, str):
        raise _bad("`query` is not a string.")
    name = sent.get("operationName")
    if name is not None and not isinstance(name, str):
        raise _bad("`operationName` is neither a string nor null.")
    for each in OBJECTS:
        if not isinstance(sent.get(each), dict | None):
            raise _bad(f"`{each}` is neither an object nor null.")
    # Some clients send an empty name for none.
    return OperationRequest(query, sent.get("variables") or {}, name or None, mutations=mutations)


def _json(what: str, text: bytes | str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise _bad(f"{what} is not JSON: {error}.") from None


def _bad(message: str) -> Refusal:
    return Refusal(Code.BAD_REQUEST, message)

"""From an HTTP message to a GraphQL request (GraphQL over HTTP): whatever is malformed is told what is wrong."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.types import Receive

from auth.codes import Code, Refusal
from models.lasting import deadline, lasting
from schema.operation import OperationRequest
from tenantry.document_id import document_id

# Seconds that a body may take to arrive.
BODY_TIMEOUT = 10
TOO_SLOW = deadline(BODY_TIMEOUT)
# The spec's five, and room for a cache-buster or two.
MOST_PARAMETERS = 20
OBJECTS = ("variables", "extensions")
TEXT, OBJECT = (str, type(None)), (dict, type(None))
# Bytes of a document or a query string, whatever a body may hold: what is large in a good request are its variables.
MOST_DOCUMENT = 131_072
# In variables and extensions: a thousand items with all their fields have half as many. Fitting them to the schema
# takes its time for each, in which nobody else is answered.
MOST_OBJECTS = 10_000
MOST_VALUES = 50_000


class ClientGone(Exception):
    """The caller hung up; nobody waits for an answer."""


async def read_body(receive: Receive, at_most: int) -> bytes:
    """The whole body, counted as it comes: what a header says about its length is not believed.

    Raises:
        ClientGone: the caller hung up.
        Refusal: PAYLOAD_TOO_LARGE, over `at_most` bytes; BAD_REQUEST, too slow.
    """
    try:
        return await lasting(_read(receive, at_most), TOO_SLOW)
    except TimeoutError:
        raise _bad(f"The body did not arrive within {BODY_TIMEOUT} s.") from None


def from_body(body: bytes) -> OperationRequest:
    """The request that a POST carries. Raises Refusal (BAD_REQUEST or PAYLOAD_TOO_LARGE)."""
    if not body:
        raise _bad("The body is empty: send a JSON object with `query`.")
    # Far fewer lists and objects than bytes: making them takes longer than reading anything else.
    if body.count(b"[") + body.count(b"{") > MOST_VALUES:
        raise _too_many(MOST_VALUES, "values")
    sent = _json("The body", body)
    if isinstance(sent, list):
        raise _bad("Batches are not taken: send one operation a request.")
    if not isinstance(sent, dict):
        raise _bad("The body is not a JSON object: send one with `query`.")
    return from_object(sent, len(body), mutations=True)


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
    for name in ("query", "operationName", "documentId", *OBJECTS):
        if names.count(name) > 1:
            raise _bad(f"The parameter `{name}` is given more than once.")
    # An empty parameter is how a form says that there is none.
    sent: dict[str, Any] = {name: value for name, value in pairs if value}
    for name in OBJECTS:
        if name in sent:
            sent[name] = _json(f"The parameter `{name}`", sent[name])
    return from_object(sent, len(query_string), mutations=False)


def too_large(at_most: int) -> Refusal:
    """A message over the bound, in bytes."""
    # Whoever sends too much may still be sending: then the connection is of no more use.
    close = (("connection", "close"),)
    return Refusal(Code.PAYLOAD_TOO_LARGE, f"The request is larger than {at_most} bytes.", headers=close)


def from_object(sent: Mapping[str, Any], size: int, *, mutations: bool) -> OperationRequest:
    """The request that a JSON object of `size` bytes holds. Raises Refusal (BAD_REQUEST or PAYLOAD_TOO_LARGE)."""
    query = sent.get("query")
    if not isinstance(query, TEXT):
        raise _bad("`query` is not a string.")
    if query is not None and size > MOST_DOCUMENT and len(query.encode()) > MOST_DOCUMENT:
        too_long = f"`query` is larger than {MOST_DOCUMENT} bytes: send values as variables."
        raise Refusal(Code.PAYLOAD_TOO_LARGE, too_long)
    name = sent.get("operationName")
    if name is not None and not isinstance(name, str):
        raise _bad("`operationName` is neither a string nor null.")
    for each in OBJECTS:
        given = sent.get(each)
        if not isinstance(given, OBJECT):
            raise _bad(f"`{each}` is neither an object nor null.")
        # There are no more of anything than bytes.
        if given and size > MOST_OBJECTS:
            _check_counts(given)
    named = document_id(sent)
    if query is None and named is None:
        raise _bad("There is no `query`: send the GraphQL document as one.")
    # Some clients send an empty name for none.
    return OperationRequest(query or "", sent.get("variables") or {}, name or None, mutations, document_id=named)


async def _read(receive: Receive, at_most: int) -> bytes:
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        body += message.get("body", b"")
        if len(body) > at_most:
            raise too_large(at_most)
        more = message.get("more_body", False)
    return bytes(body)


def _check_counts(sent: Any) -> None:
    """Refuse JSON of too many parts. Raises Refusal (PAYLOAD_TOO_LARGE)."""
    objects = values = 0
    waiting = [sent]
    while waiting:
        each = waiting.pop()
        if not isinstance(each, dict | list):
            continue
        objects += isinstance(each, dict)
        values += len(each)
        if objects > MOST_OBJECTS:
            raise _too_many(MOST_OBJECTS, "objects")
        if values > MOST_VALUES:
            raise _too_many(MOST_VALUES, "values")
        waiting.extend(each.values() if isinstance(each, dict) else each)


def _too_many(most: int, counted: str) -> Refusal:
    return Refusal(Code.PAYLOAD_TOO_LARGE, f"The request has more than {most:,} {counted}: send several.")


def _json(what: str, text: bytes | str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise _bad(f"{what} is not JSON: {error}.") from None


def _bad(message: str) -> Refusal:
    return Refusal(Code.BAD_REQUEST, message)

"""The messages of graphql-transport-ws: those of clients, read strictly, and ours."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import orjson

from auth.codes import Refusal
from schema.operation import Answer, OperationRequest
from tenantry.body import from_object
from tenantry.websocket.closing import CloseCode, Closing

# Characters of an id: it comes back with each message.
LONGEST_ID = 128
CONNECTION_ACK = '{"type":"connection_ack"}'


@dataclass(frozen=True, slots=True)
class ConnectionInit:
    """The first message; credentials may be in it."""

    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ping:
    """Is somebody there?"""

    payload: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Pong:
    """Somebody is."""


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Run an operation of any kind, under an id of the client's."""

    id: str
    request: OperationRequest


@dataclass(frozen=True, slots=True)
class Complete:
    """Stop it."""

    id: str


Message: TypeAlias = ConnectionInit | Ping | Pong | Subscribe | Complete


def read(text: str) -> Message:
    """A client's message. Raises Closing (BAD_MESSAGE)."""
    try:
        sent = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise malformed(f"The message is not JSON: {error}.") from None
    if not isinstance(sent, dict):
        raise malformed("The message is not a JSON object.")
    match sent.get("type"):
        case "connection_init":
            return ConnectionInit(_payload(sent) or {})
        case "ping":
            return Ping(_payload(sent))
        case "pong":
            _payload(sent)
            return Pong()
        case "subscribe":
            return Subscribe(_id(sent), _request(sent, len(text.encode())))
        case "complete":
            return Complete(_id(sent))
        case str() as other:
            raise malformed(f"A client sends no message of type {other[:40]!r}.")
        case _:
            raise malformed("The message has no `type` that is a string.")


def pong(payload: dict[str, Any] | None) -> str:
    """The answer to a ping, with what was in it. Raises Closing (BAD_MESSAGE)."""
    try:
        return _message("pong", {} if payload is None else {"payload": payload})
    except orjson.JSONEncodeError:
        raise malformed("The payload of `ping` nests too deep.") from None


def next_result(operation: str, body: bytes) -> str:
    """One result of an operation, which is JSON already."""
    return _message("next", {"id": operation, "payload": orjson.Fragment(body)})


def failed(operation: str, answer: Answer) -> str:
    """An operation ends with errors and without a result."""
    return _message("error", {"id": operation, "payload": orjson.loads(answer.body)["errors"]})


def completed(operation: str) -> str:
    """An operation has nothing more to say."""
    return _message("complete", {"id": operation})


def malformed(reason: str) -> Closing:
    """A message that is none; the reason says what is wrong with it."""
    return Closing(CloseCode.BAD_MESSAGE, reason)


def _message(kind: str, members: dict[str, Any]) -> str:
    return orjson.dumps({"type": kind, **members}).decode()


def _payload(sent: dict[str, Any]) -> dict[str, Any] | None:
    payload = sent.get("payload")
    if not isinstance(payload, dict | None):
        raise malformed(f"The `payload` of `{sent['type']}` is neither an object nor null.")
    return payload


def _id(sent: dict[str, Any]) -> str:
    named = sent.get("id")
    if not isinstance(named, str) or not 0 < len(named) <= LONGEST_ID:
        raise malformed(f"The `id` of `{sent['type']}` is not a string of 1 to {LONGEST_ID} characters.")
    return named


def _request(sent: dict[str, Any], size: int) -> OperationRequest:
    payload = _payload(sent)
    if payload is None:
        raise malformed("`subscribe` has no `payload`.")
    try:
        return from_object(payload, size, mutations=True)
    except Refusal as refusal:
        raise malformed(refusal.message) from None

"""`GET /export/…`: exports as files. Each is an address of a subscription, which does all of it.

Once lines have left, an answer cannot become a refusal: a file that could not be finished is cut off, so that no
client takes it for whole.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from auth.codes import Code, Refusal
from auth.standing import Callers
from models.lasting import lasting
from schema.answers import refused
from schema.operation import Answer, OperationRequest
from schema.streaming import Stream
from tenantry.addresses import address_of
from tenantry.answers import ReaderStuck, send_answer, send_patiently
from tenantry.body import ClientGone
from tenantry.connected import hung_up
from tenantry.endpoint import Runs

TYPES = {"csv": "text/csv; charset=utf-8; header=present", "ndjson": "application/x-ndjson"}
PARAMETERS = frozenset({"format", "filter", "search"})
Pairs = list[tuple[str, str]]


class CutOff(Exception):
    """The export ended before its last line."""


@dataclass(frozen=True)
class Export:
    """What is exported at an address, `/export/{name}`, into a file of that name: a subscription that gives `text`.

    `read` makes its variables of the query string; without a `format` among them it is NDJSON. Raises Refusal.
    """

    name: str
    document: str
    read: Callable[[Pairs], Mapping[str, Any]]


class Exports:
    """Answers at the addresses of exports."""

    def __init__(self, graph: Runs, callers: Callers) -> None:
        self._graph = graph
        self._callers = callers

    def routes(self) -> list[Route]:
        """Where they are."""
        return [
            Route(f"/export/{each.name}", Download(each, self._graph, self._callers), methods=["GET"])
            for each in (DEVICES, AUDIT)
        ]


class Download:
    """An ASGI application for one address."""

    def __init__(self, export: Export, graph: Runs, callers: Callers) -> None:
        self._export = export
        self._graph = graph
        self._callers = callers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file, or say why not."""
        try:
            variables = self._export.read(Request(scope).query_params.multi_items())
            standing = self._callers.standing(scope["headers"], address_of(scope), request_id=scope["request_id"])
            await standing.caller()
            asked = OperationRequest(self._export.document, dict(variables), ours=True)
            opened = await self._graph.open(asked, standing, scope["request_id"])
            if isinstance(opened, Answer):
                await send_answer(send, opened)
                return
            ending = str(variables.get("format", "NDJSON")).lower()
            try:
                await lasting(_send_file(send, opened, self._export.name, ending), hung_up(receive))
            finally:
                await asyncio.shield(asyncio.ensure_future(opened.aclose()))
        except Refusal as refusal:
            await send_answer(send, refused(refusal))
        except (ClientGone, ReaderStuck):
            return


async def _send_file(send: Send, stream: Stream, name: str, ending: str) -> None:
    """Each chunk as it comes. Raises CutOff where it ends too early."""
    headers = [
        (b"content-type", TYPES[ending].encode()),
        (b"content-disposition", f'attachment; filename="{name}.{ending}"'.encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
    first = await _text(stream)
    await send_patiently(send, {"type": "http.response.start", "status": HTTPStatus.OK, "headers": headers})
    text = first
    while text is not None:
        await send_patiently(send, {"type": "http.response.body", "body": text.encode(), "more_body": True})
        try:
            text = await _text(stream)
        except Refusal as refusal:
            raise CutOff(refusal.message) from refusal
    await send_patiently(send, {"type": "http.response.body", "body": b"", "more_body": False})


async def _text(stream: Stream) -> str | None:
    """The next lines, None after the last. Raises Refusal."""
    try:
        response: dict[str, Any] = orjson.loads(await anext(stream))
    except StopAsyncIteration:
        return None
    if response.get("errors"):
        error = response["errors"][0]
        raise Refusal(Code[error["extensions"]["code"]], error["message"])
    [chunk] = response["data"].values()
    text: str = chunk["text"]
    return text


def _of_devices(pairs: Pairs) -> Mapping[str, Any]:
    """`format filter search`, each once. Raises Refusal (BAD_USER_INPUT)."""
    given: dict[str, Any] = dict(pairs)
    unknown = sorted(given.keys() - PARAMETERS)
    if unknown or len(given) != len(pairs):
        raise _bad(unknown[0] if unknown else "", "Give format, filter and search, each once; there is nothing else.")
    if given.setdefault("format", "ndjson") not in TYPES:
        raise _bad("format", f"format is {' or '.join(sorted(TYPES))}.")
    given["format"] = given["format"].upper()
    if "filter" not in given:
        return given
    try:
        wanted = orjson.loads(given["filter"])
    except orjson.JSONDecodeError:
        raise _bad("filter", 'filter is a DeviceFilter as JSON, such as {"status":{"eq":"OFFLINE"}}.') from None
    return {**given, "filter": wanted}


def _of_audit(pairs: Pairs) -> Mapping[str, Any]:
    """Nothing. Raises Refusal (BAD_USER_INPUT)."""
    if pairs:
        raise _bad(pairs[0][0], "Give nothing: an audit is exported whole, or nobody could verify it.")
    return {}


def _bad(argument: str, message: str) -> Refusal:
    return Refusal(Code.BAD_USER_INPUT, message, extensions={"argument": argument} if argument else {})


DEVICES = Export(
    "devices",
    """subscription ($format: ExportFormat!, $filter: DeviceFilter, $search: String) {
  exportDevices(format: $format, filter: $filter, search: $search) { text }
}""",
    _of_devices,
)
AUDIT = Export("audit", "subscription { exportAudit { text } }", _of_audit)

"""Running an operation in an estate as the application would, and counting what it costs."""

import asyncio
from dataclasses import dataclass
from itertools import count

import orjson

from auth.principal import Caller
from auth.standing import Asked, nothing
from benchmarks.counting import Sent, Wire, calls_during
from benchmarks.estate import Estate
from benchmarks.operation import Operation, Request
from schema.graph import Graph
from schema.operation import OperationRequest
from schema.streaming import Stream

PROBLEMS = {"NotFound", "Conflict", "Invalid", "Forbidden", "NotEmpty"}


class WrongAnswer(Exception):
    """An operation was refused or did nothing: its figures would be of something else."""


@dataclass(frozen=True)
class Standing:
    """Implements `auth.standing.Stands`: a right that lasts."""

    held: Caller

    async def caller(self) -> Caller:
        """The caller, for good."""
        return self.held

    async def until_gone(self, asked: Asked = nothing) -> None:  # noqa: ARG002  (it never is)
        """Wait for ever."""
        await asyncio.Event().wait()


class Runner:
    """Sends requests to the graph; no two of a run are numbered the same."""

    def __init__(self, graph: Graph, wire: Wire) -> None:
        self._graph = graph
        self._wire = wire
        self._runs = count(1)

    async def statements(self, operation: Operation, estate: Estate) -> Sent:
        """What the operation sends to PostgreSQL. Raises WrongAnswer."""
        run = await self._begun(operation, estate)
        sent = await self._wire.during(lambda: self._send(operation.request, operation, estate, run))
        await self._ended(operation, estate, run)
        return sent

    async def calls(self, operation: Operation, estate: Estate) -> int | None:
        """The calls of Python functions that it makes, as the second request of its kind. Raises WrongAnswer."""
        if operation.reads != "answer":
            return None
        run = await self._begun(operation, estate)
        calls = await calls_during(lambda: self._send(operation.request, operation, estate, run))
        await self._ended(operation, estate, run)
        return calls

    async def _begun(self, operation: Operation, estate: Estate) -> int:
        run = next(self._runs)
        if operation.before is not None:
            await self._send(operation.before, operation, estate, run)
        return run

    async def _ended(self, operation: Operation, estate: Estate, run: int) -> None:
        if operation.after is not None:
            await self._send(operation.after, operation, estate, run)

    async def _send(self, request: Request, operation: Operation, estate: Estate, run: int) -> None:
        asked = OperationRequest(request.document, request.fill(estate, run))
        if operation.reads == "answer":
            check(operation, (await self._graph.run(asked, estate.caller, "bench-counts")).body)
            return
        stream = await self._graph.open(asked, Standing(estate.caller), "bench-counts")
        if not isinstance(stream, Stream):
            check(operation, stream.body)
            raise WrongAnswer(f"{operation.name}: it is no subscription")
        try:
            async for body in stream:
                check(operation, body)
                if operation.reads == "event":
                    break
        finally:
            await stream.aclose()


def check(operation: Operation, body: bytes) -> None:
    """Raise WrongAnswer for an answer that tells of an error or a problem."""
    answered = orjson.loads(body)
    wrong = answered.get("errors") or [
        each for each in answered["data"].values() if isinstance(each, dict) and each.get("__typename") in PROBLEMS
    ]
    if wrong:
        raise WrongAnswer(f"{operation.name}: {orjson.dumps(wrong).decode()}")

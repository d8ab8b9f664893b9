"""A warm token adds no statement, and at most 5 % to a point query."""

from itertools import cycle

from benchmarks.counting import Wire
from benchmarks.promises.door import Door, Preset, known_callers
from benchmarks.promises.interleaved import ratio
from benchmarks.promises.promise import Judgement, at_most
from benchmarks.timed.ask import Ask
from models.clock import Clock
from schema.graph import Graph
from tenantry.databases import Databases

STATEMENTS = "a warm token adds no statement to a query"
TIME = "a warm token adds at most 5 % to a point query"
BOUND = 1.05


async def added_by_warm_token(graph: Graph, databases: Databases, clock: Clock, wire: Wire, ask: Ask) -> int:
    """How many messages more PostgreSQL is sent where the token, seen a moment ago, says who calls."""
    callers = known_callers(databases, clock)
    preset = Preset(await callers.caller(_headers(ask), None))
    sent = []
    for each in (callers, preset):
        door = Door(graph, each)

        async def work(door: Door = door) -> None:
            await door.answer(ask)

        # A connection knows a statement from its second time on.
        for _ in range(3):
            await work()
        during = await wire.during(work)
        sent.append(len(during.statements) + during.bounds)
    return sent[0] - sent[1]


async def judged(graph: Graph, databases: Databases, clock: Clock, wire: Wire, asks: list[Ask]) -> list[Judgement]:
    """Both promises, by the same point queries."""
    added = await added_by_warm_token(graph, databases, clock, wire, asks[0])
    callers = known_callers(databases, clock)
    known, preset = Door(graph, callers), Door(graph, Preset(await callers.caller(_headers(asks[0]), None)))
    turns = {door: cycle(asks) for door in (known, preset)}
    measured = await ratio(lambda: preset.answer(next(turns[preset])), lambda: known.answer(next(turns[known])))
    return [Judgement(STATEMENTS, f"{added} more", added == 0), at_most(TIME, measured, BOUND)]


def _headers(ask: Ask) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in ask.headers().items()]

"""Before anything is timed: that all servers answer a case the same, with as many devices as the case says."""

import time
from collections.abc import Sequence

import orjson

from benchmarks.timed import usage
from benchmarks.timed.answers import Unequal, compared, difference, plain
from benchmarks.timed.ask import Ask
from benchmarks.timed.cases import BY_KEY, Case
from benchmarks.timed.running import Bench, First, Running
from benchmarks.timed.seeded import DEEP


async def compare(bench: Bench, case: Case, running: Sequence[Running]) -> None:
    """Ask everybody, and note of each server its requests and what its first answers showed.

    Raises:
        Unequal: one answers otherwise than the one before it, or less than it should.
    """
    expected: list[object] = []
    for each in running:
        if not each.target.answers(case.asked):
            continue
        bench.tell(f"{case.key}: comparing what {each.target.name} answers")
        asks = each.asks[case.asked] = await _asks(bench, each, case)
        bodies = await _answers(bench, each, case, asks)
        found = [plain(each.target.dialect.read(case.asked, orjson.loads(body))) for body in bodies]
        devices = shown_devices(found[0])
        if devices != case.devices:
            raise Unequal(f"{case.key}: {each.target.name} shows {devices} devices, not {case.devices}")
        said = difference(expected, found) if expected else None
        if said is not None:
            raise Unequal(f"{case.key}: {each.target.name} does not answer as the others do: {said}")
        expected = found


async def _asks(bench: Bench, each: Running, case: Case) -> list[Ask]:
    cursor = await _walked(bench, each) if case.asked == "deep" else ""
    return each.target.dialect.asks[case.asked](bench.seeded, cursor)


async def _walked(bench: Bench, each: Running) -> str:
    """The cursor of the row before the deep page, as a client comes by it; none where the server has no cursors."""
    walk, cursor = each.target.dialect.walk, None
    if walk is None:
        return ""
    for _ in range(DEEP // walk.rows):
        body = orjson.loads(await each.answer(bench.client, walk.ask(bench.seeded, cursor)))
        cursor = body["data"]["answer"]["pageInfo"]["endCursor"]
    return str(cursor)


async def _answers(bench: Bench, each: Running, case: Case, asks: list[Ask]) -> list[bytes]:
    """A few answers; the first one's memory is measured, once the case's reference has warmed the server."""
    if case.reference is not None:
        warming = each.target.dialect.asks[BY_KEY[case.reference].asked](bench.seeded, "")
        await each.answer(bench.client, warming[0])
    pids = usage.tree(each.served.pid)
    usage.forget_peak(pids)
    before = usage.resident(pids)
    bodies = [await each.answer(bench.client, asks[0])]
    grown = usage.resident(pids, peak=True) - before
    bodies += [await each.answer(bench.client, ask) for ask in compared(asks)[1:]]
    began = time.monotonic()
    await each.answer(bench.client, asks[0])
    each.first[case.key] = First(len(bodies[0]), grown, time.monotonic() - began)
    return bodies


def shown_devices(value: object) -> int:
    """How many things in an answer show a serial."""
    if isinstance(value, dict):
        return ("serial" in value) + sum(shown_devices(each) for each in value.values())
    return sum(shown_devices(each) for each in value) if isinstance(value, list) else 0

"""The rounds: one server after the other is loaded with a case, and again, and again; the others wait."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.timed import usage
from benchmarks.timed.cases import Case
from benchmarks.timed.comparing import compare
from benchmarks.timed.load import Load, NoLoad, load
from benchmarks.timed.results import Figure, Results, medians
from benchmarks.timed.running import Bench, Running

# Seconds; and the share of a processor that is no work.
LOOK_EVERY, QUIET_TIMEOUT = 0.2, 60
IDLE = 0.1
BACKENDS = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


@dataclass(frozen=True)
class Plan:
    """How much is measured; `seconds` are of one case at one server in one round, after `warm_up` seconds of it."""

    cases: Sequence[Case]
    rounds: int
    seconds: int
    warm_up: int

    def minutes(self, left: int) -> float:
        """How long so many loads take, with the silence after each."""
        return left * (self.seconds + self.warm_up + 3 * LOOK_EVERY) / 60


async def measured(bench: Bench, running: Sequence[Running], plan: Plan) -> Results:
    """What all of them do; who fails in a case has no figure there. Raises Unequal where two answer otherwise."""
    for case in plan.cases:
        await compare(bench, case, running)
    turns = [
        (case, number, each)
        for case in plan.cases
        for number in range(1, plan.rounds + 1)
        for each in running
        if each.target.answers(case.asked)
    ]
    rounds: dict[tuple[str, str], list[Figure]] = {}
    failed: dict[tuple[str, str], str] = {}
    for at, (case, number, each) in enumerate(turns):
        key = (case.key, each.target.key)
        if key in failed:
            continue
        said = f"{case.key}, round {number} of {plan.rounds}: {each.target.name}"
        bench.tell(f"{said} (about {plan.minutes(len(turns) - at):.0f} minutes left)")
        try:
            rounds.setdefault(key, []).append(await _round(bench, each, case, plan))
        except NoLoad as error:
            failed[key] = str(error)
            del rounds[key]
    first = {(case, each.target.key): first for each in running for case, first in each.first.items()}
    return Results(
        medians(rounds),
        {key: each.size for key, each in first.items()},
        {key: each.grown for key, each in first.items()},
        failed,
    )


async def _round(bench: Bench, each: Running, case: Case, plan: Plan) -> Figure:
    if plan.warm_up:
        await _load(each, case, plan.warm_up, empty=True)
        await _quiet(each)
    server, database = usage.seconds(usage.tree(each.served.pid)), await _backends(bench)
    loaded = await _load(each, case, each.seconds(case, plan.seconds))
    server_after, database_after = usage.seconds(usage.tree(each.served.pid)), await _backends(bench)
    await _quiet(each)
    return Figure(
        rate=loaded.requests / loaded.seconds,
        p50=loaded.p50,
        p99=loaded.p99,
        server=usage.spent(server, server_after) / loaded.requests,
        database=usage.spent(database, database_after) / loaded.requests if database_after else None,
    )


async def _load(each: Running, case: Case, seconds: int, *, empty: bool = False) -> Load:
    return await load(
        each.served.address,
        each.asks[case.asked],
        connections=case.connections,
        seconds=seconds,
        length=each.first[case.key].size,
        empty=empty,
    )


async def _quiet(each: Running) -> None:
    """Wait until the server has ended what nobody waits for any more: the next one is to have the machine alone."""
    pids = usage.tree(each.served.pid)
    try:
        async with asyncio.timeout(QUIET_TIMEOUT):
            while True:
                before = usage.seconds(pids)
                await asyncio.sleep(LOOK_EVERY)
                if usage.spent(before, usage.seconds(pids)) <= IDLE * LOOK_EVERY:
                    return
    except TimeoutError:
        raise NoLoad(f"it still worked {QUIET_TIMEOUT} s after the last request") from None


async def _backends(bench: Bench) -> dict[int, float]:
    """The processor time of PostgreSQL's processes that serve this database; empty where they are elsewhere."""
    return usage.seconds(row["pid"] for row in await bench.superuser.fetch(BACKENDS))

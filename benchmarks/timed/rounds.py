"""The run: every server is started, its answers are compared, then it is loaded in turn with the others."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from math import ceil

import asyncpg
import httpx
import orjson

from benchmarks.postgres import Urls
from benchmarks.timed import usage
from benchmarks.timed.answers import Unequal, answer, compared, difference, plain
from benchmarks.timed.ask import Ask
from benchmarks.timed.cases import BY_KEY, Case
from benchmarks.timed.installing import Missing, install
from benchmarks.timed.load import NoLoad, load
from benchmarks.timed.programs import Failed, Served, serving
from benchmarks.timed.results import Figure, Results, medians
from benchmarks.timed.seeded import DEEP, Seeded
from benchmarks.timed.targets import OURS, Target

Tell = Callable[[str], None]
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
        """How long so many loads take."""
        return left * (self.seconds + self.warm_up) / 60


@dataclass
class Running:
    """A server that runs, the requests that it is sent, and how many seconds one of a case took, sent alone."""

    target: Target
    served: Served
    asks: dict[str, list[Ask]] = field(default_factory=dict)
    took: dict[str, float] = field(default_factory=dict)

    def seconds(self, case: Case, at_least: int) -> int:
        """How long a load lasts: as told, or until each connection has had five answers or so."""
        return max(at_least, ceil(5 * case.connections * self.took[case.key]))


@dataclass(frozen=True)
class Bench:
    """One sitting, on a database that is filled."""

    urls: Urls
    peer: str
    seeded: Seeded
    superuser: asyncpg.Connection
    client: httpx.AsyncClient
    tell: Tell

    @asynccontextmanager
    async def started(self, targets: Sequence[Target]) -> AsyncIterator[tuple[list[Running], dict[str, str]]]:
        """All that can be had here, running; and why the others cannot."""
        missing: dict[str, str] = {}
        async with AsyncExitStack() as stack:
            running = []
            for target in targets:
                self.tell(f"starting {target.name}")
                try:
                    await install(target.folder)
                    environment = target.environment(self.urls, self.peer)
                    folder = target.folder if target.key != OURS else None
                    served = await stack.enter_async_context(serving(target.program(), environment, folder))
                except (Missing, Failed) as error:
                    if target.key == OURS:
                        raise
                    missing[target.key] = str(error)
                else:
                    running.append(Running(target, served))
            yield running, missing

    async def results(self, running: Sequence[Running], plan: Plan) -> Results:
        """What all of them do; who fails in a case is not measured there. Raises Unequal where two answer otherwise."""
        sizes: dict[tuple[str, str], int] = {}
        grown: dict[tuple[str, str], int] = {}
        for case in plan.cases:
            await self._compare(case, running, sizes, grown)
        rounds: dict[tuple[str, str], list[Figure]] = {}
        failed: dict[tuple[str, str], str] = {}
        loads = [(case, each) for case in plan.cases for each in running if each.target.answers(case.asked)]
        left = len(loads) * plan.rounds
        for case in plan.cases:
            for number in range(1, plan.rounds + 1):
                for each in running:
                    key = (case.key, each.target.key)
                    if key in failed or not each.target.answers(case.asked):
                        continue
                    said = f"{case.key}, round {number} of {plan.rounds}: {each.target.name}"
                    self.tell(f"{said} (about {plan.minutes(left):.0f} minutes left)")
                    left -= 1
                    try:
                        rounds.setdefault(key, []).append(await self._round(each, case, plan, sizes[key]))
                    except NoLoad as error:
                        failed[key] = str(error)
                        del rounds[key]
        return Results(medians(rounds), sizes, grown, failed)

    async def _compare(
        self,
        case: Case,
        running: Sequence[Running],
        sizes: dict[tuple[str, str], int],
        grown: dict[tuple[str, str], int],
    ) -> None:
        expected: list[object] = []
        for each in running:
            target = each.target
            if not target.answers(case.asked):
                continue
            self.tell(f"{case.key}: comparing what {target.name} answers")
            each.asks[case.asked] = asks = await self._asks(each, case)
            key = (case.key, target.key)
            body, grown[key] = await self._first(each, case, asks[0])
            sizes[key] = len(body)
            bodies = [body, *[await self._answer(each, ask) for ask in compared(asks)[1:]]]
            began = time.monotonic()
            await self._answer(each, asks[0])
            each.took[case.key] = time.monotonic() - began
            found = [plain(target.dialect.read(case.asked, orjson.loads(each))) for each in bodies]
            if shown_devices(found[0]) != case.devices:
                raise Unequal(f"{case.key}: {target.name} shows {shown_devices(found[0])} devices, not {case.devices}")
            expected = expected or found
            said = difference(expected, found)
            if said is not None:
                raise Unequal(f"{case.key}: {target.name} does not answer as the one before it: {said}")

    async def _first(self, each: Running, case: Case, ask: Ask) -> tuple[bytes, int]:
        """A server's first answer to a case, and the growth of its memory at the peak; a reference warms it before."""
        if case.reference is not None:
            await self._answer(each, each.target.dialect.asks[BY_KEY[case.reference].asked](self.seeded, "")[0])
        pids = usage.tree(each.served.pid)
        usage.forget_peak(pids)
        before = usage.resident(pids)
        body = await self._answer(each, ask)
        return body, usage.resident(pids, peak=True) - before

    async def _answer(self, each: Running, ask: Ask) -> bytes:
        try:
            return await answer(self.client, each.served.address, ask.numbered(0))
        except Unequal as error:
            raise Unequal(f"{each.target.name}: {error}") from error

    async def _asks(self, each: Running, case: Case) -> list[Ask]:
        cursor = await self._walked(each) if case.asked == "deep" and each.target.dialect.walk else ""
        return each.target.dialect.asks[case.asked](self.seeded, cursor)

    async def _walked(self, each: Running) -> str:
        """The cursor of the row before the deep page, as a client comes by it."""
        walk, cursor = each.target.dialect.walk, None
        assert walk is not None, "only who has cursors walks"
        for _ in range(DEEP // walk.rows):
            body = orjson.loads(await self._answer(each, walk.ask(self.seeded, cursor)))
            cursor = body["data"]["answer"]["pageInfo"]["endCursor"]
        return str(cursor)

    async def _round(self, each: Running, case: Case, plan: Plan, size: int) -> Figure:
        asks, address = each.asks[case.asked], each.served.address
        if plan.warm_up:
            await load(address, asks, connections=case.connections, seconds=plan.warm_up, length=size, empty=True)
            await self._quiet(each)
        server, database = usage.seconds(usage.tree(each.served.pid)), await self._backends()
        seconds = each.seconds(case, plan.seconds)
        loaded = await load(address, asks, connections=case.connections, seconds=seconds, length=size)
        server_after, database_after = usage.seconds(usage.tree(each.served.pid)), await self._backends()
        await self._quiet(each)
        return Figure(
            rate=loaded.requests / loaded.seconds,
            p50=loaded.p50,
            p99=loaded.p99,
            server=usage.spent(server, server_after) / loaded.requests,
            database=usage.spent(database, database_after) / loaded.requests if database_after else None,
        )

    async def _quiet(self, each: Running) -> None:
        """Wait until the server has ended what nobody waits for any more: the next one is to have the machine alone."""
        pids = usage.tree(each.served.pid)
        async with asyncio.timeout(QUIET_TIMEOUT):
            while True:
                before = usage.seconds(pids)
                await asyncio.sleep(LOOK_EVERY)
                if usage.spent(before, usage.seconds(pids)) <= IDLE * LOOK_EVERY:
                    return

    async def _backends(self) -> dict[int, float]:
        """The processor time of PostgreSQL's processes that serve this database; empty where they are elsewhere."""
        return usage.seconds(row["pid"] for row in await self.superuser.fetch(BACKENDS))


def shown_devices(value: object) -> int:
    """How many things in an answer show a serial."""
    if isinstance(value, dict):
        return ("serial" in value) + sum(shown_devices(each) for each in value.values())
    return sum(shown_devices(each) for each in value) if isinstance(value, list) else 0

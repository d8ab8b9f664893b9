"""Two tenants on one pool at once: a thousand requests, cancelled, late and refused ones among them; none crosses."""

import asyncio
import logging
import random
import re
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from graphql import GraphQLSchema
from sqlalchemy import func, insert, select, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from auth.limits import Limits
from auth.principal import Caller
from auth.scopes import Scope
from models import Device
from models.database import Database
from schema.graph import Graph
from schema.operation import Answer, OperationRequest
from tenantry.databases import Databases
from tests.ask import Outcome, caller_of
from tests.clock import HeldClock
from tests.estate import Estate
from tests.interrupt import CancelledAt, leaves_coroutines, until
from tests.postgres import Urls

READ = frozenset(scope for scope in Scope if scope.endswith(".read"))
REQUESTS = 1000
# What asyncpg leaves behind where a caller is cancelled while its connection is still being made: the future that
# tells of the connection fails when the half-made connection is closed, and nobody is there any more to be told.
CANCELLED_CONNECT = "unexpected connection_lost() call"
CONNECTIONS = 4
CALLERS = 12

QUERIES = {
    "everything": """query { me { tenant { id slug } } tenant { id name slug number
        locations { totalCount nodes { id name code areas { totalCount nodes { id name
          devices { totalCount nodes { id name serial type { id name } parent { id } } } } } } } } }""",
    "a sorted page": """query { devices(first: 5, orderBy: NAME_DESC) {
        totalCount paging { pages } edges { cursor node { id name location { id name tenant { id } } } } } }""",
    "a search": 'query { devices(search: "device") { totalCount nodes { name } } }',
    "own and foreign ids": "query ($own: ID!, $foreign: ID!) { nodes(ids: [$own, $foreign]) { id __typename } }",
    "a foreign id": "query ($foreign: ID!) { node(id: $foreign) { id } }",
    "a foreign parent": """query ($foreignLocation: ID!) {
        devices(filter: {locationId: {eq: $foreignLocation}}) { totalCount nodes { id } } }""",
    "a foreign cursor": """query ($foreignCursor: String!) {
        devices(after: $foreignCursor, orderBy: NAME_ASC) { totalCount nodes { id name } } }""",
    "a refused cursor": """query ($foreignCursor: String!) {
        locations { nodes { id devices { nodes { id } } } } areas(after: $foreignCursor) { totalCount } }""",
}
# How a request may be disturbed.
FATES = ("none", "none", "cancelled at an await", "cancelled with an answer", "cancelled at some time", "a deadline")
UUID = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Side:
    """One tenant: who asks, with what, what is its own, and what each query answers when nothing disturbs it."""

    word: bytes
    caller: Caller
    variables: dict[str, str]
    owned: frozenset[bytes]
    devices: int
    answers: dict[str, Answer]


@dataclass(frozen=True)
class Shared:
    """What both tenants' requests go through: one pool, with fewer connections than callers."""

    database: Database
    schema: GraphQLSchema
    clock: HeldClock

    def graph(self, deadline: float = 10.0) -> Graph:
        """The graph over the pool; `deadline` in seconds."""
        return Graph(self.schema, self.database, self.clock, Limits(), deadline=deadline)


@pytest.fixture
async def shared(urls: Urls, built: GraphQLSchema, clock: HeldClock) -> AsyncIterator[Shared]:
    """A pool of this test's own."""
    database = Database(urls.app, pool_size=CONNECTIONS)
    yield Shared(database, built, clock)
    await database.close()


@pytest.fixture
async def sides(databases: Databases, shared: Shared, acme: Estate, globex: Estate) -> tuple[Side, Side]:
    """Both tenants, with different numbers of devices, whose names tell whose they are."""
    owned = [
        await add_devices(databases, shared.clock, estate, word, count)
        for estate, word, count in ((acme, "acme", 7), (globex, "globex", 12))
    ]
    return (
        await side_of(shared, "acme", acme, globex, owned[0]),
        await side_of(shared, "globex", globex, acme, owned[1]),
    )


@leaves_coroutines
async def test_a_thousand_interleaved_requests_cross_nothing(
    shared: Shared, sides: tuple[Side, Side], caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever becomes of the requests around it, each answer is, byte for byte, the one of a quiet server."""
    graph, *hurried = [shared.graph(deadline) for deadline in (10.0, 0.002, 0.01, 0.05)]
    chance = random.Random(20261122)  # noqa: S311  (the same thousand each time, nothing secret)
    work = iter([(sides[number % 2], chance.choice(list(QUERIES)), chance.choice(FATES)) for number in range(REQUESTS)])
    ended: Counter[tuple[str, str]] = Counter()

    async def call() -> None:
        for side, query, fate in work:
            over = chance.choice(hurried) if fate == "a deadline" else graph
            answer = await disturbed(fate, over.run(request(query, side.variables), side.caller, "r"), chance)
            ended[fate, outcome_of(side, query, answer)] += 1

    await asyncio.gather(*(call() for _ in range(CALLERS)))
    await until(lambda: nobody_inside(shared.database))
    assert ended.total() == REQUESTS
    assert {outcome for _, outcome in ended} == {"as when quiet", "cancelled", "too late"}, ended
    assert {fate for fate, outcome in ended if outcome == "cancelled"} == {fate for fate in FATES if "cancel" in fate}
    assert {fate for fate, outcome in ended if outcome == "too late"} == {"a deadline"}
    said = [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING]
    assert [each for each in said if CANCELLED_CONNECT not in each] == []


async def test_the_answers_that_others_are_compared_with_hold_their_own(sides: tuple[Side, Side]) -> None:
    """Every id is the asker's, every name tells so, every count is the asker's."""
    for side, other in (sides, sides[::-1]):
        bodies = [answer.body for answer in side.answers.values()]
        assert {id_ for body in bodies for id_ in UUID.findall(body)} <= side.owned
        assert not side.owned & other.owned
        assert [body for body in bodies if other.word in body.lower()] == []
        data = {name: Outcome(answer).data for name, answer in side.answers.items()}
        assert data["a sorted page"]["devices"]["totalCount"] == side.devices
        assert data["a foreign cursor"]["devices"]["totalCount"] == side.devices
        assert data["a search"]["devices"]["totalCount"] == side.devices - 1
        assert data["a foreign parent"]["devices"]["totalCount"] == 0
        assert data["a foreign id"] == {"node": None}
        assert [each and each["__typename"] for each in data["own and foreign ids"]["nodes"]] == ["Device", None]
        assert Outcome(side.answers["a refused cursor"]).codes == ["BAD_USER_INPUT"]


@pytest.mark.parametrize("end", ["deadline", "cancelled"])
async def test_a_request_that_ends_early_leaves_nothing_running(
    shared: Shared, urls: Urls, acme: Estate, end: str
) -> None:
    """A statement that waits for a lock stops waiting with its request, in PostgreSQL too, while the lock is held."""
    caller = caller_of(acme.tenant, shared.clock, READ)
    graph = shared.graph(deadline=0.5 if end == "deadline" else 60)
    query = request("{ locations { totalCount } devices { totalCount } areas { totalCount } }", {})
    async with locked(urls, "device"):
        task = asyncio.create_task(graph.run(query, caller, "r"))
        await until(lambda: is_waiting(shared.database, how_many=1))
        if end == "cancelled":
            task.cancel()
        outcomes = await asyncio.gather(task, return_exceptions=True)
        await until(lambda: is_waiting(shared.database, how_many=0))
    assert [type(outcomes[0])] == [Answer if end == "deadline" else asyncio.CancelledError]
    assert not isinstance(outcomes[0], Answer) or Outcome(outcomes[0]).codes == ["TIMEOUT"]
    await until(lambda: nobody_inside(shared.database))


async def disturbed(fate: str, work: Coroutine[Any, Any, Answer], chance: random.Random) -> Answer | None:
    """The answer, or None where the request was cancelled before there was one."""
    if fate in {"cancelled at an await", "cancelled with an answer"}:
        interrupted: Awaitable[Answer | None] = CancelledAt(work, chance.randint(1, 6), late=fate.endswith("answer"))
        return await interrupted
    task = asyncio.create_task(work)
    if fate == "cancelled at some time":
        for _ in range(chance.randint(0, 120)):
            await asyncio.sleep(0)
        task.cancel()
    [outcome] = await asyncio.gather(task, return_exceptions=True)
    if isinstance(outcome, asyncio.CancelledError):
        return None
    assert isinstance(outcome, Answer), outcome
    return outcome


def outcome_of(side: Side, query: str, answer: Answer | None) -> str:
    """How a request ended, in a word where it ended as it may."""
    if answer is None:
        return "cancelled"
    if answer == side.answers[query]:
        return "as when quiet"
    return "too late" if Outcome(answer).codes == ["TIMEOUT"] else f"{query}: {answer}"


def request(query: str, variables: dict[str, str]) -> OperationRequest:
    """One of the queries, or any other, with those of a side's variables that it declares."""
    text_ = QUERIES.get(query, query)
    return OperationRequest(text_, {name: value for name, value in variables.items() if f"${name}:" in text_})


async def side_of(shared: Shared, word: str, own: Estate, other: Estate, owned: frozenset[bytes]) -> Side:
    """A tenant with what it asks for of the other, and its quiet answers."""
    graph = shared.graph()
    caller, stranger = (caller_of(estate.tenant, shared.clock, READ) for estate in (own, other))
    page = request("{ devices(first: 3, orderBy: NAME_ASC) { totalCount pageInfo { endCursor } } }", {})
    cursor = Outcome(await graph.run(page, stranger, "r")).data["devices"]["pageInfo"]["endCursor"]
    variables = {
        "own": own.ids["Device"],
        "foreign": other.ids["Device"],
        "foreignLocation": other.ids["Location"],
        "foreignCursor": cursor,
    }
    answers = {query: await graph.run(request(query, variables), caller, "r") for query in QUERIES}
    devices = Outcome(answers["a sorted page"]).data["devices"]["totalCount"]
    return Side(word.encode(), caller, variables, owned, devices, answers)


async def add_devices(
    databases: Databases, clock: HeldClock, estate: Estate, word: str, count: int
) -> frozenset[bytes]:
    """Devices with the word in their names; the UUIDs of all that the estate has."""
    common = {name: getattr(estate.device, name) for name in ("tenant_id", "type_id", "location_id", "area_id")}
    times = {"created_at": clock.now(), "updated_at": clock.now()}
    rows = [
        {**common, **times, "id": clock.new_id(), "serial": f"{word}-{number}", "name": f"{word} device {number}"}
        for number in range(count)
    ]
    async with databases.app.write(estate.tenant.id) as connection:
        await connection.execute(insert(Device), rows)
    things = [estate.floor.id, *(uuid.UUID(id_.partition("_")[2]) for id_ in estate.ids.values())]
    return frozenset(str(id_).encode() for id_ in [*things, *(row["id"] for row in rows)])


@asynccontextmanager
async def locked(urls: Urls, table: str) -> AsyncIterator[None]:
    """A table that nobody can read meanwhile."""
    engine = create_async_engine(urls.owner, poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.execute(text(f"LOCK TABLE {table}"))
        yield
    await engine.dispose()


async def is_waiting(watcher: Database, *, how_many: int) -> bool:
    """Whether so many sessions of the watcher's role wait for a lock here."""
    waiting = "datname = current_database() AND usename = current_user AND wait_event_type = 'Lock'"
    async with watcher.read(None) as connection:
        found = await connection.execute(text(f"SELECT count(*) FROM pg_stat_activity WHERE {waiting}"))  # noqa: S608
        return bool(found.scalar_one() == how_many)


async def nobody_inside(database: Database) -> bool:
    """Whether every connection is back, and each, taken as it is, shows no rows."""
    if database.in_use:
        return False
    async with AsyncExitStack() as stack:
        for _ in range(CONNECTIONS):
            taken = await stack.enter_async_context(database._pool.begun("SELECT 1"))
            assert (await taken.connection.execute(select(func.count(Device.id)))).scalar_one() == 0
    return True

"""Behind a transaction pooler (PgBouncer), where each transaction may have another connection to PostgreSQL."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import orjson
import pytest
from graphql import GraphQLSchema
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from auth.limits import Limits
from integrations.redis_wakes import RedisWakes
from models import Device
from models.clock import SystemClock
from models.database import Database
from resolvers.following.feeds import Feeds
from schema.graph import Graph
from schema.operation import OperationRequest
from tenantry.check import check_database
from tenantry.databases import Addresses, Databases, pools
from tenantry.pooling import loses_statements
from tenantry.settings import Settings
from tests.ask import Outcome, caller_of
from tests.changing import EVERYTHING, document
from tests.clock import HeldClock
from tests.estate import Estate, make_estate
from tests.following import HeldStanding, following
from tests.http import token_of
from tests.interrupt import leaves_coroutines, until
from tests.pgbouncer import FOLLOWS, Pooler, pooler, version
from tests.postgres import Urls
from tests.redis_server import redis_server
from tests.serving import serving
from tests.test_following_servers import create, data, stream
from tests.test_interleaving import (
    CALLERS,
    CONNECTIONS,
    FATES,
    QUERIES,
    Shared,
    Side,
    add_devices,
    disturbed,
    nobody_inside,
    outcome_of,
    request,
    side_of,
)

PID = text("SELECT pg_backend_pid()")
TENANT = text("SELECT current_setting('app.tenant_id', true)")
COUNT = select(func.count(Device.id))
# Statements that PostgreSQL would not parse again.
NAMED = text("SELECT count(*) FROM pg_prepared_statements")
REQUESTS = 300


@asynccontextmanager
async def opened(url: str, *, names: bool, size: int = 1) -> AsyncIterator[Database]:
    """A pool, with named statements or without."""
    database = Database(url, pool_size=size, prepared_statements=names)
    try:
        yield database
    finally:
        await database.close()


@pytest.fixture
async def single(urls: Urls) -> AsyncIterator[Pooler]:
    """A pooler with one connection for each role, which knows of no named statement."""
    async with pooler(urls, connections=1) as made:
        yield made


@pytest.fixture
async def narrow(urls: Urls) -> AsyncIterator[Pooler]:
    """The same with two."""
    async with pooler(urls, connections=2) as made:
        yield made


async def count_as(database: Database, estate: Estate | None) -> tuple[int, int]:
    """The connection to PostgreSQL that a reader gets, and how many devices it sees."""
    async with database.read(None if estate is None else estate.tenant.id) as connection:
        return (await connection.execute(PID)).scalar_one(), (await connection.execute(COUNT)).scalar_one()


@pytest.mark.parametrize("names", [True, False], ids=["named", "unnamed"])
async def test_named_statements_do_not_pass_a_pooler_that_does_not_know_of_them(
    single: Pooler, databases: Databases, acme: Estate, *, names: bool
) -> None:
    """Why there is a setting: at another connection to PostgreSQL, which is any time, nobody prepared them."""
    async with opened(single.urls.app, names=names) as database:
        pid, seen = await count_as(database, acme)
        await end(databases.app, pid)
        if names:
            with pytest.raises((DBAPIError, asyncpg.PostgresError), match=r"prepared statement .* does not exist"):
                await count_as(database, acme)
        else:
            other, again = await count_as(database, acme)
            assert (other != pid, again) == (True, seen)


async def test_the_tenant_ends_with_its_transaction_for_every_client(
    single: Pooler, acme: Estate, globex: Estate
) -> None:
    """Whoever gets the connection next, and names no tenant, sees no rows: after an end, a fault or a cancellation."""
    async with opened(single.urls.app, names=False) as one, opened(single.urls.app, names=False) as other:
        pid, seen = await count_as(one, acme)
        assert seen == 1
        for disturb in (finish, fail, leave):
            await disturb(one, globex)
            async with other.read(None) as connection:
                # What was cancelled in the middle, PgBouncer gives to nobody.
                assert ((await connection.execute(PID)).scalar_one() == pid) == (disturb is not leave)
                assert (await connection.execute(TENANT)).scalar_one() in {None, ""}
                assert (await connection.execute(COUNT)).scalar_one() == 0
            async with opened(single.urls.app, names=False) as fresh, fresh.engine.connect() as connection:
                assert (await connection.execute(COUNT)).scalar_one() == 0


@pytest.mark.parametrize("names", [True, False], ids=["named", "unnamed"])
async def test_a_server_does_not_start_where_statements_are_lost(narrow: Pooler, *, names: bool) -> None:
    """Whatever can be wrong is found at start-up, with the setting that mends it."""
    async with (
        opened(narrow.urls.app, names=names, size=2) as app,
        opened(narrow.urls.platform, names=names, size=2) as other,
    ):
        findings = await check_database(Databases(app, other, None))
    faults = [fault for finding in findings for fault in finding.faults]
    assert len(faults) == (2 if names else 0), faults
    assert all("set DATABASE_PREPARED_STATEMENTS=off" in fault for fault in faults)


async def end(watcher: Database, pid: int) -> None:
    """End a session of PostgreSQL, and wait until it is gone."""
    async with watcher.write(None) as connection:
        await connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})

    async def gone() -> bool:
        async with watcher.read(None) as connection:
            there = await connection.execute(
                text("SELECT count(*) FROM pg_stat_activity WHERE pid = :pid"), {"pid": pid}
            )
            return bool(there.scalar_one() == 0)

    await until(gone)


async def finish(database: Database, estate: Estate) -> None:
    """A transaction that ends well."""
    async with database.write(estate.tenant.id) as connection:
        await connection.execute(COUNT)


async def fail(database: Database, estate: Estate) -> None:
    """One whose statement fails."""
    with pytest.raises(DBAPIError):
        async with database.write(estate.tenant.id) as connection:
            await connection.execute(text("SELECT 1 / 0"))


async def leave(database: Database, estate: Estate) -> None:
    """One whose caller goes in the middle of a statement."""
    asking = asyncio.Event()

    async def wait() -> None:
        async with database.write(estate.tenant.id) as connection:
            asking.set()
            await connection.execute(text("SELECT pg_sleep(60)"))

    task = asyncio.create_task(wait())
    await asking.wait()
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def both_through(
    through: Pooler, databases: Databases, built: GraphQLSchema, clock: HeldClock, *, names: bool
) -> AsyncIterator[tuple[Shared, tuple[Side, Side]]]:
    """Two tenants, with different numbers of devices, and the pool that they share."""
    estates = [await make_estate(databases, clock, word) for word in ("acme", "globex")]
    owned = [
        await add_devices(databases, clock, estate, estate.tenant.name.lower(), count)
        for estate, count in zip(estates, (7, 12), strict=True)
    ]
    acme, globex = estates
    async with opened(through.urls.app, names=names, size=CONNECTIONS) as database:
        shared = Shared(database, built, clock)
        yield (
            shared,
            (
                await side_of(shared, "acme", acme, globex, owned[0]),
                await side_of(shared, "globex", globex, acme, owned[1]),
            ),
        )


async def interleaved(shared: Shared, sides: tuple[Side, Side]) -> Counter[tuple[str, str]]:
    """How requests of both end, cancelled, late and refused ones among them, each by its fate."""
    graph, *hurried = [shared.graph(deadline) for deadline in (10.0, 0.002, 0.01, 0.05)]
    chance = random.Random(20261207)  # noqa: S311  (the same each time, nothing secret)
    work = iter([(sides[number % 2], chance.choice(list(QUERIES)), chance.choice(FATES)) for number in range(REQUESTS)])
    ended: Counter[tuple[str, str]] = Counter()

    async def call() -> None:
        for side, query, fate in work:
            over = chance.choice(hurried) if fate == "a deadline" else graph
            answer = await disturbed(fate, over.run(request(query, side.variables), side.caller, "r"), chance)
            ended[fate, outcome_of(side, query, answer)] += 1

    await asyncio.gather(*(call() for _ in range(CALLERS)))
    await until(lambda: nobody_inside(shared.database))
    return ended


@leaves_coroutines
async def test_interleaved_tenants_cross_nothing(
    narrow: Pooler, databases: Databases, built: GraphQLSchema, clock: HeldClock
) -> None:
    """Twelve callers share two connections to PostgreSQL; each answer is, byte for byte, the one of a quiet server."""
    async with both_through(narrow, databases, built, clock, names=False) as (shared, sides):
        ended = await interleaved(shared, sides)
    assert ended.total() == REQUESTS
    assert {outcome for _, outcome in ended} == {"as when quiet", "cancelled", "too late"}, ended


@leaves_coroutines
async def test_a_pooler_that_follows_named_statements_needs_no_setting(
    urls: Urls, databases: Databases, built: GraphQLSchema, clock: HeldClock
) -> None:
    """Since 1.21, where `max_prepared_statements` is not 0."""
    if version() < FOLLOWS:
        pytest.skip(f"PgBouncer {'.'.join(map(str, version()))} follows no named statement; 1.21 and newer do")
    async with (
        pooler(urls, connections=2, follows=200) as follower,
        both_through(follower, databases, built, clock, names=True) as (shared, sides),
    ):
        assert not await loses_statements(shared.database)
        ended = await interleaved(shared, sides)
    assert {outcome for _, outcome in ended} == {"as when quiet", "cancelled", "too late"}, ended


async def test_what_is_changed_is_told_by_redis(
    narrow: Pooler,
    built: GraphQLSchema,
    clock: HeldClock,
    acme: Estate,
    tmp_path: Path,
) -> None:
    """A mutation and a subscription through the pooler, which would swallow a NOTIFY."""
    async with redis_server(tmp_path) as redis, opened(narrow.urls.app, names=False, size=CONNECTIONS) as database:
        feeds = Feeds(database, RedisWakes(redis), look_every=60)
        running = asyncio.create_task(feeds.run())
        graph = Graph(built, database, clock, Limits(), feeds=feeds)
        caller = caller_of(acme.tenant, clock, frozenset(EVERYTHING))
        given = {"place": {"locationId": acme.ids["Location"]}, "code": "pooled", "name": "Pooled", "kind": "ROOM"}
        async with following(graph, HeldStanding(caller)) as reader:
            asked = OperationRequest(document("createArea"), {"in": given})
            made = Outcome(await graph.run(asked, caller, "r")).data["createArea"]
            event = await reader.event()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert (made["name"], event["kind"], event["thingId"]) == ("Pooled", "CREATED", made["id"])


@pytest.mark.slow
async def test_servers_run_behind_it(narrow: Pooler, databases: Databases, acme: Estate, tmp_path: Path) -> None:
    """Two of them, set up as docs/deployment.md says: a change at one is told at the other at once."""
    token = await token_of(databases, SystemClock(), acme, *EVERYTHING)
    async with redis_server(tmp_path) as redis:
        settings = {"DATABASE_PREPARED_STATEMENTS": "off", "TENANTRY_REDIS_URL": redis}
        async with (
            serving(narrow.urls, **settings) as one,
            serving(narrow.urls, **settings) as other,
            stream(other, token) as lines,
        ):
            made = await create(one, token, acme)
            async with asyncio.timeout(2):
                told = orjson.loads(await data(lines))
    assert told == {"data": {"estateChanged": {"number": "1", "thingId": made}}}


@pytest.mark.parametrize("setting", ["on", "off"])
async def test_statements_are_parsed_once_unless_the_setting_says_otherwise(
    urls: Urls, built: GraphQLSchema, clock: HeldClock, acme: Estate, setting: str
) -> None:
    """PostgreSQL knows them by name for as long as the connection lives, and no more of them after the same query."""
    environ = {"DATABASE_URL": urls.app, "DATABASE_PLATFORM_URL": urls.platform, "TENANTRY_POOL_SIZE": "1"}
    settings = Settings.from_environment(environ | {"DATABASE_PREPARED_STATEMENTS": setting})
    databases = pools(Addresses(urls.app, urls.platform, None), settings)
    caller = caller_of(acme.tenant, clock, frozenset(EVERYTHING))
    graph = Graph(built, databases.app, clock, Limits())
    known = []
    for _ in range(3):
        assert Outcome(await graph.run(request("everything", {}), caller, "r")).errors == []
        async with databases.app.read(None) as connection:
            known.append((await connection.execute(NAMED)).scalar_one())
    await databases.close()
    assert known[1] == known[2]
    # The one that counts is one of them.
    assert (known[2] > 1, known[2] == 0) == (setting == "on", setting == "off"), known

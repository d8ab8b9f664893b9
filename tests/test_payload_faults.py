"""A change whose answer is read in its own transaction: whatever ends it on the way, it is whole or absent."""

import asyncio
import itertools
from collections.abc import AsyncIterator

import pytest
from graphql import GraphQLSchema

from auth.limits import Limits
from models import AuditAction
from models.database import Database
from schema.graph import Graph
from schema.operation import OperationRequest
from tenantry.databases import Databases
from tests.ask import Outcome, caller_of
from tests.auditing import recorded
from tests.changing import EVERYTHING, events
from tests.clock import HeldClock
from tests.estate import Estate
from tests.interrupt import CancelledAt, leaves_coroutines, until
from tests.postgres import Urls
from tests.sql import statements, value_of
from tests.test_database import assert_clean, kill
from tests.test_interleaving import is_waiting, locked
from tests.test_value import WAITING

RENAME = """mutation ($in: UpdateDeviceInput!) { updateDevice(input: $in) {
  ... on Device { name version type { name } location { devices { nodes { name version } } } } } }"""
DEVICE = "SELECT name || ' ' || version FROM device"


@pytest.fixture
async def single(urls: Urls) -> AsyncIterator[Database]:
    """A pool of one connection: whoever comes next gets the one that was just used."""
    database = Database(urls.app, pool_size=1)
    yield database
    await database.close()


@pytest.fixture
def renaming(built: GraphQLSchema, single: Database, clock: HeldClock) -> Graph:
    """The graph over it."""
    return Graph(built, single, clock, Limits())


def renamed(acme: Estate, name: str) -> OperationRequest:
    """A change whose answer follows edges."""
    return OperationRequest(RENAME, {"in": {"id": acme.ids["Device"], "name": name}})


async def whole(databases: Databases, acme: Estate) -> str:
    """The device as it is, which its events and records agree with."""
    found = await value_of(databases.app, acme.tenant.id, DEVICE) or ""
    version = int(found.rpartition(" ")[2])
    assert [event["entity_version"] for event in await events(databases, acme)] == [*range(2, version + 1)]
    assert len(await recorded(databases, acme.tenant.id, AuditAction.DEVICE_UPDATED)) == version - 1
    return found


@leaves_coroutines
@pytest.mark.parametrize("late", [False, True], ids=["waiting", "answered"])
async def test_cancelled_at_any_await_it_is_whole_or_absent(
    *, renaming: Graph, single: Database, databases: Databases, clock: HeldClock, acme: Estate, late: bool
) -> None:
    """The row, its event and its record; the next one finds the connection clean, and no lock."""
    caller = caller_of(acme.tenant, clock, frozenset(EVERYTHING))
    before = await whole(databases, acme)
    outcomes = set()
    for suspension in itertools.count(1):
        work = CancelledAt(renaming.run(renamed(acme, f"n{suspension}"), caller, "r"), suspension, late=late)
        await work
        await assert_clean(single)
        after = await whole(databases, acme)
        assert after == before or after.startswith(f"n{suspension} ")
        outcomes.add(after == before)
        before = after
        if not work.reached:
            break
    assert suspension > 8
    assert outcomes == {True, False}


async def test_a_connection_cut_while_the_answer_is_read_undoes_the_change(
    *, renaming: Graph, databases: Databases, urls: Urls, clock: HeldClock, acme: Estate
) -> None:
    """It is told as an outage; whoever sends it again changes the device once."""
    caller = caller_of(acme.tenant, clock, frozenset(EVERYTHING))
    before = await whole(databases, acme)
    async with locked(urls, "device_type"):
        asking = asyncio.create_task(renaming.run(renamed(acme, "cut"), caller, "r"))
        await until(lambda: is_waiting(databases.app, how_many=1))
        await kill(databases.app, await value_of(databases.app, acme.tenant.id, WAITING, []))
        cut = Outcome(await asking)
    assert (cut.status, cut.codes) == (503, ["UNAVAILABLE"])
    assert await whole(databases, acme) == before
    with statements() as sent:
        again = Outcome(await renaming.run(renamed(acme, "again"), caller, "r"))
    assert again.data["updateDevice"]["location"]["devices"]["nodes"] == [{"name": "again", "version": 2}]
    assert [each for each in sent if "string_agg" in each]
    assert await whole(databases, acme) == "again 2"


async def test_a_caller_that_leaves_while_the_answer_is_read_undoes_the_change(
    *, renaming: Graph, single: Database, databases: Databases, urls: Urls, clock: HeldClock, acme: Estate
) -> None:
    """Its statement is stopped in PostgreSQL while the lock that it waits for is held."""
    caller = caller_of(acme.tenant, clock, frozenset(EVERYTHING))
    before = await whole(databases, acme)
    async with locked(urls, "device_type"):
        asking = asyncio.create_task(renaming.run(renamed(acme, "left"), caller, "r"))
        await until(lambda: is_waiting(databases.app, how_many=1))
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await until(lambda: is_waiting(databases.app, how_many=0))
    assert await whole(databases, acme) == before
    await assert_clean(single)

"""Statements that the driver runs: the transaction's tenant decides, and values are those that SQLAlchemy has."""

import asyncio
from functools import partial
from typing import Any

import pytest
from sqlalchemy import literal, select

from loaders.entities import DEVICE, ENTITIES, LOCATION, TENANT, Entity
from loaders.window import Row
from models.database import Database
from models.statement import Statement
from resolvers.auditing.checking import check
from resolvers.context import Context
from resolvers.following.feeds import Feeds
from resolvers.following.postgres import PostgresWakes
from resolvers.writing.change import Change, locking, perform
from resolvers.writing.update import writing
from tenantry.databases import Databases
from tests.ask import Ask, caller_of
from tests.changing import EVERYTHING, changed, events
from tests.clock import HeldClock
from tests.estate import Estate
from tests.interrupt import until

WRITERS = 8
OWN = [entity for entity in ENTITIES if entity is not TENANT]


@pytest.mark.parametrize("entity", OWN, ids=lambda entity: entity.name)
async def test_a_neighbours_row_is_neither_found_nor_written(
    databases: Databases, clock: HeldClock, acme: Estate, globex: Estate, entity: Entity
) -> None:
    """Whichever tenant a statement is given by mistake: the transaction's decides."""
    table, theirs = entity.sql, getattr(globex, entity.noun)
    async with databases.app.write(acme.tenant.id) as connection:
        for tenant in (acme.tenant.id, globex.tenant.id):
            assert await locking(table, share=False).rows(connection, tenant=tenant, ids=[theirs.id]) == []
            given = {"tenant": tenant, "row_id": theirs.id, "now": clock.now(), "new_name": "Ours"}
            assert await writing(table, ("name",)).rows(connection, **given) == []
    assert await name_of(databases.app, globex, entity) == theirs.name


@pytest.mark.parametrize("entity", OWN, ids=lambda entity: entity.name)
async def test_values_are_read_as_by_sqlalchemy(databases: Databases, acme: Estate, entity: Entity) -> None:
    """Of every column of every table that is written so: numbers, moments, lists and JSON too."""
    table, row_id = entity.sql, getattr(acme, entity.noun).id
    async with databases.app.write(acme.tenant.id) as connection:
        [read] = (await connection.execute(select(table).where(table.c.id == row_id))).mappings()
        [found] = await locking(table, share=True).rows(connection, tenant=acme.tenant.id, ids=[row_id])
    assert found == dict(read)
    assert {name: type(value) for name, value in found.items()} == {name: type(read[name]) for name in found}


async def test_a_value_that_is_bound_already_stays(databases: Databases) -> None:
    """What no call differs in is no argument of it."""
    async with databases.app.read(None) as connection:
        assert await Statement(select(literal(7).label("seven"))).rows(connection) == [{"seven": 7}]


async def test_eight_who_change_at_once_keep_the_feed_and_the_chain(
    ask: Ask, databases: Databases, acme: Estate
) -> None:
    """From the first event and the first record on: each takes the feed's head, then the audit's, by one statement."""

    async def write(writer: int) -> None:
        for turn in range(10):
            await changed(ask, acme, "updateDevice", id=acme.ids["Device"], name=f"{writer}-{turn}")
            await changed(ask, acme, "updateLocation", id=acme.ids["Location"], name=f"{writer}-{turn}")

    await asyncio.gather(*(write(writer) for writer in range(WRITERS)))
    count = 2 * 10 * WRITERS
    assert [event["number"] for event in await events(databases, acme)] == list(range(1, count + 1))
    verdict = await check(databases.app, acme.tenant.id)
    assert (verdict.ok, verdict.first, verdict.last, verdict.records) == (True, 1, count, count)


async def test_two_changes_that_wait_for_each_other_are_both_made(
    databases: Databases, clock: HeldClock, acme: Estate
) -> None:
    """PostgreSQL ends one of the two; that one is run again."""
    feeds, caller = (
        Feeds(databases.app, PostgresWakes(databases.app)),
        caller_of(acme.tenant, clock, frozenset(EVERYTHING)),
    )
    begun: list[str] = []

    async def work(change: Change, first: Entity, second: Entity) -> Row:
        for entity in (first, second):
            row_id = getattr(acme, entity.noun).id
            given: dict[str, Any] = {"row_id": row_id, "now": clock.now(), "new_name": f"{first.name} first"}
            await change.run(writing(entity.sql, ("name",)), **given)
            begun.append(first.name)
            await until(lambda: both(begun))
        return {}

    async def make(first: Entity, second: Entity) -> None:
        async with Context(databases.app, caller, clock, "a-request", feeds) as context:
            await perform(context, "both", {}, None, partial(work, first=first, second=second))

    await asyncio.gather(make(DEVICE, LOCATION), make(LOCATION, DEVICE))
    assert len(begun) == 2 * 2 + 1
    assert await name_of(databases.app, acme, DEVICE) == await name_of(databases.app, acme, LOCATION)


async def both(begun: list[str]) -> bool:
    """Whether both hold what they took first."""
    return len(set(begun)) > 1


async def name_of(database: Database, estate: Estate, entity: Entity) -> str:
    """What the estate's thing of this kind is called."""
    table = entity.sql
    async with database.read(estate.tenant.id) as connection:
        name = select(table.c.name).where(table.c.id == getattr(estate, entity.noun).id)
        return str(await connection.scalar(name))

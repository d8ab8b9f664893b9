"""The feed's numbers: without gaps, in the order of the commits, and each tenant's its own."""

import asyncio

from sqlalchemy import select

from models import Event, EventHead
from tenantry.databases import Databases
from tests.ask import Ask
from tests.changing import change, changed, create_area, events
from tests.estate import Estate

WRITERS = 8


async def test_a_reader_never_sees_a_smaller_number_appear(ask: Ask, databases: Databases, acme: Estate) -> None:
    """While eight write, every snapshot holds the numbers from 1 on without a gap, and more than the one before."""

    async def write(writer: int) -> None:
        for turn in range(6):
            made = await create_area(ask, acme, f"{writer}-{turn}")
            await change(ask, acme, "createArea", code="hq", name="", kind="ROOM", place={"parentId": made["id"]})
            await changed(ask, acme, "deleteArea", id=made["id"])

    writing = asyncio.gather(*(write(writer) for writer in range(WRITERS)))
    snapshots: list[list[int]] = []
    while not writing.done():
        async with databases.app.read(acme.tenant.id) as connection:
            snapshots.append(list(await connection.scalars(select(Event.number).order_by(Event.number))))
    await writing
    told = await events(databases, acme)
    assert [event["number"] for event in told] == list(range(1, WRITERS * 6 * 2 + 1))
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in snapshots)
    assert [len(numbers) for numbers in snapshots] == sorted(len(numbers) for numbers in snapshots)
    assert len({len(numbers) for numbers in snapshots}) > 2


async def test_two_tenants_do_not_wait_for_each_other(
    ask: Ask, databases: Databases, acme: Estate, globex: Estate
) -> None:
    """A feed whose head is held keeps its own tenant's writers waiting, and nobody else."""
    for estate in (acme, globex):
        await create_area(ask, estate, "first")
    async with databases.app.write(acme.tenant.id) as connection:
        await connection.execute(
            select(EventHead.number).where(EventHead.tenant_id == acme.tenant.id).with_for_update()
        )
        waiting = asyncio.create_task(create_area(ask, acme, "second"))
        async with asyncio.timeout(5):
            await asyncio.gather(*(create_area(ask, globex, f"area-{number}") for number in range(6)))
        assert not waiting.done()
    await waiting
    assert [event["number"] for event in await events(databases, acme)] == [1, 2]
    assert [event["number"] for event in await events(databases, globex)] == list(range(1, 8))

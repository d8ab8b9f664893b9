"""An import that is stopped at any point leaves nothing behind, and two at once take turns."""

import asyncio
import uuid
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from models.clock import SystemClock
from resolvers.tenants import create_tenant
from tenantry.databases import Databases
from tests.clock import HeldClock
from tests.import_command import import_command
from tests.importing import NOTHING, Importer
from tests.look_alike import LookAlike
from tests.postgres import Urls

CAMPUS = LookAlike()
STEPS = [
    "locations.csv", "areas.csv", "devices.csv", "checking",
    "writing locations", "writing areas", "writing device types", "writing devices",
]  # fmt: skip
# What a dead connection is called depends on who notices first.
CUT = (DBAPIError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
HANG_UP = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE usename = current_user AND datname = current_database() AND state = 'idle in transaction'"
)


@pytest.fixture
def importer(databases: Databases, clock: HeldClock) -> Importer:
    """Imports into a tenant that has nothing."""
    return Importer(databases, clock, clock.new_id())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two small buildings, as untidy as real ones."""
    return CAMPUS.write(tmp_path / "campus")


@pytest.mark.parametrize("step", STEPS)
async def test_a_cancelled_import_leaves_nothing(importer: Importer, folder: Path, step: str) -> None:
    """Ctrl-C cancels whatever is awaited next; the next import starts afresh on the same connections."""
    task: asyncio.Task[object]

    def cancel_at_step(reached: str, _done: int) -> None:
        if reached == step:
            task.cancel()

    task = asyncio.ensure_future(importer.run(folder, progress=cancel_at_step))
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await importer.everything() == NOTHING
    outcome, _ = await importer.run(folder)
    assert outcome.changes is not None


async def test_a_connection_that_is_cut_before_the_commit_leaves_nothing(
    importer: Importer, databases: Databases, folder: Path
) -> None:
    """The database ends the transaction, as it does when it is restarted."""

    async def cut() -> None:
        async with databases.app.write(None) as connection:
            await connection.execute(HANG_UP)

    with pytest.raises(CUT):
        await importer.run(folder, before_commit=cut)
    assert await importer.everything() == NOTHING


async def test_two_imports_at_once_take_turns(importer: Importer, folder: Path) -> None:
    """The second waits for the first, and finds that there is nothing left to do."""
    outcomes = await asyncio.gather(importer.run(folder), importer.run(folder))
    made = [outcome.changes["devices"].created for outcome, _ in outcomes if outcome.changes is not None]
    assert sorted(made) == [0, CAMPUS.devices]


@pytest.mark.parametrize("step", ["devices.csv", "checking", "writing areas"])
async def test_a_killed_import_leaves_nothing(
    databases: Databases, urls: Urls, clock: HeldClock, folder: Path, step: str
) -> None:
    """Kill -9 once the command has said that a step is done: the tenant is as empty as before."""
    slug = f"killed-{uuid.uuid4().hex}"
    tenant = await create_tenant(databases.platform, SystemClock(), slug, "Killed")
    process = import_command(urls, folder, "--tenant", slug)
    for line in process.stderr or ():
        if line.startswith(step):
            process.kill()
            break
    process.communicate()
    assert process.returncode == -9
    assert await Importer(databases, clock, tenant["id"]).everything() == NOTHING

"""Purging: what is old enough goes for good, with everything that went with it, and nothing else does."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import insert, select, update
from typer.testing import CliRunner, Result

from auth.scopes import Scope
from models import Deletion, Device, Replay, Token
from resolvers.purge import Purged, purge
from resolvers.tokens import create_token, list_tokens
from tenantry.cli import app
from tenantry.databases import Databases
from tests.ask import Ask
from tests.changing import EVERYTHING, change, changed, create_area, document, everything
from tests.clock import HeldClock
from tests.estate import Estate
from tests.postgres import Urls
from tests.principals import bind, everybody, make_principals

MONTH = timedelta(days=30)
NOTHING = {
    **dict.fromkeys(("device", "area", "location", "device_type", "organization"), 0),
    "deletion": 0,
    "replay": 0,
}
Purge = Callable[..., Result]


async def remaining(databases: Databases, estate: Estate) -> dict[str, int]:
    """The number of rows that the tenant has, in all tables but the feed."""
    rows = await everything(databases, estate)
    return {name: len(found) for name, found in rows.items() if name != "event"}


async def test_a_set_that_is_too_young_stays(ask: Ask, databases: Databases, acme: Estate, clock: HeldClock) -> None:
    """Until the very moment it can be restored."""
    await changed(ask, acme, "deleteLocation", id=acme.ids["Location"], cascade=True)
    clock.advance(MONTH - timedelta(microseconds=1))
    before = await everything(databases, acme)
    assert await purge(databases.app, clock, acme.tenant.id, MONTH) == Purged(NOTHING, ())
    assert await everything(databases, acme) == before
    await changed(ask, acme, "restoreLocation", id=acme.ids["Location"])


async def test_a_neighbours_set_stays(
    ask: Ask, databases: Databases, acme: Estate, globex: Estate, clock: HeldClock
) -> None:
    """However old it is."""
    for estate in (acme, globex):
        await changed(ask, estate, "deleteLocation", id=estate.ids["Location"], cascade=True)
    clock.advance(MONTH)
    before = await everything(databases, globex)
    await purge(databases.app, clock, acme.tenant.id, MONTH)
    assert await everything(databases, globex) == before
    await changed(ask, globex, "restoreLocation", id=globex.ids["Location"])


async def test_what_lives_stays(databases: Databases, acme: Estate, clock: HeldClock) -> None:
    """Whatever its age."""
    before = await everything(databases, acme)
    clock.advance(100 * MONTH)
    assert await purge(databases.app, clock, acme.tenant.id, timedelta()) == Purged(NOTHING, ())
    assert await everything(databases, acme) == before


async def test_a_dry_run_counts_and_changes_nothing(
    ask: Ask, databases: Databases, acme: Estate, clock: HeldClock
) -> None:
    """It tells the same as the purge that follows."""
    await changed(ask, acme, "deleteOrganization", id=acme.ids["Organization"], cascade=True)
    clock.advance(MONTH)
    before = await everything(databases, acme)
    told = await purge(databases.app, clock, acme.tenant.id, MONTH, dry_run=True)
    assert await everything(databases, acme) == before
    assert told == await purge(databases.app, clock, acme.tenant.id, MONTH)


async def test_a_set_goes_whole_and_for_good(ask: Ask, databases: Databases, acme: Estate, clock: HeldClock) -> None:
    """A tree of areas and a device in it; restoring any of it is NotFound, and the rest of the estate stands."""
    await changed(ask, acme, "deleteLocation", id=acme.ids["Location"], cascade=True)
    clock.advance(MONTH)
    purged = await purge(databases.app, clock, acme.tenant.id, MONTH)
    assert purged == Purged({**NOTHING, "device": 1, "area": 2, "location": 1, "deletion": 1}, ())
    for noun in ("Location", "Area", "Device"):
        assert (await change(ask, acme, f"restore{noun}", id=acme.ids[noun]))["__typename"] == "NotFound"
    left = {"location": 0, "area": 0, "device": 0, "deletion": 0, "organization": 1, "device_type": 1, "tenant": 1}
    assert await remaining(databases, acme) == left


async def test_the_older_of_two_sets_goes_first(ask: Ask, databases: Databases, acme: Estate, clock: HeldClock) -> None:
    """A device goes before the building that it stood in, which can still come back."""
    await changed(ask, acme, "deleteDevice", id=acme.ids["Device"])
    clock.advance(MONTH)
    await changed(ask, acme, "deleteLocation", id=acme.ids["Location"], cascade=True)
    purged = await purge(databases.app, clock, acme.tenant.id, MONTH)
    assert purged == Purged({**NOTHING, "device": 1, "deletion": 1}, ())
    await changed(ask, acme, "restoreLocation", id=acme.ids["Location"])


async def test_sets_that_refer_to_one_another_go_at_once(
    ask: Ask, databases: Databases, acme: Estate, clock: HeldClock
) -> None:
    """A device, its area, its building and its type, each deleted by itself."""
    inner = await create_area(ask, acme, "inner", acme.ids["Area"])
    for noun, id_ in (("Device", None), ("Area", inner["id"]), ("Location", None), ("DeviceType", None)):
        await changed(ask, acme, f"delete{noun}", id=id_ or acme.ids[noun], cascade=True)
    clock.advance(MONTH)
    purged = await purge(databases.app, clock, acme.tenant.id, MONTH)
    gone = {"device": 1, "area": 3, "location": 1, "device_type": 1, "deletion": 4}
    assert purged == Purged({**NOTHING, **gone}, ())


async def test_a_set_that_a_younger_one_refers_to_is_held_back(
    ask: Ask, databases: Databases, acme: Estate, clock: HeldClock
) -> None:
    """As where two servers' clocks differ; so is what the set itself refers to; both go with the younger one."""
    for noun in ("Device", "Location", "Organization"):
        await changed(ask, acme, f"delete{noun}", id=acme.ids[noun], cascade=True)
    clock.advance(MONTH)
    async with databases.app.write(acme.tenant.id) as connection:
        younger = update(Deletion).where(Deletion.entity == "Device").values(at=clock.now())
        await connection.execute(younger)
    before = await everything(databases, acme)
    held_back = (acme.ids["Location"], acme.ids["Organization"])
    assert await purge(databases.app, clock, acme.tenant.id, MONTH) == Purged(NOTHING, held_back)
    assert await everything(databases, acme) == before
    clock.advance(MONTH)
    purged = await purge(databases.app, clock, acme.tenant.id, MONTH)
    assert (purged.rows["deletion"], purged.held_back) == (3, ())


async def test_a_set_that_is_being_restored_is_left_alone(
    ask: Ask, databases: Databases, acme: Estate, clock: HeldClock
) -> None:
    """The purge does not wait for the restore, and takes nothing of it."""
    await changed(ask, acme, "deleteDevice", id=acme.ids["Device"])
    clock.advance(MONTH)
    async with databases.app.write(acme.tenant.id) as restoring:
        await restoring.execute(select(Device.id).where(Device.id == acme.device.id).with_for_update())
        assert await purge(databases.app, clock, acme.tenant.id, MONTH) == Purged(NOTHING, ())
    await changed(ask, acme, "restoreDevice", id=acme.ids["Device"])


async def test_first_answers_go_after_a_day(ask: Ask, databases: Databases, acme: Estate, clock: HeldClock) -> None:
    """Not before: a younger one still answers."""
    given = {"code": "x", "name": "X", "kind": "ROOM", "place": {"locationId": acme.ids["Location"]}}
    await ask(acme, document("createArea"), *EVERYTHING, **{"in": {**given, "clientMutationId": "old"}})
    clock.advance(timedelta(hours=24) - timedelta(microseconds=1))
    assert (await purge(databases.app, clock, acme.tenant.id, MONTH)).rows["replay"] == 0
    clock.advance(timedelta(microseconds=1))
    young = {"tenant_id": acme.tenant.id, "token_id": clock.new_id(), "key": "young", "input_hash": b""}
    async with databases.app.write(acme.tenant.id) as connection:
        await connection.execute(insert(Replay).values(**young, created_at=clock.now()))
    assert (await purge(databases.app, clock, acme.tenant.id, MONTH)).rows["replay"] == 1
    async with databases.app.read(acme.tenant.id) as connection:
        assert list(await connection.scalars(select(Replay.key))) == ["young"]


@pytest.fixture
def command(urls: Urls, monkeypatch: pytest.MonkeyPatch) -> Purge:
    """The command line on the tests' database."""
    monkeypatch.setenv("DATABASE_URL", urls.app)
    monkeypatch.setenv("DATABASE_PLATFORM_URL", urls.platform)
    runner = CliRunner()
    return lambda *words: runner.invoke(app, ["purge", *words], catch_exceptions=False)


@pytest.fixture
async def emptied(ask: Ask, acme: Estate, clock: HeldClock) -> Estate:
    """An estate whose building was deleted ten years ago."""
    clock.advance(timedelta(days=-3650))
    await changed(ask, acme, "deleteLocation", id=acme.ids["Location"], cascade=True)
    return acme


def test_the_command_purges_one_tenant(command: Purge, emptied: Estate) -> None:
    """First as a dry run, then for good, then there is nothing left."""
    slug = emptied.tenant.slug
    dry = command("--tenant", slug, "--dry-run")
    assert (dry.exit_code, "This was a dry run" in dry.stdout) == (0, True)
    done = command("--tenant", slug)
    counts = done.stdout.splitlines()[1].split()
    assert (counts, "Purged for good." in done.stdout) == ([slug, "1", "2", "1", "0", "0", "1", "0"], True)
    assert dry.stdout.splitlines()[:2] == done.stdout.splitlines()[:2]
    assert command("--tenant", slug).stdout.startswith("Nothing to purge")


def test_the_command_keeps_what_is_younger_than_it_is_told(
    command: Purge, emptied: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the option, or else by the setting."""
    slug = emptied.tenant.slug
    assert command("--tenant", slug, "--older-than", "36500").stdout.startswith("Nothing to purge")
    monkeypatch.setenv("TENANTRY_PURGE_DAYS", "36500")
    assert command("--tenant", slug).stdout.startswith("Nothing to purge")
    assert slug in command("--dry-run", "--older-than", "1").stdout


def test_an_unknown_tenant_is_said_to_be_unknown(command: Purge) -> None:
    """With exit code 1."""
    outcome = command("--tenant", "nobody")
    assert (outcome.exit_code, "There is no tenant" in outcome.stderr) == (1, True)


@pytest.mark.parametrize("kind", ["Location", "Area", "Organization"])
async def test_a_token_that_is_bound_to_what_goes_is_revoked(
    ask: Ask, databases: Databases, acme: Estate, clock: HeldClock, kind: str
) -> None:
    """It keeps nothing back, and let go of its node it reaches nothing; a dry run leaves it as it is."""
    bound = await create_token(
        databases.app, clock, acme.tenant.id, "bound", [Scope.DEVICES_READ], node=acme.ids[kind], expires_in=MONTH * 12
    )
    whole = await create_token(databases.app, clock, acme.tenant.id, "whole", [Scope.DEVICES_READ])
    await changed(ask, acme, f"delete{kind}", id=acme.ids[kind], cascade=True)
    clock.advance(MONTH)
    assert (await purge(databases.app, clock, acme.tenant.id, MONTH, dry_run=True)).rows["deletion"] == 1
    before = await list_tokens(databases.app, acme.tenant.id)
    assert [token["id"] for token in before] == [bound.row["id"], whole.row["id"]]
    purged = await purge(databases.app, clock, acme.tenant.id, MONTH)
    assert (purged.rows["deletion"], purged.held_back) == (1, ())
    assert await list_tokens(databases.app, acme.tenant.id) == before[1:]
    async with databases.app.read(acme.tenant.id) as connection:
        row = (await connection.execute(select(Token.__table__).where(Token.id == bound.row["id"]))).mappings().one()
    assert (row["revoked_at"], row["version"]) == (clock.now(), 2)
    assert (row["organization_id"], row["location_id"], row["area_id"]) == (None, None, None)


@pytest.mark.parametrize("kind", ["Location", "Area", "Organization"])
async def test_a_role_that_is_bound_to_what_goes_goes_with_it(
    ask: Ask, databases: Databases, acme: Estate, clock: HeldClock, kind: str
) -> None:
    """It keeps nothing back; what is bound elsewhere stays, and who had it does, with its token."""
    area = {"location_id": acme.location.id, "area_id": acme.area.id}
    node = {"Location": {"location_id": acme.location.id}, "Area": area}
    organization = {"organization_id": acme.organization.id}
    people = await make_principals(databases, clock, acme.tenant.id, Scope.DEVICES_READ, **node.get(kind, organization))
    whole = await bind(databases, clock, acme.tenant.id, user_id=people.user.id, built_in="viewer")
    await changed(ask, acme, f"delete{kind}", id=acme.ids[kind], cascade=True)
    clock.advance(MONTH)
    before = await everybody(databases, acme.tenant.id)
    assert (await purge(databases.app, clock, acme.tenant.id, MONTH, dry_run=True)).rows["deletion"] == 1
    assert await everybody(databases, acme.tenant.id) == before
    purged = await purge(databases.app, clock, acme.tenant.id, MONTH)
    assert (purged.rows["deletion"], purged.held_back) == (1, ())
    after = await everybody(databases, acme.tenant.id)
    assert [row["id"] for row in after.pop("RoleBinding")] == [whole.id]
    assert after == {name: rows for name, rows in before.items() if name != "RoleBinding"}

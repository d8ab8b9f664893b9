"""What becomes of tenants at the machine is recorded above them, as done by the command."""

import asyncio
from collections.abc import Callable

import pytest
from typer.testing import CliRunner, Result

from models import PLATFORM_ID
from tenantry.cli import app
from tenantry.databases import Databases
from tests.auditing import Told, recorded
from tests.estate import Estate
from tests.postgres import Urls

Command = Callable[..., Result]


@pytest.fixture
def command(urls: Urls, monkeypatch: pytest.MonkeyPatch) -> Command:
    """A command line on the tests' database."""
    monkeypatch.setenv("DATABASE_URL", urls.app)
    monkeypatch.setenv("DATABASE_PLATFORM_URL", urls.platform)
    runner = CliRunner()
    return lambda *words: runner.invoke(app, ["tenant", *words], catch_exceptions=False)


async def of(databases: Databases, tenant: str) -> list[Told]:
    """What the platform's chain has of a tenant."""
    return [each for each in await recorded(databases, PLATFORM_ID) if each.row["target_id"] == tenant]


async def test_a_tenant_that_a_command_makes_is_recorded_above_it(
    command: Command, databases: Databases, acme: Estate
) -> None:
    """Its own chain begins with what is done in it; one that could not be made leaves no record."""
    slug = f"{acme.tenant.slug}-west"
    words = ("create", slug, "--name", "West", "--parent", acme.tenant.slug)
    made = (await asyncio.to_thread(command, *words)).stdout.strip()
    assert (await asyncio.to_thread(command, *words)).exit_code == 1
    [record] = await recorded(databases, acme.tenant.id)
    assert (record.action, record.row["target_id"]) == ("tenant.created", made)
    assert (record.row["actor_kind"], record.row["actor_name"]) == ("SYSTEM", "tenantry tenant create")
    assert record.said == {"slug": slug, "name": "West", "parent_id": str(acme.tenant.id)}


async def test_a_command_that_changes_a_tenant_is_the_actor(
    command: Command, databases: Databases, acme: Estate
) -> None:
    """It shows no token, and is none."""
    for verb in ("suspend", "restore", "delete"):
        await asyncio.to_thread(command, verb, acme.tenant.slug, *(["--cascade"] if verb == "delete" else []))
    assert [
        (each.action, each.row["actor_kind"], each.row["actor_id"], each.row["actor_name"], each.row["token_id"])
        for each in await of(databases, acme.ids["Tenant"])
    ] == [
        ("tenant.suspended", "SYSTEM", None, "tenantry tenant suspend", None),
        ("tenant.restored", "SYSTEM", None, "tenantry tenant restore", None),
        ("tenant.deleted", "SYSTEM", None, "tenantry tenant delete", None),
    ]

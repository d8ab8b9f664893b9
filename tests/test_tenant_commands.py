"""`tenantry tenant suspend`, `delete` and `restore`, run as a shell runs them."""

import asyncio
from collections.abc import Callable

import pytest
from sqlalchemy import select
from typer.testing import CliRunner, Result

from models import PLATFORM_ID, Event
from models.database import Database
from models.ids import decode
from tenantry.cli import app
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


def status(command: Command, slug: str) -> str | None:
    """What the list says of a tenant, None where it is not listed."""
    lines = [line.split() for line in command("list").stdout.splitlines()]
    return next((line[-4] for line in lines if line[0] == slug), None)


def told(urls: Urls, tenant: str) -> list[tuple[str, str, str]]:
    """What the platform's feed tells of a tenant."""

    async def read() -> list[tuple[str, str, str]]:
        database = Database(urls.app, pool_size=1)
        named = decode(tenant)
        assert named is not None
        async with database.read(PLATFORM_ID) as connection:
            events = select(Event.kind, Event.actor_kind, Event.actor_name).order_by(Event.number)
            rows = [tuple(row) for row in await connection.execute(events.where(Event.entity_id == named[1]))]
        await database.close()
        return [(kind, actor, name) for kind, actor, name in rows]

    return asyncio.run(read())


@pytest.mark.parametrize("verb", ["suspend", "delete", "restore"])
def test_a_tenant_that_cannot_be_changed_is_told_in_one_sentence(command: Command, verb: str) -> None:
    """One that is not there, and the platform itself, which nothing lies above."""
    for slug, said in (("nobody", "slug 'nobody'"), ("platform", "above it")):
        outcome = command(verb, slug)
        assert (outcome.exit_code, outcome.stdout) == (1, "")
        assert said in outcome.stderr
        assert "Traceback" not in outcome.stderr


def test_a_tenant_is_suspended_and_restored(command: Command, urls: Urls, acme: Estate) -> None:
    """The list shows it, the platform's feed tells who did it, and what is active is not restored."""
    slug = acme.tenant.slug
    assert command("suspend", slug).exit_code == 0
    assert status(command, slug) == "SUSPENDED"
    assert "is back: ACTIVE" in command("restore", slug).stdout
    assert status(command, slug) == "ACTIVE"
    assert told(urls, acme.ids["Tenant"]) == [
        ("UPDATED", "OPERATOR", "tenantry tenant suspend"),
        ("RESTORED", "OPERATOR", "tenantry tenant restore"),
    ]
    again = command("restore", slug)
    assert (again.exit_code, "neither suspended nor deleted" in again.stderr) == (1, True)


def test_a_tenant_that_is_not_empty_stays_unless_that_is_said(command: Command, urls: Urls, acme: Estate) -> None:
    """The refusal counts; a dry run changes nothing; a restored tenant is what it was, with those beneath it."""
    slug = acme.tenant.slug
    below = f"{slug}-below"
    command("create", below, "--name", "Below", "--parent", slug)
    command("suspend", below)
    refused = command("delete", slug)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "2 Area" in refused.stderr
    assert "1 Tenant): empty it, or say --cascade" in refused.stderr
    dry = command("delete", slug, "--cascade", "--dry-run")
    assert dry.stdout.splitlines() == [f"{slug}, and 1 beneath it", "This was a dry run: nothing was changed."]
    assert (status(command, slug), told(urls, acme.ids["Tenant"])) == ("ACTIVE", [])
    assert "Deleted." in command("delete", slug, "--cascade").stdout
    assert (status(command, slug), status(command, below)) == (None, None)
    assert command("restore", slug).exit_code == 0
    assert (status(command, slug), status(command, below)) == ("ACTIVE", "SUSPENDED")


def test_of_several_that_had_a_slug_the_last_one_is_restored(command: Command, acme: Estate) -> None:
    """The others stay deleted: the slug is taken."""
    slug = f"{acme.tenant.slug}-twice"
    made = []
    for word in ("First", "Second"):
        made.append(command("create", slug, "--name", word).stdout.strip())
        assert command("delete", slug).exit_code == 0
    command("restore", slug)
    listed = command("list").stdout
    assert [each in listed for each in made] == [False, True]


@pytest.mark.parametrize("verb", ["suspend", "delete", "restore"])
def test_every_command_shows_how_it_is_used(command: Command, verb: str) -> None:
    """Each --help ends with examples, a line each."""
    shown = command(verb, "--help").stdout
    assert any(line.strip().startswith(f"tenantry tenant {verb}") for line in shown.splitlines())

"""What becomes of tokens is recorded: who made, narrowed, rotated, revoked or verified which, and never a secret."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from auth.scopes import Scope
from models import PLATFORM_ID, AuditAction
from models.database import Database
from resolvers.auditing.checking import check
from schema.graph import Graph
from tenantry.cli import app
from tenantry.databases import Databases
from tests.ask import Ask
from tests.auditing import Told, holds_no_secret, recorded
from tests.clock import HeldClock
from tests.estate import Estate
from tests.postgres import Urls
from tests.tokens import (
    CREATE,
    NAMING,
    READ,
    REVOKE,
    REVOKE_OWN,
    ROTATE,
    ROTATE_OWN,
    UPDATE,
    VERIFY,
    ask_as,
    change,
    created,
    document,
    listed,
    with_token,
)

GIVEN: dict[str, dict[str, Any]] = {UPDATE: {"name": "new"}, ROTATE: {}, REVOKE: {}}
Command = Callable[..., Awaitable[Result]]


@pytest.fixture
async def superuser(urls: Urls) -> AsyncIterator[Database]:
    """Sees every tenant's rows."""
    database = Database(urls.superuser, pool_size=1)
    yield database
    await database.close()


@pytest.fixture
def command(urls: Urls, monkeypatch: pytest.MonkeyPatch) -> Command:
    """A command line on the tests' database."""
    monkeypatch.setenv("DATABASE_URL", urls.app)
    monkeypatch.setenv("DATABASE_PLATFORM_URL", urls.platform)
    runner = CliRunner()

    async def invoke(*words: str, text: str | None = None) -> Result:
        # It has a loop of its own.
        return await asyncio.to_thread(runner.invoke, app, ["token", *words], input=text, catch_exceptions=False)

    return invoke


@pytest.fixture
async def secrets(graph: Graph, ask: Ask, acme: Estate, clock: HeldClock) -> list[str]:
    """What came of it when each thing that can be done to a token was done through the graph."""
    made = await created(ask, acme)
    named = {"id": made["token"]["id"]}
    await change(ask, acme, UPDATE, **named, name=made["secret"])
    rotated = await change(ask, acme, ROTATE, **named, overlap=60)
    caller = with_token(acme, clock, named["id"], *Scope)
    outcome = await ask_as(graph, caller, document(ROTATE_OWN), **{"in": {}})
    own = outcome.data[ROTATE_OWN]["secret"]
    await ask(acme, VERIFY, Scope.TOKENS_READ, text=own)
    await ask_as(graph, caller, document(REVOKE_OWN), **{"in": {}})
    return [made["secret"], rotated["secret"], own]


async def test_no_secret_and_no_digest_of_one_is_in_any_record(
    secrets: list[str], databases: Databases, acme: Estate, superuser: Database, command: Command
) -> None:
    """Not even where a token is named like a secret; neither through the graph nor by commands."""
    slug = acme.tenant.slug
    by_command = [(await command("create", "--tenant", slug, "--name", "cli", "--scope", "tenant.*")).stdout.strip()]
    by_command += [(await command("rotate", "cli", "--tenant", slug)).stdout.strip()]
    await command("verify", text=by_command[-1])
    await command("revoke", by_command[-1])
    assert len({*secrets, *by_command}) == 5
    await holds_no_secret(superuser)
    assert (await check(databases.app, acme.tenant.id)).ok


@pytest.mark.usefixtures("secrets")
async def test_each_change_of_a_token_is_recorded_with_its_actor_and_target(databases: Databases, acme: Estate) -> None:
    """In the order in which they happened; the bearer of a token is itself the actor."""
    found = await recorded(databases, acme.tenant.id)
    assert [each.action for each in found] == [
        "token.created", "token.updated", "token.rotated", "token.rotated", "token.verified", "token.revoked",
    ]  # fmt: skip
    [target] = {(each.row["target_type"], each.row["target_id"]) for each in found}
    assert target[0] == "Token"
    assert [each.row["actor_id"] == target[1] for each in found] == [False, False, False, True, False, True]
    assert {(each.row["outcome"], each.row["request_id"]) for each in found} == {("SUCCEEDED", "a-request")}


async def test_a_record_of_a_token_holds_what_was_written(
    ask: Ask, databases: Databases, acme: Estate, clock: HeldClock
) -> None:
    """Of an update only what differs; of a rotation that there is a newer secret, and when the one before it ends."""
    made = (await created(ask, acme, node=acme.ids["Area"], networks=["192.0.2.0/24"]))["token"]
    await change(ask, acme, UPDATE, id=made["id"], name="other", scopes=[READ])
    await change(ask, acme, ROTATE, id=made["id"], overlap=60)
    await change(ask, acme, REVOKE, id=made["id"])
    first, second, third, fourth = await recorded(databases, acme.tenant.id)
    assert first.said == {
        "name": "dashboard",
        "scopes": [READ],
        "expires_at": (clock.now() + timedelta(days=90)).isoformat(),
        "organization_id": None,
        "location_id": str(acme.location.id),
        "area_id": str(acme.area.id),
        "networks": ["192.0.2.0/24"],
    }
    assert second.values == {"name": ("dashboard", "other")}
    assert third.values == {
        "generation": (1, 2),
        "overlap_ends_at": (None, (clock.now() + timedelta(seconds=60)).isoformat()),
    }
    assert fourth.values == {"revoked_at": (None, clock.now().isoformat())}


async def test_what_changes_nothing_is_not_recorded(ask: Ask, databases: Databases, acme: Estate) -> None:
    """The same name again, a second revocation, a repeated request, and what is rolled back."""
    made = (await created(ask, acme, clientMutationId="once"))["token"]
    assert (await change(ask, acme, CREATE, name="dashboard", scopes=[READ], clientMutationId="once"))["secret"] is None
    assert (await change(ask, acme, CREATE, name="dashboard", scopes=[READ]))["__typename"] == "Conflict"
    await change(ask, acme, UPDATE, id=made["id"], name="dashboard")
    await change(ask, acme, REVOKE, id=made["id"])
    await change(ask, acme, REVOKE, id=made["id"])
    assert [each.action for each in await recorded(databases, acme.tenant.id)] == ["token.created", "token.revoked"]


@pytest.mark.parametrize("field", NAMING)
async def test_a_change_of_a_token_out_of_reach_is_recorded_as_refused(
    ask: Ask, databases: Databases, acme: Estate, globex: Estate, field: str
) -> None:
    """Where the caller is, without what was named; the neighbour's audit says nothing of it."""
    theirs = (await created(ask, globex))["token"]
    await change(ask, acme, field, id=theirs["id"], **GIVEN[field])
    [refused] = await recorded(databases, acme.tenant.id)
    assert (refused.action, refused.row["outcome"], refused.row["target_id"]) == ("access.refused", "REFUSED", None)
    assert refused.said == {"operation": field, "answer": "NotFound"}
    assert [each.action for each in await recorded(databases, globex.tenant.id)] == ["token.created"]


async def test_to_give_on_what_one_does_not_hold_is_recorded_as_refused(
    ask: Ask, databases: Databases, acme: Estate
) -> None:
    """Nothing was made."""
    held = (Scope.TOKENS_WRITE, Scope.TOKENS_READ)
    await ask(acme, document(CREATE), *held, **{"in": {"name": "x", "scopes": [READ]}})
    [refused] = await recorded(databases, acme.tenant.id)
    assert (refused.action, refused.said) == ("access.refused", {"operation": CREATE, "answer": "Forbidden"})


async def test_a_verified_text_is_recorded_by_its_state_alone(
    ask: Ask, databases: Databases, acme: Estate, globex: Estate
) -> None:
    """With the token, where it is in reach; of a neighbour's no more than of one that never was."""
    mine, theirs = await created(ask, acme), await created(ask, globex)
    for text in (mine["secret"], theirs["secret"], "nonsense"):
        await ask(acme, VERIFY, Scope.TOKENS_READ, text=text)
    found = await recorded(databases, acme.tenant.id, AuditAction.TOKEN_VERIFIED)
    assert [(each.row["target_id"], each.said) for each in found] == [
        (mine["token"]["id"], {"state": "ACTIVE"}),
        (None, {"state": "UNKNOWN"}),
        (None, {"state": "UNKNOWN"}),
    ]
    assert await recorded(databases, globex.tenant.id, AuditAction.TOKEN_VERIFIED) == []


async def test_many_texts_verified_at_once_are_each_recorded(ask: Ask, databases: Databases, acme: Estate) -> None:
    """Beside each other in one query, whose connection is given back before: the pool has eight."""
    query = "query ($text: String!) { a: verifyToken(token: $text) { state } b: verifyToken(token: $text) { state } }"
    await asyncio.gather(*(ask(acme, query, Scope.TOKENS_READ, text="x") for _ in range(20)))
    assert len(await recorded(databases, acme.tenant.id, AuditAction.TOKEN_VERIFIED)) == 40


async def by_command(databases: Databases, estate: Estate) -> list[Told]:
    """What commands left."""
    return [each for each in await recorded(databases, estate.tenant.id) if each.row["actor_kind"] == "SYSTEM"]


async def test_commands_are_recorded_as_themselves(
    command: Command, ask: Ask, databases: Databases, acme: Estate
) -> None:
    """Whoever is at the machine has no name; the command that ran has."""
    of_acme = ("--tenant", acme.tenant.slug)
    secret = (await command("create", *of_acme, "--name", "cli", "--scope", "tenant.*")).stdout.strip()
    await command("verify", text=secret)
    secret = (await command("rotate", "cli", *of_acme, "--overlap", "0s")).stdout.strip()
    await command("revoke", "--name", "cli", *of_acme)
    found = await by_command(databases, acme)
    assert [(each.action, each.row["actor_name"], each.row["actor_id"]) for each in found] == [
        ("token.created", "tenantry token create", None),
        ("token.verified", "tenantry token verify", None),
        ("token.rotated", "tenantry token rotate", None),
        ("token.revoked", "tenantry token revoke", None),
    ]
    [token] = await listed(ask, acme)
    assert {each.row["target_id"] for each in found} == {token["id"]}


async def test_a_command_that_fails_records_nothing(command: Command, databases: Databases, acme: Estate) -> None:
    """Nothing was done."""
    assert (await command("revoke", "--name", "nobody", "--tenant", acme.tenant.slug)).exit_code == 1
    assert await recorded(databases, acme.tenant.id) == []


async def test_a_text_that_nobody_was_given_is_recorded_with_the_platform(
    command: Command, databases: Databases
) -> None:
    """It belongs to no tenant."""
    before = len(await recorded(databases, PLATFORM_ID, AuditAction.TOKEN_VERIFIED))
    await command("verify", text="nonsense")
    found = await recorded(databases, PLATFORM_ID, AuditAction.TOKEN_VERIFIED)
    assert [(each.row["target_id"], each.said) for each in found[before:]] == [(None, {"state": "UNKNOWN"})]

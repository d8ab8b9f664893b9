"""`tenantry explain`, run as a shell runs it."""

import asyncio
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from auth.scopes import Scope
from auth.token import mint
from models.clock import SystemClock
from models.ids import Prefix, encode
from resolvers.tokens import Created, create_token, revoke_token
from tenantry.cli import app
from tenantry.databases import Databases
from tests.ask import Ask
from tests.auditing import RECORDS, rows_of
from tests.clock import HeldClock
from tests.estate import Estate, make_tenant
from tests.explaining import DEVICES, explained
from tests.postgres import Urls
from tests.sql import statements

Command = Callable[..., Result]
READ = (Scope.DEVICES_READ, Scope.LOCATIONS_READ)


@pytest.fixture
def command(urls: Urls, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command on the tests' database; `typed` comes by standard input."""
    monkeypatch.setenv("DATABASE_URL", urls.app)
    monkeypatch.setenv("DATABASE_PLATFORM_URL", urls.platform)

    def run(*words: str | Path, typed: str = "") -> Result:
        return CliRunner().invoke(app, ["explain", *map(str, words)], input=typed, catch_exceptions=False)

    return run


@pytest.fixture
def operation(tmp_path: Path) -> Path:
    """A file with an operation that asks for two scopes."""
    file = tmp_path / "devices.graphql"
    file.write_text(DEVICES)
    return file


async def made(databases: Databases, estate: Estate, *scopes: Scope, node: str | None = None) -> Created:
    """A token of the estate's tenant, which is good now."""
    return await create_token(databases.app, SystemClock(), estate.tenant.id, "dashboard", scopes, node=node)


def id_of(token: Created) -> str:
    """Its id."""
    return encode(Prefix.TOKEN, token.row["id"])


async def test_a_token_that_is_not_there_is_told_alike(
    command: Command, databases: Databases, operation: Path, acme: Estate, globex: Estate
) -> None:
    """One of another tenant, by its id, as one that never was, by its id or its text."""
    theirs = await made(databases, globex, *READ)
    nobodys = encode(Prefix.TOKEN, acme.device.id)
    for words in (
        ("--token", id_of(theirs), "--tenant", acme.tenant.slug),
        ("--token", nobodys, "--tenant", acme.tenant.slug),
        ("--token", acme.ids["Device"], "--tenant", acme.tenant.slug),
        ("--token", mint().reveal()),
        ("--token", "garbage"),
    ):
        outcome = await asyncio.to_thread(command, operation, *words)
        assert (outcome.exit_code, outcome.stdout) == (1, "")
        assert "There is no such token." in outcome.stderr


async def test_a_tenant_that_is_not_beneath_the_tokens_is_refused(
    command: Command, databases: Databases, operation: Path, acme: Estate, globex: Estate
) -> None:
    """As the header that names it would be."""
    text = (await made(databases, acme, *READ)).secret.reveal()
    outcome = await asyncio.to_thread(command, operation, "--token", text, "--tenant", globex.tenant.slug)
    assert (outcome.exit_code, outcome.stdout) == (1, "")
    assert f"{globex.tenant.slug} is not beneath that" in outcome.stderr


@pytest.mark.parametrize(
    ("document", "variables", "said"),
    [
        ("{ devices {", None, "devices.graphql: Syntax Error"),
        ("{ nothing }", None, "Cannot query field 'nothing'"),
        ("query A { me { name } } query B { me { name } }", None, "say which by operationName"),
        (DEVICES, "{", "variables.json is no JSON: "),
        (DEVICES, "[" * 100_000, "variables.json is no JSON: "),
        (DEVICES, "[]", 'variables.json is no JSON object, such as {"id": "dev_…"}.'),
        (None, None, "No such file"),
        (b"\xff", None, "devices.graphql is no text in UTF-8."),
        (DEVICES, b"\xff", "variables.json is no JSON: "),
    ],
)
def test_what_cannot_be_explained_is_said_before_a_database_is_looked_for(
    command: Command, tmp_path: Path, document: str | bytes | None, variables: str | bytes | None, said: str
) -> None:
    """With 1, the file's name and the same words as the API's."""
    file, more = tmp_path / "devices.graphql", tmp_path / "variables.json"
    for path, content in ((file, document), (more, variables)):
        if content is not None:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
    words = () if variables is None else ("--variables", more)
    with statements() as sent:
        outcome = command(file, "--token", "garbage", *words)
    assert (outcome.exit_code, outcome.stdout, sent) == (1, "", [])
    assert said in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_an_id_is_sought_in_a_tenant(command: Command, operation: Path) -> None:
    """A command that names none cannot be meant."""
    outcome = command(operation, "--token", "tok_00000000-0000-7000-8000-000000000000")
    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert "say --tenant SLUG" in " ".join(outcome.stderr.replace("│", " ").split())


async def test_what_would_be_refused_ends_with_1(
    command: Command, databases: Databases, operation: Path, acme: Estate
) -> None:
    """A line for each path, then what would do, and what of that is lacking."""
    token = await made(databases, acme, Scope.DEVICES_READ)
    before = await rows_of(databases, RECORDS, acme.tenant.id)
    outcome = await asyncio.to_thread(command, operation, "--token", id_of(token), "--tenant", acme.tenant.slug)
    lines = [" ".join(line.split()) for line in outcome.stdout.splitlines()]
    assert (outcome.exit_code, outcome.stderr) == (1, "")
    locations = "tenant.locations.read no the token does not hold tenant.locations.read"
    assert lines == [
        "PATH ASKS FOR GRANTED WHY",
        "devices tenant.devices.read yes everywhere in the tenant",
        "devices.nodes tenant.devices.read yes everywhere in the tenant",
        "devices.nodes.serial tenant.devices.read yes everywhere in the tenant",
        f"devices.nodes.location {locations}",
        f"devices.nodes.location.name {locations}",
        "",
        "The smallest set of scopes that would do: tenant.devices.read, tenant.locations.read.",
        "Of these the token lacks here: tenant.locations.read.",
        "It would be refused.",
    ]
    assert await rows_of(databases, RECORDS, acme.tenant.id) == before


async def test_what_would_be_let_through_ends_with_0(
    command: Command, databases: Databases, operation: Path, acme: Estate
) -> None:
    """By the token's text, which comes by standard input and is printed nowhere."""
    token = await made(databases, acme, *READ, node=acme.ids["Location"])
    text = token.secret.reveal()
    outcome = await asyncio.to_thread(partial(command, operation, "--token", "-", typed=text + "\n"))
    assert (outcome.exit_code, outcome.stderr) == (0, "")
    assert f"beneath {acme.ids['Location']}" in outcome.stdout
    assert "It would be let through." in outcome.stdout
    assert text not in outcome.stdout


async def test_a_partners_token_is_explained_in_a_customer(
    command: Command, databases: Databases, clock: HeldClock, operation: Path, acme: Estate
) -> None:
    """What is bound to a node of the partner's own holds in none."""
    customer = await make_tenant(databases, clock, "customer", acme.tenant)
    bound = await made(databases, acme, *READ, node=acme.ids["Location"])
    outcome = await asyncio.to_thread(command, operation, "--token", id_of(bound), "--tenant", customer.slug)
    assert outcome.exit_code == 1
    assert "tenant.devices.read does not hold in this tenant" in outcome.stdout


async def test_a_token_that_is_not_good_is_refused_everything(
    command: Command, databases: Databases, operation: Path, acme: Estate
) -> None:
    """With its state."""
    token = await made(databases, acme, *READ)
    await revoke_token(databases.app, SystemClock(), acme.tenant.id, "dashboard")
    outcome = await asyncio.to_thread(command, operation, "--token", token.secret.reveal())
    assert outcome.exit_code == 1
    assert "the token is REVOKED" in outcome.stdout


async def test_json_is_what_the_api_answers(
    command: Command, databases: Databases, ask: Ask, tmp_path: Path, acme: Estate
) -> None:
    """Of an operation among several, with its variables: the same computation."""
    file, variables = tmp_path / "all.graphql", tmp_path / "variables.json"
    file.write_text("query A { me { name } } query B($id: ID!) { node(id: $id) { ... on Area { name } } }")
    variables.write_text(json.dumps({"id": acme.ids["Device"]}))
    token = await made(databases, acme, Scope.AREAS_READ)
    outcome = await asyncio.to_thread(
        command, file, "--operation", "B", "--variables", variables, "--token", token.secret.reveal(), "--json"
    )
    answered = await explained(
        ask, acme, file.read_text(), Scope.TOKENS_READ, token=token.secret.reveal(),
        operationName="B", variables={"id": acme.ids["Device"]},
    )  # fmt: skip
    assert (outcome.exit_code, json.loads(outcome.stdout)) == (1, answered)
    assert answered["lacking"] == ["tenant.devices.read"]


def test_the_command_shows_how_it_is_used(command: Command) -> None:
    """With examples that can be copied."""
    outcome = command("--help")
    assert outcome.exit_code == 0
    assert 'printf %s "$TOKEN" | tenantry explain dashboard.graphql --token -' in outcome.stdout

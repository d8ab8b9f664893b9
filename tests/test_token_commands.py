"""`tenantry tenant …` and `tenantry token …`, run as a shell runs them."""

import uuid
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner, Result

from auth.scopes import Scope
from auth.token import is_well_formed, mint
from tenantry.cli import app
from tenantry.databases import Databases
from tests.clock import HeldClock
from tests.estate import Estate
from tests.postgres import Urls
from tests.principals import Principals, make_principals

Command = Callable[..., Result]


@pytest.fixture
def command(urls: Urls, monkeypatch: pytest.MonkeyPatch) -> Command:
    """A command line on the tests' database."""
    monkeypatch.setenv("DATABASE_URL", urls.app)
    monkeypatch.setenv("DATABASE_PLATFORM_URL", urls.platform)
    runner = CliRunner()
    return lambda *words: runner.invoke(app, list(words), catch_exceptions=False)


@pytest.fixture
def name() -> str:
    """A name that nothing else in the database has."""
    return f"name-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def tenant(acme: Estate) -> SimpleNamespace:
    """A tenant to make tokens for."""
    return acme.tenant


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["token", "create", "--name", "x", "--scope", "tenant.*"], "either --tenant SLUG or --platform"),
        (
            ["token", "create", "--tenant", "acme", "--platform", "--name", "x", "--scope", "tenant.*"],
            "either --tenant SLUG or --platform",
        ),
        (["token", "create", "--tenant", "acme", "--name", "x"], "--scope"),
        (["token", "create", "--tenant", "acme", "--scope", "tenant.*"], "--name"),
        (
            ["token", "create", "--tenant", "acme", "--name", "x", "--scope", "tenant.typo.read"],
            "is no scope and fits none",
        ),
        (
            ["token", "create", "--tenant", "acme", "--name", "x", "--scope", "platform.tenants.read"],
            "make the token with --platform",
        ),
        (
            ["token", "create", "--tenant", "acme", "--name", "x", "--scope", "tenant.*", "--expires", "soon"],
            "such as 90d or 12h",
        ),
        (["token", "list"], "either --tenant SLUG or --platform"),
        (["token", "rotate", "x"], "either --tenant SLUG or --platform"),
        (["token", "rotate", "x", "--platform", "--overlap", "soon"], "such as 90d or 12h"),
        (["token", "verify", mint().reveal()], "unexpected extra argument"),
        (["token", "revoke"], "either --tenant SLUG or --platform"),
        (["token", "revoke", "--tenant", "acme"], "--name"),
        (["token", "revoke", "tnt_svc_x", "--platform"], "text or its name, not both"),
        (["tenant", "create", "acme"], "--name"),
    ],
)
def test_a_command_that_cannot_be_meant_says_how_to_write_it(command: Command, words: list[str], said: str) -> None:
    """Half or contradictory commands end with 2 and the fix, before anything is opened."""
    outcome = command(*words)
    assert outcome.exit_code == 2
    assert outcome.stdout == ""
    assert said in " ".join(outcome.stderr.replace("│", " ").split())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["token", "create", "--tenant", "nobody", "--name", "x", "--scope", "tenant.*"], "tenantry tenant list"),
        (["token", "list", "--tenant", "nobody"], "slug 'nobody'"),
        (["token", "rotate", "x", "--tenant", "nobody"], "slug 'nobody'"),
        (["token", "rotate", "nobody's", "--platform"], 'There is no token named "nobody\'s"'),
        (["token", "revoke", "--tenant", "nobody", "--name", "x"], "slug 'nobody'"),
        (["token", "revoke", "--platform", "--name", "nobody's"], 'There is no token named "nobody\'s"'),
        (["token", "revoke", "tnt_svc_mistyped"], "its form or its checksum is wrong"),
        (["token", "revoke", mint().reveal()], "unknown, or revoked already"),
        (["tenant", "create", "Bad Slug", "--name", "x"], "lower-case letters, digits and hyphens"),
        (["tenant", "create", "platform", "--name", "x"], "take another slug"),
        (["tenant", "create", "beneath", "--name", "x", "--parent", "nobody"], "slug 'nobody'"),
    ],
)
def test_a_command_that_cannot_be_done_says_why(command: Command, words: list[str], said: str) -> None:
    """What is not there, taken or malformed ends with 1 and one sentence on stderr."""
    outcome = command(*words)
    assert outcome.exit_code == 1
    assert outcome.stdout == ""
    assert said in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_a_token_that_lives_too_long_is_refused(command: Command, tenant: SimpleNamespace) -> None:
    """A year is the most."""
    outcome = command(
        "token", "create", "--tenant", tenant.slug, "--name", "x", "--scope", "tenant.*", "--expires", "366d"
    )
    assert outcome.exit_code == 1
    assert "at most 365 days" in outcome.stderr


def test_a_new_token_is_printed_alone_and_its_notes_elsewhere(command: Command, tenant: SimpleNamespace) -> None:
    """`TOKEN=$(tenantry token create …)` gets the token and nothing else."""
    outcome = command("token", "create", "--tenant", tenant.slug, "--name", "wall", "--scope", "tenant.*.read")
    assert outcome.exit_code == 0
    assert is_well_formed(outcome.stdout.removesuffix("\n"))
    assert "cannot be shown again" in outcome.stderr
    assert outcome.stdout.strip() not in outcome.stderr


def test_a_taken_name_says_what_to_do(command: Command, tenant: SimpleNamespace) -> None:
    """The second token of a name is refused with both ways out."""
    words = ["token", "create", "--tenant", tenant.slug, "--name", "wall", "--scope", "tenant.*.read"]
    command(*words)
    outcome = command(*words)
    assert outcome.exit_code == 1
    assert "revoke it first, or take another name" in outcome.stderr


def test_a_token_reads_the_schema_unless_that_is_left_out(command: Command, tenant: SimpleNamespace) -> None:
    """`tenant.schema.read` is given by default, and not with --without-schema, even where a pattern fits it."""
    words = ["token", "create", "--tenant", tenant.slug, "--scope", "tenant.areas.*", "--scope", "tenant.s*.read"]
    command(*words, "--name", "with")
    command(*words, "--name", "without", "--without-schema")
    lines = {line.split()[0]: line for line in command("token", "list", "--tenant", tenant.slug).stdout.splitlines()}
    assert "tenant.areas.read tenant.areas.write tenant.schema.read" in lines["with"]
    assert "tenant.schema.read" not in lines["without"]


def test_tokens_are_listed_without_their_secrets(command: Command, tenant: SimpleNamespace) -> None:
    """A list can be pasted into a ticket."""
    secret = command(
        "token", "create", "--tenant", tenant.slug, "--name", "wall", "--scope", "tenant.areas.read"
    ).stdout.strip()
    listed = command("token", "list", "--tenant", tenant.slug).stdout
    assert listed.splitlines()[0].split() == ["NAME", "STATE", "ENDS", "ID", "OWNER", "SCOPES"]
    assert listed.splitlines()[1].split()[:2] == ["wall", "ACTIVE"]
    assert "tnt_" not in listed
    assert secret not in listed


@pytest.mark.parametrize("by_text", [True, False])
def test_a_token_is_revoked_by_name_or_by_its_text(command: Command, tenant: SimpleNamespace, *, by_text: bool) -> None:
    """Either way it is gone from the list."""
    made = command("token", "create", "--tenant", tenant.slug, "--name", "wall", "--scope", "tenant.areas.read")
    words = [made.stdout.strip()] if by_text else ["--tenant", tenant.slug, "--name", "wall"]
    outcome = command("token", "revoke", *words)
    assert outcome.exit_code == 0
    assert outcome.stdout.startswith("Revoked wall (tok_")
    assert "wall" not in command("token", "list", "--tenant", tenant.slug).stdout


def test_an_operators_token_is_made_listed_and_revoked(command: Command, name: str) -> None:
    """--platform stands wherever --tenant could."""
    made = command("token", "create", "--platform", "--name", name, "--scope", "platform.*", "--expires", "12h")
    assert is_well_formed(made.stdout.strip())
    assert name in command("token", "list", "--platform").stdout
    assert command("token", "revoke", "--platform", "--name", name).exit_code == 0
    assert name not in command("token", "list", "--platform").stdout


def test_a_tenant_is_made_beneath_another_and_listed_after_it(
    command: Command, tenant: SimpleNamespace, name: str
) -> None:
    """The new tenant's id is printed alone; the list shows its parent."""
    made = command("tenant", "create", name, "--name", "Acme West", "--parent", tenant.slug)
    assert made.exit_code == 0
    assert made.stdout.startswith("ten_")
    lines = command("tenant", "list").stdout.splitlines()
    assert lines[0].split() == ["SLUG", "NAME", "STATUS", "PARENT", "SHORT", "ID", "ID"]
    at = next(number for number, line in enumerate(lines) if line.startswith(f"{name} "))
    assert tenant.slug in lines[at]
    assert lines[at].endswith(made.stdout.strip())
    assert lines[at - 1].startswith(tenant.slug)


@pytest.mark.parametrize(
    "words",
    [
        ["tenant", "create"],
        ["tenant", "list"],
        ["token", "create"],
        ["token", "list"],
        ["token", "rotate"],
        ["token", "verify"],
        ["token", "revoke"],
    ],
)
def test_every_command_shows_how_it_is_used(command: Command, words: list[str]) -> None:
    """Each --help ends with examples, a line each."""
    shown = command(*words, "--help").stdout
    assert any(line.strip().startswith(f"tenantry {' '.join(words)}") for line in shown.splitlines())


def test_a_token_is_bound_and_verified(command: Command, tenant: SimpleNamespace, acme: Estate) -> None:
    """What it is for is told to whoever has its text, which comes by standard input and is not shown."""
    create = ["token", "create", "--tenant", tenant.slug, "--name", "lobby", "--scope", "tenant.devices.read"]
    made = command(*create, "--node", acme.ids["Location"], "--network", "192.0.2.0/24", "--network", "2001:db8::1")
    outcome = CliRunner().invoke(app, ["token", "verify"], input=made.stdout)
    assert outcome.exit_code == 0, outcome.output
    for said in ("ACTIVE", "lobby", tenant.slug, acme.ids["Location"], "192.0.2.0/24 2001:db8::1/128"):
        assert said in outcome.stdout
    assert made.stdout.strip() not in outcome.output


@pytest.mark.parametrize("text", ["garbage", mint().reveal(), ""], ids=["garbage", "unknown", "blank"])
def test_a_text_that_is_no_good_token_is_said_to_be_none(command: Command, text: str) -> None:
    """With exit code 1, so that a script sees it."""
    command("token", "list", "--platform")
    outcome = CliRunner().invoke(app, ["token", "verify"], input=text)
    assert (outcome.exit_code, "The token is not good: UNKNOWN" in outcome.stderr) == (1, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--node", "loc_00000000-0000-7000-8000-000000000001"], "no such organization, location or area"),
        (["--network", "192.0.2.7/24"], "did you mean 192.0.2.0/24?"),
    ],
)
def test_a_token_is_bound_to_what_there_is(
    command: Command, tenant: SimpleNamespace, words: list[str], said: str
) -> None:
    """Otherwise none is made."""
    create = ["token", "create", "--tenant", tenant.slug, "--name", "lobby", "--scope", "tenant.devices.read"]
    outcome = command(*create, *words)
    assert (outcome.exit_code, outcome.stdout) == (1, "")
    assert said in outcome.stderr
    assert "lobby" not in command("token", "list", "--tenant", tenant.slug).stdout


def test_a_token_is_rotated(command: Command, tenant: SimpleNamespace) -> None:
    """The new secret is printed alone; without an overlap the one before is over."""
    made = command("token", "create", "--tenant", tenant.slug, "--name", "wall", "--scope", "tenant.devices.read")
    rotated = command("token", "rotate", "wall", "--tenant", tenant.slug, "--overlap", "0s")
    assert is_well_formed(rotated.stdout.removesuffix("\n"))
    assert "cannot be shown again" in rotated.stderr
    states = [CliRunner().invoke(app, ["token", "verify"], input=each.stdout).stdout for each in (made, rotated)]
    assert ["ROTATED" in states[0], "ACTIVE" in states[1]] == [True, True]
    refused = command("token", "rotate", "wall", "--tenant", tenant.slug, "--overlap", "25h")
    assert (refused.exit_code, "24 hours" in refused.stderr) == (1, True)


@pytest.fixture
async def people(databases: Databases, clock: HeldClock, acme: Estate) -> Principals:
    """Acme's, who read devices in the lobby's location."""
    return await make_principals(databases, clock, acme.tenant.id, Scope.DEVICES_READ, location_id=acme.location.id)


@pytest.mark.parametrize(("noun", "begins"), [("User", "tnt_pat_"), ("ServiceAccount", "tnt_svc_")])
def test_a_token_is_made_for_a_person_or_a_program(
    command: Command, tenant: SimpleNamespace, people: Principals, noun: str, begins: str
) -> None:
    """Whose it is, its text, the list and `verify` tell; it goes no further than its owner."""
    create = ["token", "create", "--tenant", tenant.slug, "--name", "its", "--owner", people.ids[noun]]
    made = command(*create, "--scope", "tenant.devices.read")
    assert made.stdout.startswith(begins), made.output
    lines = {line.split()[0]: line for line in command("token", "list", "--tenant", tenant.slug).stdout.splitlines()}
    assert people.ids[noun] in lines["its"]
    told = CliRunner().invoke(app, ["token", "verify"], input=made.stdout).stdout.splitlines()
    assert ["OWNER", people.ids[noun]] in [line.split() for line in told]
    more = command(*create, "--scope", "tenant.areas.read", "--without-schema")
    assert (more.exit_code, "no role with tenant.areas.read" in more.stderr) == (1, True)


@pytest.mark.parametrize("owner", ["usr_00000000-0000-7000-8000-000000000001", "nobody", "ten_x"])
def test_a_token_is_made_for_nobody_who_is_not_there(command: Command, tenant: SimpleNamespace, owner: str) -> None:
    """Otherwise it would be the tenant's."""
    create = ["token", "create", "--tenant", tenant.slug, "--name", "its", "--scope", "tenant.devices.read"]
    outcome = command(*create, "--owner", owner)
    assert (outcome.exit_code, outcome.stdout) == (1, "")
    assert "no such user or service account" in outcome.stderr


def test_a_token_of_nobody_is_the_tenants(command: Command, tenant: SimpleNamespace) -> None:
    """And is listed so."""
    command("token", "create", "--tenant", tenant.slug, "--name", "wall", "--scope", "tenant.areas.read")
    assert " the tenant " in command("token", "list", "--tenant", tenant.slug).stdout.splitlines()[1]

"""`tenantry audit …`, run as a shell runs it."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import text
from typer.testing import CliRunner, Result

from models.database import Database
from resolvers.auditing import append_apart
from resolvers.auditing.exporting import export_lines
from resolvers.auditing.hashing import record_hash, value_digest
from tenantry.cli import app
from tenantry.databases import Databases
from tests.auditing import RECORDS, make_chain, record, rows_of
from tests.clock import HeldClock
from tests.estate import Estate
from tests.postgres import Urls

Command = Callable[..., Result]


@pytest.fixture
def command(urls: Urls, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """A command line on the tests' database, with a home of its own."""
    monkeypatch.setenv("DATABASE_URL", urls.app)
    monkeypatch.setenv("DATABASE_PLATFORM_URL", urls.platform)
    monkeypatch.setenv("DATABASE_OWNER_URL", urls.owner)
    monkeypatch.setenv("TENANTRY_HOME", str(tmp_path))
    runner = CliRunner()
    return lambda *words: runner.invoke(app, ["audit", *words], catch_exceptions=False)


@pytest.fixture
async def recorded(databases: Databases, acme: Estate, clock: HeldClock) -> SimpleNamespace:
    """A tenant with three records."""
    await make_chain(databases, clock, acme.tenant.id, 3)
    return acme.tenant


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["verify", "--tenant", "nobody"], 1, "`tenantry tenant list` shows those there are."),
        (["verify", "--tenant", "nobody", "--all"], 2, "not both"),
        (["export", "--tenant", "nobody"], 1, "`tenantry tenant list` shows those there are."),
        (["export"], 2, "--tenant"),
        (["retain"], 2, "--months"),
        (["retain", "--months", "0"], 2, "--months"),
        (["partitions", "--ahead", "-1"], 2, "--ahead"),
    ],
)
def test_a_command_that_cannot_be_done_says_why(command: Command, words: list[str], code: int, said: str) -> None:
    """In one sentence, with nothing on standard output."""
    outcome = command(*words)
    assert outcome.exit_code == code
    assert said in " ".join(outcome.stderr.replace("│", " ").split())
    assert outcome.stdout == ""


def test_a_whole_chain_is_told(command: Command, recorded: SimpleNamespace) -> None:
    """With how much was looked at."""
    outcome = command("verify", "--tenant", recorded.slug)
    assert outcome.exit_code == 0
    assert outcome.stdout == (
        f"{recorded.slug}: records 1 to 3 are as they were written (0 values erased, 0 checkpoints).\n"
    )


def test_a_changed_record_ends_the_command_with_its_number(
    command: Command, urls: Urls, recorded: SimpleNamespace, databases: Databases
) -> None:
    """Exit code 1 and a sentence; every other tenant is told all the same."""
    change = "UPDATE audit_record SET outcome = 'REFUSED' WHERE tenant_id = :tenant AND number = 2"
    undo = change.replace("REFUSED", "SUCCEEDED")

    async def tamper(statement: str) -> None:
        superuser = Database(urls.superuser, pool_size=1)
        async with superuser.write(None) as connection:
            await connection.execute(text(statement), {"tenant": recorded.id})
        await superuser.close()

    asyncio.run(tamper(change))
    outcome = command("verify", "--all")
    asyncio.run(tamper(undo))
    assert outcome.exit_code == 1
    assert f"{recorded.slug}: Record 2: its content does not fit its hash.\n" in outcome.stderr
    assert "platform: " in outcome.stdout


def test_a_checkpoint_is_verified(command: Command, recorded: SimpleNamespace, tmp_path: Path) -> None:
    """It is signed once for what was recorded, and verification counts it, whatever the key is by now."""
    assert command("checkpoint").exit_code == 0
    assert command("checkpoint", "--rotate-key").stdout.startswith("Signed for 0 chains")
    outcome = command("verify", "--tenant", recorded.slug)
    assert "1 checkpoints" in outcome.stdout
    assert (tmp_path / "audit" / "checkpoints" / f"{recorded.id}.jsonl").exists()


def test_keys_that_others_can_read_are_told(command: Command, recorded: SimpleNamespace, tmp_path: Path) -> None:
    """With what to do."""
    command("checkpoint")
    (tmp_path / "audit" / "keys" / "signing.pem").chmod(0o644)
    outcome = command("checkpoint")
    assert outcome.exit_code == 1
    assert "chmod 600" in outcome.stderr


def test_checkpoints_are_kept_in_the_folder_that_is_named(
    command: Command, recorded: SimpleNamespace, tmp_path: Path
) -> None:
    """And looked for there."""
    elsewhere = str(tmp_path / "elsewhere")
    command("checkpoint", "--folder", elsewhere)
    assert "0 checkpoints" in command("verify", "--tenant", recorded.slug).stdout
    assert "1 checkpoints" in command("verify", "--tenant", recorded.slug, "--folder", elsewhere).stdout


async def test_an_export_can_be_verified_by_itself(
    databases: Databases, urls: Urls, recorded: SimpleNamespace, clock: HeldClock
) -> None:
    """Each line carries all that its hash is over, and the values all that their digests are over."""
    await append_apart(databases.app, clock, recorded.id, [record("Å \U0001f600")])
    lines = [json.loads(line) async for line in export_lines(databases.app, recorded.id)]
    stored = await rows_of(databases, RECORDS, recorded.id)
    assert [line["number"] for line in lines] == [1, 2, 3, 4]
    previous = bytes(32)
    for line, row in zip(lines, stored, strict=True):
        assert record_hash(previous, line).hex() == line["hash"] == row["hash"].hex()
        previous = bytes.fromhex(line["hash"])
        for field, value in line["values"].items():
            before, after = (
                json.dumps(value[name], ensure_ascii=False) if name in value else None for name in ("before", "after")
            )
            assert value_digest(field, bytes.fromhex(value["salt"]), before, after) == line["digests"][field]
    assert lines[3]["values"]["name"]["after"] == "Å \U0001f600"
    assert lines[3]["values"]["enabled"].keys() == {"salt", "after"}


def test_the_export_is_lines_of_json(command: Command, recorded: SimpleNamespace) -> None:
    """A line a record, and nothing else."""
    outcome = command("export", "--tenant", recorded.slug)
    assert outcome.exit_code == 0
    assert [json.loads(line)["number"] for line in outcome.stdout.splitlines()] == [1, 2, 3]


def test_an_export_is_recorded_when_it_has_ended(command: Command, recorded: SimpleNamespace) -> None:
    """The next one shows it, with how many records it had."""
    command("export", "--tenant", recorded.slug)
    last = json.loads(command("export", "--tenant", recorded.slug).stdout.splitlines()[-1])
    assert (last["number"], last["action"], last["actor_name"]) == (4, "audit.exported", "tenantry audit export")
    assert last["values"]["records"]["after"] == 3


def test_to_verify_leaves_no_record(command: Command, recorded: SimpleNamespace) -> None:
    """What is verified is as it was."""
    for _ in range(2):
        assert "records 1 to 3 are" in command("verify", "--tenant", recorded.slug).stdout


def test_months_are_made_once(command: Command) -> None:
    """This month and those ahead."""
    assert command("partitions", "--ahead", "1").exit_code == 0
    assert "none was missing" in command("partitions", "--ahead", "1").stdout


async def test_months_that_have_to_wait_for_a_reader_are_not_made(command: Command, databases: Databases) -> None:
    """Writers are not held behind somebody who reads for long: it says to run it again."""
    async with databases.app.read(None) as connection:
        await connection.execute(text("SELECT FROM audit_record"))
        outcome = await asyncio.to_thread(command, "partitions", "--ahead", "40")
    assert outcome.exit_code == 1
    assert "run it again" in outcome.stderr


def test_nothing_is_dropped_in_a_dry_run(command: Command, recorded: SimpleNamespace) -> None:
    """It says what would go."""
    command("partitions")
    outcome = command("retain", "--months", "1200", "--dry-run")
    assert outcome.exit_code == 0
    assert "none is old enough" in outcome.stdout
    assert "dry run" in outcome.stdout


def test_months_cannot_be_dropped_without_the_owner(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its address is named."""
    monkeypatch.delenv("DATABASE_OWNER_URL")
    outcome = command("retain", "--months", "12")
    assert outcome.exit_code == 1
    assert "DATABASE_OWNER_URL is not set" in outcome.stderr

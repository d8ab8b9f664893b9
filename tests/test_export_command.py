"""The command `tenantry export`: what it writes, what it refuses, and what it costs."""

import csv
import io
import json
import uuid
from pathlib import Path

import pytest

from resolvers.importing import SHEETS
from tenantry.cli.export import device_filter
from tenantry.cli.run import CommandError
from tenantry.databases import Databases
from tenantry.seed import Size, seed
from tests.clock import HeldClock
from tests.estate import Estate
from tests.export_command import MEASURED, export_command, run_export
from tests.exporting import export_sheets, files_in, sheets_of
from tests.import_command import import_command
from tests.postgres import Urls

# KiB that the process may grow by, however many devices there are.
MEMORY_ALLOWED = 300 * 1024
LARGE = Size(tenants=1, locations=10, areas=100, devices=100)


def test_an_unknown_tenant_is_told_with_the_way_out(urls: Urls, tmp_path: Path) -> None:
    """And no folder is made."""
    code, printed, said = run_export(urls, tmp_path / "none", "--tenant", f"no-{uuid.uuid4().hex}")
    assert (code, printed) == (1, "")
    assert "`tenantry tenant list` shows those there are." in said
    assert not (tmp_path / "none").exists()


def test_a_neighbours_devices_are_not_printed(urls: Urls, acme: Estate, globex: Estate) -> None:
    """Nor found by their ids."""
    code, printed, said = run_export(urls, "--tenant", acme.tenant.slug, "--devices", "ndjson")
    assert code == 0, said
    assert [json.loads(line)["id"] for line in printed.splitlines()] == [acme.ids["Device"]]
    wanted = json.dumps({"id": {"eq": globex.ids["Device"]}})
    assert run_export(urls, "--tenant", acme.tenant.slug, "--devices", "ndjson", "--filter", wanted)[:2] == (0, "")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("{", "--filter is no JSON: "),
        ("[" * 100_000, "--filter is no JSON: "),
        ("[]", '--filter is no JSON object, such as {"status": {"eq": "OFFLINE"}}.'),
        ('{"colour": {"eq": "red"}}', "--filter: Expected value of type 'DeviceFilter' not to include unknown field"),
        ('{"name": {"like": "a"}}', "--filter at name: Expected value of type 'StringFilter' not to include unknown"),
        (
            '{"status": {"eq": "BROKEN"}}',
            "--filter at status.eq: Value 'BROKEN' does not exist in",
        ),
        ('{"or": [{"lastSeenAt": {"lt": "now"}}]}', "--filter at or.0.lastSeenAt.lt: DateTime takes ISO 8601"),
    ],
)
def test_a_filter_that_is_none_is_told(given: str, message: str) -> None:
    """Where it is wrong and how, as the API would."""
    with pytest.raises(CommandError) as told:
        device_filter(given)
    assert str(told.value).startswith(message)


def test_a_wrong_filter_ends_the_command(urls: Urls, acme: Estate) -> None:
    """With exit code 1, one sentence and nothing on standard output."""
    slug = acme.tenant.slug
    code, printed, said = run_export(urls, "--tenant", slug, "--devices", "csv", "--filter", '{"colour": 1}')
    assert (code, printed) == (1, "")
    assert said.startswith("--filter: ")
    assert "Traceback" not in said
    nul = '{"name": {"eq": "a\\u0000"}}'
    code, _, said = run_export(urls, "--tenant", slug, "--devices", "ndjson", "--filter", nul)
    assert (code, said) == (1, "--filter or --search: text must not hold NUL characters or lone surrogates.\n")


@pytest.mark.parametrize(
    "arguments",
    [(), ("--search", "x"), ("DIR", "--filter", "{}"), ("DIR", "--devices", "csv"), ("--devices", "csv", "--force")],
)
def test_options_that_do_not_go_together_are_told(urls: Urls, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Sheets go to a folder, lines to a file or to standard output."""
    named = [str(tmp_path / "new") if argument == "DIR" else argument for argument in arguments]
    code, _, said = run_export(urls, "--tenant", "any", *named)
    assert code == 1
    assert "--devices" in said
    assert files_in(tmp_path) == set()


def test_a_filter_and_a_search_narrow_the_lines(urls: Urls, acme: Estate) -> None:
    """Dates and words of closed lists are read as the API reads them."""
    wanted = '{"status": {"in": ["ONLINE"]}, "createdAt": {"gt": "2020-01-01T00:00:00Z"}}'
    of = ("--tenant", acme.tenant.slug, "--devices", "csv", "--search")
    _, found, said = run_export(urls, *of, "DOOR", "--filter", wanted)
    assert [row["serial"] for row in csv.DictReader(io.StringIO(found))] == ["R-0001"], said
    _, none, _ = run_export(urls, *of, "window", "--filter", wanted)
    assert none.count("\n") == 1


def test_lines_go_to_a_file(urls: Urls, acme: Estate, tmp_path: Path) -> None:
    """The same as to standard output, byte for byte; nothing else is left beside it."""
    of = ("--tenant", acme.tenant.slug, "--devices", "csv")
    process = export_command(urls, *of)
    printed, _ = process.communicate()
    code, nothing, said = run_export(urls, *of, "-o", tmp_path / "devices.csv")
    assert (code, nothing) == (0, ""), said
    assert (tmp_path / "devices.csv").read_bytes() == printed
    assert files_in(tmp_path) == {"devices.csv"}


def test_a_reader_that_goes_away_ends_it_in_silence(urls: Urls, acme: Estate) -> None:
    """`tenantry export … | head`."""
    process = export_command(urls, "--tenant", acme.tenant.slug, "--devices", "csv")
    assert process.stdout
    assert process.stderr
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    process.wait()
    assert said == b""


async def test_sheets_are_summed_up_and_can_be_imported(
    urls: Urls, databases: Databases, acme: Estate, tmp_path: Path
) -> None:
    """The folder is made; `tenantry import` reads it into a new tenant."""
    code, printed, said = run_export(urls, tmp_path / "out", "--tenant", acme.tenant.slug)
    assert code == 0, said
    assert printed.splitlines()[-1] == f"Exported {acme.tenant.slug} to {tmp_path / 'out'}."
    assert "device types   1\n" in printed
    assert "devices.csv: 1\n" in said
    again = await export_sheets(databases.app, acme.tenant.id, tmp_path / "again")
    assert sheets_of(tmp_path / "out") == again
    process = import_command(urls, tmp_path / "out", "--tenant", f"copy-{acme.tenant.slug}", "--create-tenant", "Copy")
    told, _ = process.communicate()
    assert told.splitlines()[0] == ("1 organization, 1 location, 2 areas, 1 device type, 1 device, 0 errors, 0 notes")


def test_a_folder_in_use_is_refused_unless_forced(urls: Urls, acme: Estate, tmp_path: Path) -> None:
    """Then the sheets are written over, and nothing else."""
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    code, _, said = run_export(urls, tmp_path, "--tenant", acme.tenant.slug)
    assert code == 1
    assert said.splitlines()[-1] == f"{tmp_path} is not empty. Name another folder, or write into it with --force."
    assert files_in(tmp_path) == {"notes.txt"}
    for _ in range(2):
        code, _, said = run_export(urls, tmp_path, "--tenant", acme.tenant.slug, "--force")
        assert code == 0, said
    assert files_in(tmp_path) == {"notes.txt", *(sheet.file for sheet in SHEETS)}


@pytest.mark.slow
async def test_a_hundred_thousand_devices_go_out_in_bounded_memory(
    urls: Urls, databases: Databases, clock: HeldClock, tmp_path: Path
) -> None:
    """As sheets and as lines of both kinds, the process grows by less than 300 MB; and what is imported is the same."""
    prefix = f"large-{uuid.uuid4().hex[:12]}"
    await seed(databases.app, databases.platform, clock, LARGE, prefix=prefix, tell=lambda *_told: None)
    of = ("--tenant", f"{prefix}-1")
    for arguments in ((tmp_path / "out",), ("--devices", "csv"), ("--devices", "ndjson", "-o", tmp_path / "lines")):
        code, printed, said = run_export(urls, *arguments, *of, program=MEASURED)
        assert code == 0, said
        assert int(said.splitlines()[-1]) < MEMORY_ALLOWED
        if "csv" in arguments:
            assert printed.count("\r\n") == 1 + 100_000
    process = import_command(urls, tmp_path / "out", "--tenant", f"{prefix}-copy", "--create-tenant", "Copy")
    _, said = process.communicate()
    assert process.returncode == 0, said
    code, _, said = run_export(urls, tmp_path / "again", "--tenant", f"{prefix}-copy")
    assert code == 0, said
    assert sheets_of(tmp_path / "again") == sheets_of(tmp_path / "out")

"""The command `tenantry import`: what it prints, how it ends, when it makes the tenant, and what it costs."""

import csv
import time
import uuid
from pathlib import Path

import pytest

from resolvers.problems import NotFound, Problem
from resolvers.tenants import tenant_by_slug
from tenantry.databases import Databases
from tests.import_command import import_command
from tests.look_alike import LookAlike, spoil
from tests.postgres import Urls

CAMPUS = LookAlike()
# Seconds and KiB that 100,000 devices may cost on two cores.
TIME_ALLOWED = 60
MEMORY_ALLOWED = 300 * 1024


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two small buildings, as untidy as real ones."""
    return CAMPUS.write(tmp_path / "campus")


@pytest.fixture
def slug() -> str:
    """Of a tenant that there is not."""
    return f"campus-{uuid.uuid4().hex}"


def run(urls: Urls, *arguments: str | Path) -> tuple[int, str, str]:
    """The exit code, what is printed, and what is said on the side."""
    process = import_command(urls, *arguments)
    printed, said = process.communicate()
    return process.returncode, printed, said


def test_an_import_makes_the_tenant_and_sums_up(urls: Urls, folder: Path, slug: str) -> None:
    """The first run says what it made, the second that there was nothing to do."""
    code, printed, said = run(urls, folder, "--tenant", slug, "--create-tenant", "Campus")
    first, *_, last = printed.splitlines()
    assert code == 0, said
    assert first == "2 locations, 32 areas, 150 devices, 0 errors, 4 notes"
    assert last == f"Imported into {slug}."
    assert "writing devices\n" in said
    code, printed, said = run(urls, folder, "--tenant", slug, "--create-tenant", "Campus")
    assert (code, printed.splitlines()[-1]) == (0, f"Nothing changed: {slug} had all of it already.")


async def test_an_import_that_fails_makes_no_tenant(
    urls: Urls, databases: Databases, folder: Path, tmp_path: Path, slug: str
) -> None:
    """A wrong line ends with exit code 1; every finding is in the report, the first ones are printed."""
    spoil(folder, "locations", 2, "timezone", "Mars/Olympus")
    report = tmp_path / "report.csv"
    code, printed, said = run(urls, folder, "--tenant", slug, "--create-tenant", "C", "--report", report)
    assert code == 1
    assert printed.splitlines()[0] == "2 locations, 32 areas, 150 devices, 92 errors, 2 notes"
    assert "locations.csv:2:timezone: 'Mars/Olympus' is no IANA time zone, such as Europe/Oslo" in said
    assert f"… and 74 more: see {report}" in said
    with report.open(encoding="utf-8", newline="") as file:
        heading, *rows = csv.reader(file)
    assert heading == ["file", "line", "column", "severity", "reason"]
    assert len(rows) == 92 + 2
    with pytest.raises(Problem) as told:
        await tenant_by_slug(databases.platform, slug)
    assert isinstance(told.value.noun, NotFound)


async def test_a_dry_run_makes_no_tenant(urls: Urls, databases: Databases, folder: Path, slug: str) -> None:
    """It needs none, either: what an import would make is counted all the same."""
    code, printed, _ = run(urls, folder, "--tenant", slug, "--create-tenant", "Campus", "--dry-run")
    assert (code, printed.splitlines()[-1]) == (0, "This was a dry run: nothing was changed.")
    with pytest.raises(Problem):
        await tenant_by_slug(databases.platform, slug)


def test_a_partial_import_says_what_it_left_out(urls: Urls, folder: Path, slug: str) -> None:
    """It ends well, as it did what it was asked for."""
    spoil(folder, "devices", 2, "name", "")
    code, printed, _ = run(urls, folder, "--tenant", slug, "--create-tenant", "Campus", "--partial")
    assert code == 0
    assert printed.splitlines()[-1] == f"Imported into {slug}, without the lines that have errors."


def test_an_unknown_tenant_is_told_with_the_way_out(urls: Urls, folder: Path, slug: str) -> None:
    """No tenant is made by a slip of the pen."""
    code, _, said = run(urls, folder, "--tenant", slug)
    assert code == 1
    assert said.strip() == f"There is no tenant with the slug '{slug}'. --create-tenant NAME makes it."


def test_a_folder_that_is_none_is_told(urls: Urls, tmp_path: Path, slug: str) -> None:
    """Each missing file is named."""
    code, _, said = run(urls, tmp_path / "nowhere", "--tenant", slug)
    assert code == 1
    assert [line.partition(":")[0] for line in said.splitlines()[:3]] == [
        "locations.csv",
        "areas.csv",
        "devices.csv",
    ]


@pytest.mark.slow
def test_a_hundred_thousand_devices_come_in_within_a_minute(urls: Urls, tmp_path: Path, slug: str) -> None:
    """The process stays under 300 MB, however long the files are."""
    estate = LookAlike(buildings=20, floors=10, rooms=100)
    folder = estate.write(tmp_path / "estate")
    started = time.monotonic()
    peak = tmp_path / "peak"
    with import_command(urls, folder, "--tenant", slug, "--create-tenant", "Large", peak=peak) as process:
        printed, said = process.communicate()
    assert process.returncode == 0, said
    assert f"{estate.devices:,} devices, 0 errors, {estate.notes} notes" in printed
    assert estate.devices > 100_000
    assert time.monotonic() - started < TIME_ALLOWED
    assert int(peak.read_text()) < MEMORY_ALLOWED

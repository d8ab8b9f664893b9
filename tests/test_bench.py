"""`make bench`, from end to end in its smallest form: ourselves and the bare limit."""

import os
import sys
from pathlib import Path

import pytest

from benchmarks.timed import usage
from benchmarks.timed.load import NoLoad, check_driver
from benchmarks.timed.programs import Failed, output, serving

CHECKOUT = Path(__file__).parent.parent


@pytest.mark.skipif(sys.platform != "linux", reason="there is none elsewhere")
async def test_without_its_driver_nothing_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing is told with how to get it."""
    monkeypatch.setenv("PATH", "")
    with pytest.raises(NoLoad, match="apt-get install wrk"):
        check_driver()


async def test_a_server_that_ends_says_why() -> None:
    """Its own words."""
    command = (sys.executable, "-c", "raise SystemExit('no such thing')")
    with pytest.raises(Failed, match="no such thing"):
        async with serving(command, dict(os.environ)):
            pass


@pytest.mark.skipif(sys.platform != "linux", reason="what processes use is told by Linux's /proc")
async def test_a_server_is_told_its_port_and_stopped_at_the_end() -> None:
    """By its environment and by its command."""
    command = (sys.executable, "-m", "http.server", "PORT", "--bind", "127.0.0.1")
    async with serving(command, dict(os.environ)) as served:
        assert served.pid in usage.tree(os.getpid())
        assert usage.resident([served.pid]) > 1_000_000
        assert usage.seconds([served.pid])[served.pid] >= 0
    assert usage.seconds([served.pid]) == {}


def test_processor_time_is_what_was_spent_between_two_looks() -> None:
    """A process that came between them had none before; one that went is not seen."""
    assert usage.spent({1: 2.0, 2: 5.0}, {1: 2.5, 3: 0.25}) == 0.75


@pytest.mark.slow
async def test_a_small_run_measures_and_writes_its_page(tmp_path: Path) -> None:
    """Both answer the same, neither fails, and both files are there."""
    printed = await output(
        sys.executable, "-m", "benchmarks.bench", "--cases", "point,tree", "--servers", "tenantry,limit",
        "--rounds", "1", "--seconds", "1", "--warm-up", "0", "--no-rights", "--write", str(tmp_path),
        folder=CHECKOUT,
    )  # fmt: skip
    said = (tmp_path / "performance.md").read_text()
    assert printed.strip() == said.strip()
    for row in (
        "| tree | Tenantry |",
        "| tree | the bare limit |",
        "| point | Tenantry |",
        "| point | the bare limit |",
    ):
        assert row in said
    assert ": no figure" not in said
    assert "Tenantry being 1" in (tmp_path / "performance.svg").read_text()

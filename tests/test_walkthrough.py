"""The walk through rights, run as printed against a fresh demonstration: every line that it shows is answered."""

import asyncio
import os
import re
import shutil
import sys
import tempfile
from functools import partial
from pathlib import Path

import pytest

from tests.serving import environment, started

WALK = Path(__file__).parent.parent / "docs" / "walkthrough.md"
STEP = re.compile(r"```sh\n(.*?)```\n(?:\n```text\n(.*?)```)?", re.DOTALL)
MARK = "----8<----"


def steps() -> list[tuple[str, str]]:
    """What is typed, and what is then shown; nothing where nothing is printed beneath it."""
    return [(typed, shown) for typed, shown in STEP.findall(WALK.read_text())]


def test_the_walk_shows_what_it_promises() -> None:
    """Were the pattern to miss a step, the next test would prove nothing."""
    shown = "".join(shown for _, shown in steps())
    for promised in (
        "Lakeside Partners",
        "Ada",
        "LOCATION",
        "The stream has ended",
        "ROLE_BINDING_CREATED",
        "Record 2",
    ):
        assert promised in shown, promised


@pytest.mark.slow
async def test_the_walk_goes_as_printed(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """From the operator to the record that a superuser changed, by one shell, on an estate of its own."""
    # Not in pytest's folders, which it closes to other users now and then: PostgreSQL does not run as root.
    home = tempfile.mkdtemp(prefix="tenantry-walk-")
    request.addfinalizer(partial(shutil.rmtree, home, ignore_errors=True))
    async with started("demo", env=environment(None, TENANTRY_HOME=home)) as served:
        [operator] = re.findall(r"^demo-operator .* (tnt_svc_\w+)$", "".join(served.lines), re.MULTILINE)
        typed = f"echo '{MARK}'\n".join(typed for typed, _ in steps())
        script = typed.replace("http://127.0.0.1:8000", served.base).replace(". .venv/bin/activate\n", "")
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        process = await asyncio.create_subprocess_exec(
            "bash", "-c", script, cwd=tmp_path, stdout=asyncio.subprocess.PIPE,
            env={**environment(None, TENANTRY_HOME=home), "OPERATOR": operator, "PATH": path},
        )  # fmt: skip
        async with asyncio.timeout(120):
            printed, _ = await process.communicate()
    assert printed.decode().split(f"{MARK}\n") == [shown for _, shown in steps()]

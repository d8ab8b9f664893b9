"""The walk through rights, run as printed against a fresh demonstration: every line that it shows is answered."""

import asyncio
import os
import re
import sys
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
    for promised in ("Lakeside Partners", "Ada", "LOCATION", "The stream has ended", "role_binding.created"):
        assert promised.lower() in shown.lower(), promised


@pytest.mark.slow
async def test_the_walk_goes_as_printed(tmp_path: Path) -> None:
    """From the operator to the record that a superuser changed, by one shell, on an estate of its own."""
    home = str(tmp_path / "home")
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

"""The README's examples, run as printed against the demonstration that it starts with."""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest

from tests.serving import environment, started

README = Path(__file__).parent.parent / "README.md"
WALK = re.compile(r"```sh\n(ask\(\) .*?)```\n\n```text\n(.*?)```", re.DOTALL)
EXAMPLE = re.compile(r"```sh\n(curl .*?)```\n\n(?:.*?\n\n)??```json\n(.*?)```", re.DOTALL)


def examples() -> list[tuple[str, str]]:
    """Each command that asks the server, and the answer that is printed beneath it."""
    return EXAMPLE.findall(README.read_text())


def test_the_readme_shows_answers_and_a_refusal() -> None:
    """Were the pattern to miss them, the next test would prove nothing."""
    shown = [orjson.loads(answer) for _, answer in examples()]
    assert ["data" in answer for answer in shown] == [True, False, True]


@pytest.fixture(scope="module")
async def demo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[dict[str, str]]:
    """A fresh demonstration: its tokens, and where it answers, as the README's reader has them."""
    home = tmp_path_factory.mktemp("home")
    async with started("demo", env=environment(None, TENANTRY_HOME=str(home))) as served:
        found = dict(re.findall(r"^demo-(\w+) .* (tnt_svc_\w+)$", "".join(served.lines), re.MULTILINE))
        yield {"TOKEN": found["dashboard"], "ADMIN": found["admin"], "BASE": served.base}


async def run(script: str, demo: dict[str, str], folder: Path) -> str:
    """What a script prints; only the port differs from what the README shows."""
    process = await asyncio.create_subprocess_exec(
        "bash", "-m", "-c", script.replace("http://127.0.0.1:8000", demo["BASE"]),
        env={**os.environ, **demo}, cwd=folder, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(60):
        printed, _ = await process.communicate()
    return printed.decode()


@pytest.mark.slow
async def test_each_example_is_answered_as_printed(demo: dict[str, str], tmp_path: Path) -> None:
    """With the tokens that it prints, on a fresh estate."""
    for command, printed in examples():
        assert orjson.loads(await run(command, demo, tmp_path)) == orjson.loads(printed)


@pytest.mark.slow
async def test_the_walk_goes_as_printed(demo: dict[str, str], tmp_path: Path) -> None:
    """Create a building, move a device, watch it change, undo a delete."""
    ((script, printed),) = WALK.findall(README.read_text())
    assert await run(script, demo, tmp_path) == printed

"""The README's examples, run as printed against the demonstration that it starts with."""

import asyncio
import os
import re
from pathlib import Path

import orjson
import pytest

from tests.serving import environment, started

README = Path(__file__).parent.parent / "README.md"
EXAMPLE = re.compile(r"```sh\n(curl .*?)```\n\n(?:.*?\n\n)??```json\n(.*?)```", re.DOTALL)


def examples() -> list[tuple[str, str]]:
    """Each command that asks the server, and the answer that is printed beneath it."""
    return EXAMPLE.findall(README.read_text())


def test_the_readme_shows_answers_and_a_refusal() -> None:
    """Were the pattern to miss them, the next test would prove nothing."""
    shown = [orjson.loads(answer) for _, answer in examples()]
    assert ["data" in answer for answer in shown] == [True, False, True]


@pytest.mark.slow
async def test_each_example_is_answered_as_printed(tmp_path: Path) -> None:
    """With the tokens that it prints, on a fresh estate; only the port differs."""
    async with started("demo", env=environment(None, TENANTRY_HOME=str(tmp_path))) as served:
        found = dict(re.findall(r"^demo-(\w+) .* (tnt_svc_\w+)$", "".join(served.lines), re.MULTILINE))
        for command, printed in examples():
            process = await asyncio.create_subprocess_shell(
                command.replace("http://127.0.0.1:8000", served.base),
                env={**os.environ, "TOKEN": found["dashboard"], "ADMIN": found["admin"]},
                stdout=asyncio.subprocess.PIPE,
            )
            answered, _ = await process.communicate()
            assert orjson.loads(answered) == orjson.loads(printed)

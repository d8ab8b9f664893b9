"""A server of our own as a process of its own, started as a person starts it."""

import asyncio
import os
import re
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

from tests.postgres import Urls

# Whoever runs the tests in the background has Ctrl-C ignored, and children inherit that: a person's shell does not.
PROGRAM = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from tenantry.cli import main; main()"
)
COMMAND = (sys.executable, "-c", PROGRAM)
START_TIMEOUT = 60


@dataclass
class Serving:
    """A process that answers at `base`; `lines` grows with what it says."""

    process: Process
    base: str
    lines: list[str] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def says(self, words: str) -> None:
        """Wait until it has said that."""
        async with asyncio.timeout(START_TIMEOUT):
            while words not in "".join(self.lines):
                assert not self.process.stdout or not self.process.stdout.at_eof(), "".join(self.lines)
                self.news.clear()
                await self.news.wait()

    async def listen(self) -> None:
        """Take down what it says until it ends."""
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.lines.append(line.decode())
            self.news.set()
        self.news.set()


def environment(urls: Urls | None, **settings: str) -> dict[str, str]:
    """What such a process is told (`None`: of no database); nothing of our own environment that is a setting."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("TENANTRY_", "DATABASE_"))}
    at = {"DATABASE_URL": urls.app, "DATABASE_PLATFORM_URL": urls.platform} if urls else {}
    return {**inherited, **at, **settings}


async def run_command(*arguments: str, env: dict[str, str]) -> tuple[int, str, str]:
    """Run a command to its end: its exit code, what it printed, and what it said."""
    process = await asyncio.create_subprocess_exec(*COMMAND, *arguments, env=env, stdout=PIPE, stderr=PIPE)
    printed, said = await process.communicate()
    assert process.returncode is not None
    return process.returncode, printed.decode(), said.decode()


def serving(urls: Urls, *arguments: str, **settings: str) -> AbstractAsyncContextManager[Serving]:
    """`tenantry serve` on a free port, until the block ends or the test ended it."""
    return started("serve", *arguments, env=environment(urls, **settings))


@asynccontextmanager
async def started(*arguments: str, env: dict[str, str]) -> AsyncIterator[Serving]:
    """A command that serves, from when it says where until the block ends; killed if it still runs then."""
    process = await asyncio.create_subprocess_exec(
        *COMMAND, *arguments, "--port", "0", env=env, stdout=PIPE, stderr=STDOUT
    )
    served = Serving(process, "")
    listening = asyncio.create_task(served.listen())
    try:
        await served.says("Ctrl-C stops")
        found = re.search(r"^GraphQL\s+(?:at )?(http://\S+)/graphql", "".join(served.lines), re.MULTILINE)
        assert found
        served.base = found[1]
        yield served
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await listening

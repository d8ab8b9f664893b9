"""Programs for Node.js that slow tests run, each a folder under tests/node with its packages locked by hash."""

import asyncio
import shutil
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

FOLDERS = Path(__file__).parent / "node"
START_TIMEOUT = 30


async def installed(name: str, into: Path) -> Path:
    """A copy of tests/node/<name> with its packages, as its lock file names them."""
    missing = [program for program in ("node", "npm") if shutil.which(program) is None]
    assert not missing, f"{missing} is not on the PATH: install Node.js 20 or newer (apt-get install nodejs npm)"
    folder = into / name
    shutil.copytree(FOLDERS / name, folder, ignore=shutil.ignore_patterns("node_modules"))
    await output_of("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", folder=folder)
    return folder


async def output_of(*command: str, folder: Path, timeout: float = 120) -> str:  # noqa: ASYNC109 (ends the program too)
    """What a program prints; if it fails or takes longer than `timeout` seconds, that is the test's message."""
    process = await asyncio.create_subprocess_exec(*command, cwd=folder, stdout=PIPE, stderr=STDOUT)
    try:
        async with asyncio.timeout(timeout):
            printed, _ = await process.communicate()
    finally:
        await _ended(process)
    assert process.returncode == 0, printed.decode()
    return printed.decode()


@asynccontextmanager
async def listening(*command: str, folder: Path) -> AsyncIterator[str]:
    """A program that serves until the block ends: the first line that it prints, which is its address."""
    process = await asyncio.create_subprocess_exec(*command, cwd=folder, stdout=PIPE)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(START_TIMEOUT):
            line = (await process.stdout.readline()).decode().strip()
        assert line.startswith("http://"), f"{command} printed {line!r} and ended; standard error says why"
        yield line
    finally:
        await _ended(process)


async def _ended(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.wait()

"""Programs beside this one: run to their end, or serving until told to stop."""

import asyncio
import socket
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

START_TIMEOUT = 60
HOST = "127.0.0.1"
# Of what a program said, when it is told why it failed.
LAST = 2000


class Failed(Exception):
    """A program did not do what it was started for; the message is what it said."""


@dataclass(frozen=True)
class Served:
    """A server that answers at `address`, host and port."""

    address: str
    pid: int


async def output(*command: str, folder: Path | None = None) -> str:
    """What a program prints. Raises Failed."""
    process = await asyncio.create_subprocess_exec(*command, cwd=folder, stdout=PIPE, stderr=PIPE)
    printed, said = await process.communicate()
    if process.returncode:
        raise Failed(f"{command[0]} failed: {(said or printed).decode().strip()[-LAST:]}")
    return printed.decode()


@asynccontextmanager
async def serving(command: Sequence[str], env: Mapping[str, str], folder: Path | None = None) -> AsyncIterator[Served]:
    """A program that serves on the port that its environment and its command say as PORT.

    What it says goes to a file, as of a server that runs by itself. Raises Failed where it does not begin to answer.
    """
    port = _free_port()
    command = [each.replace("PORT", str(port)) for each in command]
    with tempfile.TemporaryFile() as log:
        process = await asyncio.create_subprocess_exec(
            *command, env={**env, "PORT": str(port)}, cwd=folder, stdin=DEVNULL, stdout=log, stderr=STDOUT
        )
        try:
            await _answers(process, port)
            yield Served(f"{HOST}:{port}", process.pid)
        except (TimeoutError, ConnectionError) as error:
            log.seek(0)
            said = log.read().decode(errors="replace").strip()[-LAST:]
            raise Failed(f"{command[0]} does not answer: {said or error}") from error
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


async def _answers(process: asyncio.subprocess.Process, port: int) -> None:
    """Wait until it takes connections. Raises TimeoutError, or ConnectionError where it has ended."""
    async with asyncio.timeout(START_TIMEOUT):
        while True:
            if process.returncode is not None:
                raise ConnectionError(f"it ended with exit code {process.returncode}")
            try:
                _, writer = await asyncio.open_connection(HOST, port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                await writer.wait_closed()
                return


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])

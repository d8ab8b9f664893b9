"""A Redis for tests: one that they start where the program is installed, or the one that is named or answers."""

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

GIVEN = "TENANTRY_TEST_REDIS"
HOW = f"install redis-server (apt-get install redis-server), or name a running Redis in {GIVEN} (redis://…)"


@asynccontextmanager
async def redis_server(folder: Path) -> AsyncIterator[str]:
    """The address of a Redis; what this started, this stops."""
    given = os.environ.get(GIVEN)
    if given:
        yield given
        return
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip(f"no Redis: {HOW}")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder),
        stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    url = f"redis://127.0.0.1:{port}/0"
    try:
        await answers(url)
        yield url
    finally:
        process.terminate()
        await process.wait()


async def answers(url: str) -> None:
    """Wait until it does."""
    async with Redis.from_url(url) as client, asyncio.timeout(10):
        while True:
            try:
                await client.ping()
            except (RedisError, OSError):
                await asyncio.sleep(0.02)
            else:
                return

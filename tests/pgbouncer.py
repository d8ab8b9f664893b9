"""A PgBouncer for tests, between them and their PostgreSQL, in transaction mode, with few connections of its own."""

import asyncio
import os
import pwd
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import make_url

from tests.postgres import Urls

HOW = "install it (apt-get install pgbouncer), on the PATH or in /usr/sbin"
# Since then it can follow named statements from one connection to another.
FOLLOWS = (1, 21)
START_TIMEOUT = 10


@dataclass(frozen=True)
class Pooler:
    """One that answers; `urls` lead through it."""

    urls: Urls
    version: tuple[int, int]


def program() -> str:
    """Where it is; a test that finds none says so and does not run."""
    found = shutil.which("pgbouncer", path=os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin"]))
    if found is None:
        pytest.skip(f"no PgBouncer: {HOW}")
    return found


def version() -> tuple[int, int]:
    """Which one it is."""
    said = subprocess.run([program(), "--version"], check=True, capture_output=True, text=True).stdout
    found = re.search(r"PgBouncer (\d+)\.(\d+)", said)
    assert found, said
    return int(found[1]), int(found[2])


@asynccontextmanager
async def pooler(urls: Urls, connections: int, *, follows: int = 0) -> AsyncIterator[Pooler]:
    """Before that database, with so many connections to it for each role; stopped when the block ends.

    It follows so many named statements, if its version can.
    """
    path, known = program(), version()
    # PgBouncer refuses root, as PostgreSQL does: it runs as the account that the embedded server runs as.
    account = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = configured(urls, port, connections, follows if known >= FOLLOWS else None, account)
    process = await asyncio.create_subprocess_exec(
        path, str(settings),
        user=account and account.pw_uid, group=account and account.pw_gid, extra_groups=[] if account else None,
    )  # fmt: skip
    through = Urls(*(at(each, port) for each in (urls.superuser, urls.owner, urls.app, urls.platform)))
    try:
        await answers(through.app)
        yield Pooler(replace(through, owner=urls.owner, superuser=urls.superuser), known)
    finally:
        process.terminate()
        await process.wait()
        shutil.rmtree(settings.parent)


def configured(urls: Urls, port: int, connections: int, follows: int | None, account: pwd.struct_passwd | None) -> Path:
    """Its settings, in a folder of the account's, and whom it lets in: our serving roles, by their passwords."""
    folder = Path(tempfile.mkdtemp(prefix="tenantry-pgbouncer-"))
    server = make_url(urls.app)
    host = server.host or server.query["host"]
    roles = [make_url(each) for each in (urls.app, urls.platform)]
    (folder / "users").write_text("".join(f'"{role.username}" "{role.password or ""}"\n' for role in roles))
    settings = folder / "pgbouncer.ini"
    settings.write_text(f"""
[databases]
{server.database} = host={host} port={server.port or server.query.get("port", 5432)}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {folder / "users"}
log_connections = 0
log_disconnections = 0
log_stats = 0
pool_mode = transaction
default_pool_size = {connections}
{"" if follows is None else f"max_prepared_statements = {follows}"}
""")
    if account:
        for each in (folder, *folder.iterdir()):
            os.chown(each, account.pw_uid, account.pw_gid)
    return settings


def at(url: str, port: int) -> str:
    """The same database through the pooler."""
    through = make_url(url).set(host="127.0.0.1", port=port, query={})
    return through.render_as_string(hide_password=False)


async def answers(url: str) -> None:
    """Wait until it lets somebody through; what it says meanwhile is on standard error."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    async with asyncio.timeout(START_TIMEOUT):
        while True:
            try:
                connection = await asyncpg.connect(plain, statement_cache_size=0, timeout=START_TIMEOUT)
            except OSError:
                await asyncio.sleep(0.02)
            else:
                await connection.close()
                return

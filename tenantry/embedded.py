"""The embedded PostgreSQL, behind one function (law 8): started by its first user, stopped with its last.

Every user holds a shared lock for as long as it uses the server. Whoever can take it alone is the last and
stops the server; keeper.py does so for users that were killed.
"""

import fcntl
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from models.database_role import roles_sql
from tenantry.cluster import PORT, SUPERUSER, Cluster, EmbeddedUnavailable, try_lock

__all__ = ["EmbeddedServer", "EmbeddedUnavailable", "embedded_server"]

DATABASE = "tenantry"


@dataclass(frozen=True, slots=True)
class EmbeddedServer:
    """A server that runs, and how to reach it: addresses for SQLAlchemy with asyncpg."""

    socket: Path

    @property
    def superuser_url(self) -> str:
        """For making roles and databases; no serving code has use for it."""
        return self.url(SUPERUSER, "postgres")

    def url(self, role: str, database: str = DATABASE) -> str:
        """The address of `database` as `role`: without a password, as only this account enters its folder."""
        # The port is named, or PGPORT of the caller's environment would count.
        place = f"host={quote(str(self.socket))}&port={PORT}"
        return f"postgresql+asyncpg://{quote(role)}@/{quote(database)}?{place}"


@contextmanager
def embedded_server(home: Path) -> Iterator[EmbeddedServer]:
    """The server under `home/postgres`, with our roles and an empty database `tenantry` when it is new.

    Attaches to one that runs and leaves it running while others use it. Raises EmbeddedUnavailable.
    """
    cluster = Cluster(home)
    with cluster.lock_file("users") as users:
        fcntl.flock(users, fcntl.LOCK_SH)  # waits while a server is being stopped
        with cluster.lock_file("start") as start:
            fcntl.flock(start, fcntl.LOCK_EX)
            _ensure_keeper(cluster)
            _ensure_running(cluster)
        try:
            yield EmbeddedServer(cluster.socket)
        finally:
            if try_lock(users):
                cluster.stop()
            else:
                # Others use it, or its keeper was faster: then this waits until the server has stopped.
                fcntl.flock(users, fcntl.LOCK_SH)


def _ensure_running(cluster: Cluster) -> None:
    if cluster.running() and cluster.ready.exists():
        return
    cluster.stop()  # one whose starter was killed half way
    cluster.ready.unlink(missing_ok=True)
    cluster.start()
    if not cluster.execute("postgres", f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'"):  # noqa: S608
        cluster.execute("postgres", f"CREATE DATABASE {DATABASE} TEMPLATE template0")
    cluster.execute(DATABASE, *roles_sql(DATABASE))
    cluster.ready.touch()


def _ensure_keeper(cluster: Cluster) -> None:
    """Start a keeper unless there is one: it inherits the lock that says so."""
    with (
        cluster.lock_file("keeper") as keeping,
        cluster.lock_file("users") as users,
        cluster.lock_file("alive") as alive,
        (cluster.root / "keeper.log").open("ab") as log,
    ):
        if not try_lock(keeping):
            return
        files = [file.fileno() for file in (users, alive, keeping)]
        keeper = [sys.executable, "-m", "tenantry.keeper", str(cluster.pid_file), *map(str, files)]
        # A shell that ends at once leaves the keeper to init: it is nobody's child, and nobody waits for it.
        subprocess.run(  # noqa: S603  (our own program)
            ["/bin/sh", "-c", f"{shlex.join(keeper)} &"],
            check=True, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            pass_fds=files, start_new_session=True,
        )  # fmt: skip

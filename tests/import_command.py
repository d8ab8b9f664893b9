"""`tenantry import` as a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

from tests.postgres import Urls

PROGRAM = "import typer; from tenantry.cli import import_; typer.run(import_.command)"


def import_command(urls: Urls, *arguments: str | Path) -> subprocess.Popen[str]:
    """Start it on this worker's database; what it prints can be read from its pipes."""
    environment = os.environ | {"DATABASE_URL": urls.app, "DATABASE_PLATFORM_URL": urls.platform}
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *map(str, arguments)],
        env=environment,
        cwd=Path(__file__).parent.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )

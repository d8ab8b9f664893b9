"""A peer's packages, in its own folder, as its lock file names them; once, until the lock changes."""

import hashlib
import re
import shutil
import sys
from importlib import metadata
from pathlib import Path

import orjson

from benchmarks.timed.programs import Failed, output

PEERS = Path(__file__).parent.parent / "peers"
NODE_LOCK, PYTHON_LOCK = "package-lock.json", "requirements.txt"


class Missing(Exception):
    """A peer cannot be had here; the message says why."""


async def install(folder: Path) -> None:
    """Install what the folder's lock names, unless that is there. Raises Missing."""
    lock = next((folder / each for each in (NODE_LOCK, PYTHON_LOCK) if (folder / each).exists()), None)
    if lock is None:
        return
    place = folder / ("node_modules" if lock.name == NODE_LOCK else ".venv")
    stamp, wanted = place / ".installed", hashlib.sha256(lock.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    try:
        await (_node(folder) if lock.name == NODE_LOCK else _python(folder))
    except Failed as error:
        raise Missing(str(error)) from error
    stamp.write_text(wanted)


def versions(folder: Path, packages: tuple[str, ...]) -> dict[str, str]:
    """The locked versions of some packages; where there is no lock, those of our own environment."""
    if (folder / NODE_LOCK).exists():
        locked = orjson.loads((folder / NODE_LOCK).read_bytes())["packages"]
        return {name: locked[f"node_modules/{name}"]["version"] for name in packages}
    if not (folder / PYTHON_LOCK).exists():
        return {name: metadata.version(name) for name in packages}
    text = (folder / PYTHON_LOCK).read_text()
    found = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text, re.MULTILINE))
    return {name: found[name] for name in packages}


async def version_of(folder: Path, program: str, packages: tuple[str, ...]) -> str:
    """What a server runs on, with its version, and the versions of its packages, in words."""
    runtime = (await output(program, "--version")).strip()
    runtime = f"Node.js {runtime.removeprefix('v')}" if runtime.startswith("v") else runtime
    return ", ".join([runtime, *(f"{name} {version}" for name, version in versions(folder, packages).items())])


async def _node(folder: Path) -> None:
    if shutil.which("npm") is None:
        raise Missing("npm is not on the PATH: install Node.js 20 or newer (apt-get install nodejs npm)")
    await output("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", folder=folder)


async def _python(folder: Path) -> None:
    place = folder / ".venv"
    await output(sys.executable, "-m", "venv", "--clear", str(place))
    pip = (str(place / "bin" / "python"), "-m", "pip", "install", "-qq", "--disable-pip-version-check")
    await output(*pip, "--require-hashes", "-r", PYTHON_LOCK, folder=folder)

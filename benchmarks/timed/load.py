"""Load, by wrk: as many connections as are told ask without a pause, and the same number each time."""

import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.timed.ask import UNIQUE, Ask
from benchmarks.timed.programs import output

SCRIPT = Path(__file__).with_suffix(".lua")
# An answer may be so much shorter than the one that was compared: names differ in length.
SHORTER = 0.9
TIMEOUT = 60


class NoLoad(Exception):
    """What was measured is worth nothing, or cannot be; the message says why."""


@dataclass(frozen=True)
class Load:
    """What a server answered in `seconds`; the percentiles of what a request took are in seconds too."""

    requests: int
    seconds: float
    p50: float
    p99: float


def check_driver() -> None:
    """Raise NoLoad where there is no wrk, or no /proc to see what servers use."""
    if sys.platform != "linux":
        raise NoLoad("it needs Linux, whose /proc tells what each server uses")
    if shutil.which("wrk") is None:
        raise NoLoad("wrk, which makes the load, is not on the PATH: install it (apt-get install wrk)")


async def load(
    address: str, asks: Sequence[Ask], *, connections: int, seconds: int, length: int, empty: bool = False
) -> Load:
    """Send these requests in turn; `length` is that of a right answer's body; `empty` lets pass that none came.

    Raises:
        NoLoad: an answer was none, or none came.
    """
    number = str(time.time_ns() // 1_000_000 % 1_000_000_000) if UNIQUE.encode() in asks[0].body else "-"
    with tempfile.NamedTemporaryFile() as file:
        for ask in asks:
            raw = ask.raw(address)
            file.write(b"%d\n%b\n" % (len(raw), raw))
        file.flush()
        printed = await output(
            "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", f"--timeout={TIMEOUT}s",
            f"--script={SCRIPT}", f"http://{address}", "--", file.name, str(int(length * SHORTER)), number,
        )  # fmt: skip
    loaded = read(printed)
    if not (loaded.requests or empty):
        raise NoLoad("no answer came in time: give more --seconds")
    return loaded


def read(printed: str) -> Load:
    """What load.lua said at the end. Raises NoLoad."""
    _, _, measured = printed.partition("MEASURED ")
    line, _, said = measured.partition("\n")
    requests, duration, p50, p99, wrong, failed = map(int, line.split())
    if wrong or failed:
        raise NoLoad(f"{wrong} of {requests} answers were wrong, {failed} connections failed: {said.strip()}")
    return Load(requests, duration / 1e6, p50 / 1e6, p99 / 1e6)

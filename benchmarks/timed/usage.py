"""What processes used, as Linux counts it in /proc: seconds of processor, bytes of memory."""

import os
from collections.abc import Iterable
from pathlib import Path

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")


def tree(root: int) -> list[int]:
    """A process and all beneath it."""
    parents = {int(each.name): _fields(int(each.name)) for each in PROC.iterdir() if each.name.isdigit()}
    found = [root]
    for pid in found:
        found += [child for child, fields in parents.items() if fields and int(fields[1]) == pid]
    return found


def seconds(pids: Iterable[int]) -> dict[int, float]:
    """The processor time of each that can be seen, since it was started."""
    seen = {pid: _fields(pid) for pid in pids}
    return {pid: (int(fields[11]) + int(fields[12])) / TICKS for pid, fields in seen.items() if fields}


def spent(before: dict[int, float], after: dict[int, float]) -> float:
    """The processor time between two looks; a process that is new had none before."""
    return sum(now - before.get(pid, 0.0) for pid, now in after.items())


def forget_peak(pids: Iterable[int]) -> None:
    """From now on the peak is counted anew."""
    for pid in pids:
        (PROC / str(pid) / "clear_refs").write_text("5")


def resident(pids: Iterable[int], *, peak: bool = False) -> int:
    """The bytes of memory that are held, or were at their peak, all processes together."""
    wanted = "VmHWM:" if peak else "VmRSS:"
    lines = (line for pid in pids for line in (PROC / str(pid) / "status").read_text().splitlines())
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(wanted))


def _fields(pid: int) -> list[str]:
    """Of /proc/PID/stat what follows the name, which may hold anything; none where the process has gone."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []

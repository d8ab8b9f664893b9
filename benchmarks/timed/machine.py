"""The machine in general words: enough to judge a figure by, and no more."""

import os
import platform

GIB = 1024**3


def machine() -> str:
    """Its processors, memory, system and Python."""
    cores = len(os.sched_getaffinity(0))
    memory = round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / GIB)
    return (
        f"{cores} {'core' if cores == 1 else 'cores'} ({platform.machine()}), {memory} GiB of memory, "
        f"{platform.system()}, {platform.python_implementation()} {platform.python_version()}"
    )

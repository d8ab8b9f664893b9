"""Stops an embedded server once nobody uses it any more, however its last user ended.

Started with the server, in a session of its own that Ctrl-C does not reach. It waits for the lock that every
user shares: the kernel lets go of a user's part even on kill -9, so no process id is ever looked at. All its
files are inherited: a home that is removed after its last use is not made again by a late keeper.
"""

import fcntl
import os
import sys
from pathlib import Path

from tenantry.cluster import stop_server


def main() -> None:
    """Wait, stop, end. Arguments: the server's pid file; the files that say who uses, runs and keeps it."""
    users, alive, keeping = map(int, sys.argv[2:5])
    fcntl.flock(users, fcntl.LOCK_EX)
    stop_server(Path(sys.argv[1]), alive)
    # Before the users' lock: the next one in must see that it needs a keeper of its own.
    os.close(keeping)


if __name__ == "__main__":
    main()

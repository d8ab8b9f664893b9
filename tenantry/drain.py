"""Leaving without losing a request: after SIGTERM the process says that it is not ready, and goes on for a while.

uvicorn closes its door at once, while load balancers still send. So its handler is called only after the delay;
this works alike in one process and in each worker of many.
"""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

log = structlog.get_logger("tenantry.drain")


class Drain:
    """Whether this process is on its way out."""

    def __init__(self, delay: float) -> None:
        """`delay` in seconds between SIGTERM and the end of accepting."""
        self.begun = False
        self._delay = delay

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Stand between SIGTERM and the server that handles it, while the block runs."""
        stop = signal.getsignal(signal.SIGTERM)
        # Where nobody handles it, or in a thread (a test's server), there is nothing to stand before.
        if not callable(stop) or threading.current_thread() is not threading.main_thread():
            yield
            return
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self.begin, lambda: stop(signal.SIGTERM, None))
        try:
            yield
        finally:
            loop.remove_signal_handler(signal.SIGTERM)
            signal.signal(signal.SIGTERM, stop)

    def begin(self, stop: Callable[[], object]) -> None:
        """Stop accepting after the delay; asked twice, at once."""
        if self.begun:
            stop()
            return
        self.begun = True
        log.info("draining", seconds=self._delay)
        asyncio.get_running_loop().call_later(self._delay, stop)

"""Leaving without losing a request: after SIGTERM the process says that it is not ready, and goes on for a while.

uvicorn closes its door at once, while load balancers still send. So its handler is called only after the delay;
this works alike in one process and in each worker of many. Ctrl-C has no delay. Streams would keep the process for
as long as requests may take to end: they are ended first.
"""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import structlog

log = structlog.get_logger("tenantry.drain")


class Drain:
    """Whether this process is on its way out."""

    def __init__(self, delay: float) -> None:
        """`delay` in seconds between SIGTERM and the end of accepting, and of streams, which `ending` tells."""
        self.begun = False
        self.ending = asyncio.Event()
        self._delay = delay

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Stand between the signals and the server that handles them, while the block runs."""
        handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
        # Where nobody handles them, or in a thread (a test's server), there is nothing to stand before.
        if not callable(handlers[signal.SIGTERM]) or threading.current_thread() is not threading.main_thread():
            yield
            return
        loop = asyncio.get_running_loop()
        for number, handler in handlers.items():
            if callable(handler):
                begin = self.begin if number is signal.SIGTERM else self.end
                loop.add_signal_handler(number, begin, partial(handler, number, None))
        try:
            yield
        finally:
            for number, handler in handlers.items():
                loop.remove_signal_handler(number)
                signal.signal(number, handler)

    def begin(self, stop: Callable[[], object]) -> None:
        """Stop accepting after the delay; asked twice, at once."""
        if self.begun:
            self.end(stop)
            return
        self.begun = True
        log.info("draining", seconds=self._delay)
        asyncio.get_running_loop().call_later(self._delay, self.end, stop)

    def end(self, stop: Callable[[], object]) -> None:
        """End the streams, and stop accepting."""
        self.ending.set()
        stop()

"""A breaker: what does not answer is left alone for a while, so that nobody waits for it."""

from datetime import datetime, timedelta

from models.clock import Clock


class Breaker:
    """After each failure there is a pause, a long one after several on end; at its end one caller tries."""

    def __init__(self, clock: Clock, *, failures: int = 5, rest: float = 1.0, pause: float = 10.0) -> None:
        """`rest` after a failure, so that no request waits twice, and `pause` after so many `failures`, in seconds."""
        self._clock = clock
        self._most = failures
        self._rest = timedelta(seconds=rest)
        self._pause = timedelta(seconds=pause)
        self._failures = 0
        self._paused_at: datetime | None = None

    @property
    def is_well(self) -> bool:
        """Whether the last try worked."""
        return not self._failures

    def may_try(self) -> bool:
        """Whether to try now; who is told so tells what came of it."""
        if self._paused_at is None:
            return True
        pause = self._pause if self._failures >= self._most else self._rest
        # A clock that was set back would make the pause longer than it is.
        if timedelta() <= self._clock.now() - self._paused_at < pause:
            return False
        self._paused_at = self._clock.now()
        return True

    def worked(self) -> None:
        """It answered."""
        self._failures = 0
        self._paused_at = None

    def failed(self) -> None:
        """It did not."""
        self._failures += 1
        self._paused_at = self._clock.now()

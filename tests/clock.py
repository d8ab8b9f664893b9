"""A clock that stands still until a test moves it."""

import uuid
from datetime import UTC, datetime, timedelta

from models.clock import uuid7


class HeldClock:
    """Implements `models.clock.Clock`; ids count up and carry the held time, so every run makes the same ones."""

    def __init__(self, start: datetime, salt: int) -> None:
        """`salt` keeps the ids of two tests apart that share a database."""
        self._now = start
        self._salt = salt
        self._made = 0

    def now(self) -> datetime:
        """The held moment."""
        return self._now

    def new_id(self) -> uuid.UUID:
        """The next id."""
        self._made += 1
        return uuid7(int(self._now.timestamp() * 1000), (self._salt & (1 << 50) - 1) << 24 | self._made)

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self._now += by


START = datetime(2026, 3, 1, 12, 0, 0, 123000, tzinfo=UTC)

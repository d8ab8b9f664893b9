"""Time and new ids come from here alone, so that tests can hold them (law 9)."""

import os
import threading
import time
import uuid
from datetime import UTC, datetime
from typing import Protocol

from asyncpg.pgproto.pgproto import UUID


class Clock(Protocol):
    """Where a process asks for the time and for new ids."""

    def now(self) -> datetime:
        """The moment, in UTC, aware, cut to milliseconds: what the graph shows is what is stored."""
        ...

    def new_id(self) -> uuid.UUID:
        """A UUIDv7 (RFC 9562); each is greater than the one before it in this process."""
        ...


class SystemClock:
    """The machine's clock; ids made in one millisecond count up, so that id order is creation order."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def now(self) -> datetime:
        return datetime.fromtimestamp(time.time_ns() // 1_000_000 / 1000, UTC)

    def new_id(self) -> uuid.UUID:
        # 42 random bits beneath a 32-bit counter: neighbours in one millisecond stay in order.
        fresh = time.time_ns() // 1_000_000 << 74 | int.from_bytes(os.urandom(10)) >> 6
        with self._lock:
            self._last = max(fresh, self._last + 1)
            value = self._last
        return uuid7(value >> 74, value & (1 << 74) - 1)


def uuid8(content: bytes) -> uuid.UUID:
    """The first 16 bytes of a hash in the shape of a UUIDv8 (RFC 9562): whoever has the hash makes the same one."""
    value = int.from_bytes(content[:16].ljust(16, b"\0"))
    return uuid.UUID(int=value & ~(0xF << 76) & ~(0b11 << 62) | 0x8 << 76 | 0b10 << 62)


def uuid7(milliseconds: int, tail: int) -> uuid.UUID:
    """Put a 48-bit time in ms and a 74-bit tail into the shape of a UUIDv7."""
    high = milliseconds << 16 | 0x7000 | tail >> 62
    low = 0b10 << 62 | tail & (1 << 62) - 1
    return UUID((high << 64 | low).to_bytes(16))

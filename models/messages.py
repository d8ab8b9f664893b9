"""Messages of PostgreSQL's protocol, version 3, as far as we speak it ourselves beside the driver.

A message is its kind, the length of all that follows, and that. Values go as text: PostgreSQL reads them as it reads
literals, and the driver's binary forms are its own.
"""

import uuid
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from struct import Struct
from typing import Any

from asyncpg.pgproto.pgproto import UUID

HEAD = Struct("!BI")
LENGTH = Struct("!i")
DONE, ROW, ERROR, READY = b"CDEZ"
# What READY says of a connection that is in no transaction.
IDLE = ord("I")
# Notices, settings and notifications come at any time, and answer nothing.
ASIDE = frozenset(b"NSA")


class Unspeakable(ValueError):
    """A value of a type that is not spelled here."""


def framed(kind: bytes, content: bytes) -> bytes:
    """A message."""
    return kind + (len(content) + 4).to_bytes(4) + content


def query(text: str) -> bytes:
    """A simple query: statements that are run at once, in the order in which they stand."""
    return framed(b"Q", text.encode() + b"\0")


def _run(text: str) -> bytes:
    """A statement without values, parsed, bound and run without a name; no Sync behind it."""
    return framed(b"P", b"\0%b\0\0\0" % text.encode()) + framed(b"B", bytes(8)) + framed(b"E", bytes(5))


def _done(text: str) -> bytes:
    """What PostgreSQL answers to that, where it ran: parsed, bound, done."""
    return framed(b"1", b"") + BOUND + framed(b"C", text.split(maxsplit=1)[0].encode() + b"\0")


@lru_cache(maxsize=10_000)
def beginning(text: str) -> tuple[bytes, bytes]:
    """What begins a transaction by these statements; what PostgreSQL answers where it does, and binds what follows."""
    statements = [each.strip() for each in text.split(";")]
    return b"".join(map(_run, statements)), b"".join(map(_done, statements)) + BOUND


def bound_and_run(name: str, given: Sequence[Any]) -> bytes:
    """A prepared statement with these values, run for one row. Raises Unspeakable."""
    values = b"".join(map(_value, given))
    return framed(b"B", b"\0%b\0\0\0%b%b\0\0" % (name.encode(), len(given).to_bytes(2), values)) + RUN_FOR_ONE


BOUND = framed(b"2", b"")
NULL = LENGTH.pack(-1)
RUN_FOR_ONE = framed(b"E", b"\0" + LENGTH.pack(1))
AT_REST = framed(b"Z", b"I")
COMMIT = query("COMMIT")
COMMIT_AND_SYNC = _run("COMMIT") + framed(b"S", b"")
COMMITTED = _done("COMMIT") + AT_REST


def _value(value: Any) -> bytes:
    """A value behind its length."""
    if value is None:
        return NULL
    spelled = _spelled(value).encode()
    return LENGTH.pack(len(spelled)) + spelled


def _spelled(value: Any) -> str:
    spell = SPELLINGS.get(type(value))
    if spell is not None:
        return spell(value)
    if isinstance(value, str):  # a member of an enum
        return value
    raise Unspeakable(type(value).__name__)


def _list(values: list[Any]) -> str:
    """An array: every element in quotes, but for what is null."""
    return f"{{{','.join(map(_element, values))}}}"


def _element(value: Any) -> str:
    if value is None:
        return "NULL"
    if type(value) is list:
        raise Unspeakable("a list in a list")
    escaped = _spelled(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


SPELLINGS: dict[type, Callable[[Any], str]] = {
    str: str,
    UUID: str,
    uuid.UUID: str,
    int: str,
    bool: lambda value: "true" if value else "false",
    float: repr,
    Decimal: str,
    datetime: datetime.isoformat,
    date: date.isoformat,
    list: _list,
}

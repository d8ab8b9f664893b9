"""A read that we speak ourselves: what we spell PostgreSQL reads, and what it answers is read however it comes."""

import asyncio
import itertools
import math
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models import DeviceStatus
from models.database import Database
from models.exchange import Exchange
from models.messages import AT_REST, COMMITTED, LENGTH, Unspeakable, beginning, bound_and_run, framed, query
from tests.estate import Estate
from tests.postgres import Urls
from tests.sql import value_of

OPENED = beginning("BEGIN; SET LOCAL jit = off")[1]
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
WHOLE = st.integers(-(2**63), 2**63 - 1)
MOMENT = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001
# Values by what PostgreSQL takes them for.
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "text": TEXT,
    "varchar": st.sampled_from(DeviceStatus),
    "varchar[]": st.lists(st.sampled_from(DeviceStatus), max_size=3),
    "bigint": WHOLE,
    "boolean": st.booleans(),
    "double precision": st.floats(allow_nan=False, allow_infinity=False),
    "numeric": st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**12), max_value=10**12),
    "timestamptz": MOMENT,
    "date": st.dates(),
    "uuid": st.uuids(),
    "text[]": st.lists(st.none() | TEXT, max_size=5),
    "bigint[]": st.lists(WHOLE, max_size=5),
    "uuid[]": st.lists(st.none() | st.uuids(), max_size=5),
}


@pytest.fixture
async def single(urls: Urls) -> AsyncIterator[Database]:
    """A pool of one connection."""
    database = Database(urls.app, pool_size=1)
    yield database
    await database.close()


@pytest.mark.parametrize("type_", VALUES)
async def test_what_is_spelled_is_read_as_what_the_driver_sends(single: Database, acme: Estate, type_: str) -> None:
    """Of every type that compiled statements are given, null among them."""
    statement = f"SELECT to_jsonb($1::{type_})::text || ' ' || coalesce(($1::{type_})::text, 'null')"
    values = [None, *_examples(VALUES[type_])]
    for value in values:
        assert bound_and_run("name", [value])
        read = await value_of(single, acme.tenant.id, statement, [value])
        [sent] = await single.record(acme.tenant.id, statement, [value])
        assert read == sent, value


def _examples(strategy: st.SearchStrategy[Any]) -> list[Any]:
    """Fifty of them, the same each time."""
    found: list[Any] = []

    @settings(max_examples=50, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(strategy)
    def collect(value: Any) -> None:
        found.append(value)

    collect()
    return found


@pytest.mark.parametrize("value", [b"bytes", {"an": "object"}, [["a list"]], object()], ids=["1", "2", "3", "4"])
def test_what_is_not_spelled_here_is_left_to_the_driver(value: Any) -> None:
    """It knows more types."""
    with pytest.raises(Unspeakable):
        bound_and_run("name", [value])


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
async def test_numbers_that_json_has_not_are_spelled_too(single: Database, acme: Estate, value: float) -> None:
    """PostgreSQL has them."""
    statement = "SELECT ($1::double precision)::text"
    for _ in range(2):
        assert float(await value_of(single, acme.tenant.id, statement, [value]) or 0) == pytest.approx(
            value, nan_ok=True
        )


async def test_every_length_of_text_comes_whole(single: Database, acme: Estate) -> None:
    """Around the sizes of the pieces in which it comes."""
    for size in (0, 1, 8_191, 8_192, 65_535, 65_536, 262_144, 1_000_003):
        assert await value_of(single, acme.tenant.id, "SELECT repeat('ä', $1::int)", [size]) == "ä" * size


async def test_of_several_rows_the_first_is_read(single: Database, acme: Estate) -> None:
    """And of none, none."""
    for count in (3, 0, 1, 2):
        rows = "SELECT n::text FROM generate_series(1, $1::int) AS n"
        assert await value_of(single, acme.tenant.id, rows, [count]) == ("1" if count else None)


async def exchanged(stream: bytes, cuts: list[int]) -> tuple[Any, bytes]:
    """What a stream says, and what of it is the driver's, however it is cut."""
    exchange = Exchange(OPENED, asyncio.get_running_loop().create_future())
    rest = None
    places = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    for start, stop in itertools.pairwise(places):
        if rest is None:
            rest = exchange.take(stream[start:stop])
        else:
            rest += stream[start:stop]
    assert rest is not None
    error = exchange.answer.exception()
    found = exchange.answer.result() if error is None else None
    return (error or (None if found is None else bytes(found))), rest


def row(value: bytes | None) -> bytes:
    """One row of one value."""
    spelled = LENGTH.pack(-1) if value is None else LENGTH.pack(len(value)) + value
    return framed(b"D", b"\0\1" + spelled)


@settings(deadline=None)
@given(
    value=st.none() | st.binary(max_size=300) | st.just(COMMITTED) | st.just(AT_REST * 3),
    aside=st.lists(st.sampled_from([framed(b"N", b"notice"), framed(b"A", AT_REST)]), max_size=2),
    more=st.sampled_from([b"", framed(b"A", b"more")]),
    cuts=st.lists(st.integers(0, 900), max_size=12),
)
def test_however_it_is_cut_an_answer_is_read_whole(
    value: bytes | None, aside: list[bytes], more: bytes, cuts: list[int]
) -> None:
    """Whatever is in it, and what comes aside is the driver's."""
    answer = [framed(b"2", b""), *aside, row(value), framed(b"C", b"SELECT 1\0")]
    found, rest = asyncio.run(exchanged(b"".join([OPENED, *answer, COMMITTED, more]), cuts))
    assert (found, rest) == (value, b"".join([*aside, more]))


ERROR = framed(b"E", b"SERROR\0VERROR\0C57014\0Mstopped\0\0")


@pytest.mark.parametrize(
    "stream",
    [
        OPENED + framed(b"2", b"") + ERROR + framed(b"Z", b"E"),
        OPENED + framed(b"2", b"") + row(b"half") + ERROR + framed(b"Z", b"E"),
        OPENED[:21] + ERROR + framed(b"Z", b"E"),
        ERROR + framed(b"Z", b"I"),
    ],
    ids=["before its row", "after its row", "in the beginning", "at once"],
)
async def test_an_error_is_told_as_the_driver_tells_it(stream: bytes) -> None:
    """And nothing of the answer that came before it."""
    for cut in range(len(stream)):
        found, rest = await exchanged(stream, [cut])
        assert (type(found), str(found), rest) == (asyncpg.QueryCanceledError, "stopped", b"")


@pytest.mark.parametrize(
    "stream",
    [
        framed(b"2", b"") + row(b"nothing") + framed(b"C", b"SELECT 1\0") + AT_REST,
        OPENED + framed(b"2", b"") + row(b"half") + framed(b"C", b"SELECT 1\0") + framed(b"Z", b"T"),
        OPENED + framed(b"2", b"") + row(b"half") + framed(b"C", b"SELECT 1\0") + framed(b"C", b"ROLLBACK\0") + AT_REST,
    ],
    ids=["without a beginning", "without an end", "rolled back"],
)
async def test_an_answer_from_outside_the_transaction_is_never_read(stream: bytes) -> None:
    """Without its tenant a statement finds nothing, and that would be a wrong answer."""
    found, _ = await exchanged(stream, [])
    assert isinstance(found, asyncpg.InterfaceError)


def test_messages_are_spelled_as_the_protocol_has_them() -> None:
    """Their kinds, their lengths in bytes with these four, and what they say."""
    assert query("é") == b"Q\0\0\0\7\xc3\xa9\0"
    bound = b"B\0\0\0\x16\0s\0\0\0\0\2\0\0\0\1x\xff\xff\xff\xff\0\0"
    assert bound_and_run("s", ["x", None]) == bound + b"E\0\0\0\t\0\0\0\0\1"

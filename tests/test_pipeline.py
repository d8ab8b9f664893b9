"""A read in one round trip: the same value, the same errors, and a connection at rest whatever happens."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.database import Database
from models.faults import is_timeout
from models.messages import framed
from models.pipeline import BEGINNINGS, STATEMENTS, Pipeline
from tenantry.databases import Databases
from tests.estate import Estate
from tests.interrupt import CancelledAt, until
from tests.postgres import Urls
from tests.sql import value_of
from tests.test_database import PID, assert_clean, is_free, is_locked, kill, nobody_in_transaction

NAMES = "SELECT coalesce(string_agg(name, ','), '') || $1::text FROM device"
ADD = "SELECT ($1::int + 1)::text"
WHERE = """SELECT current_setting('transaction_isolation') || ',' || current_setting('transaction_read_only')
  || ',' || current_setting('app.tenant_id')"""


@pytest.fixture
async def single(urls: Urls) -> AsyncIterator[Database]:
    """A pool of one connection, which rests and knows the statements above."""
    database = Database(urls.app, pool_size=1)
    async with database.read(None):
        pass
    yield database
    await database.close()


async def warmed(database: Database, estate: Estate, statement: str, *values: Any) -> Any:
    """What a statement answers that its connection knows already."""
    for _ in range(2):
        found = await value_of(database, estate.tenant.id, statement, values)
    return found


async def test_without_a_tenant_of_its_own_nothing_is_read(single: Database, acme: Estate, globex: Estate) -> None:
    """Each read sees its tenant's rows, and the next one on the same connection its own."""
    for estate in (acme, globex, acme):
        assert await value_of(single, estate.tenant.id, NAMES, ["!"]) == "Front door reader!"
    await assert_clean(single)


async def test_it_is_a_snapshot_that_cannot_write(single: Database, acme: Estate) -> None:
    """The bar on writing and the tenant are those of any read, and end with it; one statement is one snapshot."""
    assert await warmed(single, acme, WHERE) == f"read committed,on,{acme.tenant.id}"
    await assert_clean(single)


async def test_a_known_statement_is_one_round_trip(single: Database, acme: Estate) -> None:
    """What begins, what asks and what ends leave in one piece, and the driver hears nothing of it."""
    assert await warmed(single, acme, ADD, 1) == "2"
    with listening(single) as heard:
        assert await value_of(single, acme.tenant.id, ADD, [2]) == "3"
    assert heard.told == ["P"]


async def test_a_row_that_the_driver_reads_is_one_round_trip_too(single: Database, acme: Estate) -> None:
    """What begins and what ends are written around the driver's own message."""
    rows = "SELECT id, name FROM device"
    for _ in range(2):
        first = await single.record(acme.tenant.id, rows, [])
    with listening(single) as heard:
        assert await single.record(acme.tenant.id, rows, []) == first
    assert heard.told[:2] == ["Q", "Q"]
    assert set(heard.told[2:]) == {"answered"}


async def test_a_row_asked_for_with_an_unspeakable_value_costs_the_connection_alone(
    single: Database, acme: Estate
) -> None:
    """The beginning had left by then: nobody is to get its transaction."""
    rows = "SELECT id, $1::int AS n FROM device"
    for value, wrong in [(1, False), ("one", True), (1, False), (2, False), ("one", True), (3, False)]:
        with pytest.raises(asyncpg.DataError) if wrong else nullcontext():
            assert (await single.record(acme.tenant.id, rows, [value]))["n"] == value
        await assert_clean(single)


async def test_a_statement_that_fails_tells_why_and_leaves_nothing(single: Database, acme: Estate) -> None:
    """The first time and the next ones; the connection serves who comes next."""
    for divisor in (1, 0, 1, 0, 2):
        if divisor:
            assert await value_of(single, acme.tenant.id, "SELECT (2 / $1::int)::text", [divisor]) == str(2 // divisor)
        else:
            with pytest.raises(asyncpg.DivisionByZeroError):
                await value_of(single, acme.tenant.id, "SELECT (2 / $1::int)::text", [divisor])
        await assert_clean(single)


async def test_a_beginning_that_fails_runs_nothing_outside_a_transaction(
    single: Database, acme: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its tenant a statement would find nothing, and that would be a wrong answer."""
    await warmed(single, acme, NAMES, "!")
    with monkeypatch.context() as patched:
        patched.setattr(single, "_beginning", lambda *_: "BEGIN; SET LOCAL nonsense_of_no_kind = 1")
        with pytest.raises(asyncpg.UndefinedObjectError):
            await value_of(single, acme.tenant.id, NAMES, ["!"])
    await assert_clean(single)
    assert await value_of(single, acme.tenant.id, NAMES, ["!"]) == "Front door reader!"


async def test_a_value_that_does_not_fit_is_refused(single: Database, acme: Estate) -> None:
    """By PostgreSQL, which says so as the driver would."""
    assert await warmed(single, acme, ADD, 1) == "2"
    for _ in range(2):
        with pytest.raises(asyncpg.DataError):
            await value_of(single, acme.tenant.id, ADD, ["one"])
        await assert_clean(single)
    assert await warmed(single, acme, ADD, 1) == "2"


async def test_a_statement_past_its_deadline_is_stopped(urls: Urls, acme: Estate) -> None:
    """PostgreSQL itself ends it, and the connection is good again."""
    impatient = Database(urls.app, pool_size=1, statement_timeout=0.1)
    try:
        assert await warmed(impatient, acme, "SELECT pg_sleep($1)::text", 0) == ""
        for _ in range(2):
            with pytest.raises(asyncpg.QueryCanceledError) as stopped:
                await value_of(impatient, acme.tenant.id, "SELECT pg_sleep($1)::text", [60])
            assert is_timeout(stopped.value)
            await assert_clean(impatient)
    finally:
        await impatient.close()


async def test_a_statement_whose_caller_left_is_stopped(single: Database, databases: Databases, acme: Estate) -> None:
    """It is cancelled in PostgreSQL too, long before its deadline."""
    slow = "SELECT pg_advisory_xact_lock($1)::text || pg_sleep($2)::text"
    await warmed(single, acme, slow, 1003, 0)
    task = asyncio.create_task(value_of(single, acme.tenant.id, slow, [1003, 60]))
    await until(lambda: is_locked(databases.app, 1003))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: is_free(databases.app, 1003))
    await assert_clean(single)


@pytest.mark.parametrize("late", [False, True], ids=["waiting", "answered"])
async def test_cancelled_at_any_await_nothing_is_left_behind(
    single: Database, databases: Databases, acme: Estate, *, late: bool
) -> None:
    """A known statement and a new one: the next reader finds no transaction, and its own rows."""
    for suspension in itertools.count(1):
        statement = f"{NAMES} -- {suspension}"
        works = [
            CancelledAt(value_of(single, acme.tenant.id, statement, ["!"]), suspension, late=late) for _ in range(2)
        ]
        for work in works:
            await work
            await assert_clean(single)
        if not any(work.reached for work in works):
            break
    assert suspension > 1
    await until(lambda: nobody_in_transaction(databases.app))


async def test_a_connection_that_died_at_rest_is_replaced(single: Database, databases: Databases, acme: Estate) -> None:
    """Nobody notices: a read may be asked for again."""
    await warmed(single, acme, NAMES, "!")
    async with single.read(None) as connection:
        pid = (await connection.execute(PID)).scalar_one()
    await kill(databases.app, pid)
    assert await value_of(single, acme.tenant.id, NAMES, ["!"]) == "Front door reader!"


async def test_tables_that_change_under_a_known_statement_are_read_as_they_are(
    single: Database, urls: Urls, acme: Estate
) -> None:
    """A migration while the server runs: the statement is prepared anew."""
    owner = Database(urls.owner, pool_size=1)
    try:
        async with owner.write(None) as connection:
            await connection.exec_driver_sql("CREATE TABLE changing AS SELECT '1'::text AS number")
            await connection.exec_driver_sql("GRANT SELECT ON changing TO PUBLIC")
        assert await warmed(single, acme, "SELECT number FROM changing") == "1"
        async with owner.write(None) as connection:
            await connection.exec_driver_sql("ALTER TABLE changing ALTER number TYPE varchar(9) USING 'one'")
        assert await value_of(single, acme.tenant.id, "SELECT number FROM changing", []) == "one"
    finally:
        async with owner.write(None) as connection:
            await connection.exec_driver_sql("DROP TABLE changing")
        await owner.close()


class Heard:
    """Stands for a pipeline's transport and for its driver's protocol, and tells what came when."""

    def __init__(self, transport: Any, protocol: Any) -> None:
        self.told: list[str] = []
        self._transport = transport
        self._protocol = protocol

    def write(self, data: bytes) -> None:
        """What is sent beside the driver's own message."""
        self.told.append(chr(data[0]))
        self._transport.write(data)

    def data_received(self, data: bytes) -> None:
        """What comes back."""
        self.told.append("answered")
        self._protocol.data_received(data)


@contextmanager
def listening(single: Database) -> Iterator[Heard]:
    """What passes the pipeline of the one connection, which rests before."""
    [taken] = single._pool._resting
    pipeline = taken.pipeline
    heard = Heard(pipeline._transport, pipeline._protocol)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(pipeline, "_transport", heard)
        patched.setattr(pipeline, "_protocol", heard)
        yield heard


class _Spoken:
    """A connection's parts, which hear what a pipeline shows the driver."""

    def __init__(self) -> None:
        self.shown = b""
        self.aborted = False
        self._protocol = self
        self._transport = self

    def set_protocol(self, _protocol: object) -> None:
        """It is the test that speaks."""

    def abort(self) -> None:
        """The connection is given up."""
        self.aborted = True

    def data_received(self, data: bytes) -> None:
        """What the driver is shown."""
        self.shown += data


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(
    value=st.binary(max_size=300),
    notice=st.binary(max_size=20),
    cuts=st.lists(st.integers(0, 700), max_size=12),
    failing=st.sampled_from([None, "beginning", "statement", "end"]),
    begins=st.booleans(),
)
def test_however_it_is_cut_the_driver_is_shown_its_part(
    value: bytes, notice: bytes, cuts: list[int], failing: str | None, *, begins: bool
) -> None:
    """The statement's answer or the first error, what comes aside, and one word that the connection rests.

    Of a whole transaction, or of the last statement of one.
    """
    error, aside, rest = framed(b"E", b"why"), framed(b"N", notice), framed(b"Z", b"I")
    open_, failed = framed(b"Z", b"T"), failing in {"beginning", "statement"}
    beginning = [error] if failing == "beginning" else [framed(b"C", b"BEGIN"), framed(b"C", b"SET"), aside]
    rows = [framed(b"2", b""), framed(b"D", value), framed(b"C", b"INSERT 0 1"), aside]
    answer = [error] if failed else rows
    end = [error] if failing == "end" else [framed(b"C", b"NOTIFY"), framed(b"C", b"COMMIT")]
    more = framed(b"A", b"more")
    begun = [*beginning, open_] if begins else []
    stream = b"".join([*begun, *answer, open_, *end, rest, more])
    early = [aside] if begins and failing != "beginning" else []
    told = {None: rows, "end": [*rows, error]}.get(failing, [error])
    spoken = _Spoken()
    pipeline = Pipeline(spoken)
    pipeline._awaited = BEGINNINGS if begins else STATEMENTS
    places = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    for start, stop in itertools.pairwise(places):
        pipeline.data_received(stream[start:stop])
    assert spoken.shown == b"".join([*early, *told, rest, more])


@pytest.mark.parametrize("part", ["beginning", "statement"])
def test_an_answer_from_outside_the_transaction_is_never_shown(part: str) -> None:
    """Without an error, and yet no transaction is open: the connection is given up before the driver has its answer."""
    spoken = _Spoken()
    pipeline = Pipeline(spoken)
    pipeline._awaited = BEGINNINGS if part == "beginning" else STATEMENTS
    pipeline.data_received(framed(b"2", b"") + framed(b"C", b"INSERT 0 1") + framed(b"Z", b"I"))
    assert spoken.aborted
    assert b"Z" not in spoken.shown

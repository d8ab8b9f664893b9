"""A read in one round trip: the same value, the same errors, and a connection at rest whatever happens."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.database import Database
from models.faults import is_timeout
from models.pipeline import BEGINNINGS, Pipeline, message, opening
from models.pool import PIPELINE
from tenantry.databases import Databases
from tests.estate import Estate
from tests.interrupt import CancelledAt, until
from tests.postgres import Urls
from tests.test_database import PID, assert_clean, is_free, is_locked, kill, nobody_in_transaction

NAMES = "SELECT coalesce(string_agg(name, ','), '') || $1::text FROM device"
ADD = "SELECT $1::int + 1"
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
        found = await database.value(estate.tenant.id, statement, values)
    return found


async def test_without_a_tenant_of_its_own_nothing_is_read(single: Database, acme: Estate, globex: Estate) -> None:
    """Each read sees its tenant's rows, and the next one on the same connection its own."""
    for estate in (acme, globex, acme):
        assert await single.value(estate.tenant.id, NAMES, ["!"]) == "Front door reader!"
    await assert_clean(single)


async def test_it_is_a_snapshot_that_cannot_write(single: Database, acme: Estate) -> None:
    """The bar on writing and the tenant are those of any read, and end with it; one statement is one snapshot."""
    assert await warmed(single, acme, WHERE) == f"read committed,on,{acme.tenant.id}"
    await assert_clean(single)


async def test_a_known_statement_is_one_round_trip(
    single: Database, acme: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What begins, what asks and what ends are written before anything is answered."""
    assert await warmed(single, acme, ADD, 1) == 2
    [taken] = single._pool._resting
    pipeline = taken.info[PIPELINE]
    heard = Heard(pipeline._transport, pipeline._protocol)
    with monkeypatch.context() as patched:
        patched.setattr(pipeline, "_transport", heard)
        patched.setattr(pipeline, "_protocol", heard)
        assert await single.value(acme.tenant.id, ADD, [2]) == 3
    assert heard.told[:2] == ["Q", "Q"]
    assert set(heard.told[2:]) == {"answered"}


async def test_a_statement_that_fails_tells_why_and_leaves_nothing(single: Database, acme: Estate) -> None:
    """The first time and the next ones; the connection serves who comes next."""
    for divisor in (1, 0, 1, 0, 2):
        if divisor:
            assert await single.value(acme.tenant.id, "SELECT 2 / $1::int", [divisor]) == 2 // divisor
        else:
            with pytest.raises(asyncpg.DivisionByZeroError):
                await single.value(acme.tenant.id, "SELECT 2 / $1::int", [divisor])
        await assert_clean(single)


async def test_a_beginning_that_fails_runs_nothing_outside_a_transaction(single: Database, acme: Estate) -> None:
    """Without its tenant a statement would find nothing, and that would be a wrong answer."""
    await warmed(single, acme, NAMES, "!")
    [taken] = single._pool._resting
    with pytest.raises(asyncpg.UndefinedObjectError):
        await taken.pipeline.record("BEGIN; SET LOCAL nonsense_of_no_kind = 1", NAMES, ["!"])
    assert not taken.driver.is_in_transaction()
    assert await single.value(acme.tenant.id, NAMES, ["!"]) == "Front door reader!"


async def test_a_value_that_cannot_be_sent_costs_the_connection_alone(single: Database, acme: Estate) -> None:
    """The beginning had left by then: nobody is to get its transaction."""
    assert await warmed(single, acme, ADD, 1) == 2
    for _ in range(2):
        with pytest.raises(asyncpg.DataError):
            await single.value(acme.tenant.id, ADD, ["one"])
        await assert_clean(single)
    assert await warmed(single, acme, ADD, 1) == 2


async def test_a_statement_past_its_deadline_is_stopped(urls: Urls, acme: Estate) -> None:
    """PostgreSQL itself ends it, and the connection is good again."""
    impatient = Database(urls.app, pool_size=1, statement_timeout=0.1)
    try:
        assert await warmed(impatient, acme, "SELECT pg_sleep($1)::text", 0) == ""
        for _ in range(2):
            with pytest.raises(asyncpg.QueryCanceledError) as stopped:
                await impatient.value(acme.tenant.id, "SELECT pg_sleep($1)::text", [60])
            assert is_timeout(stopped.value)
            await assert_clean(impatient)
    finally:
        await impatient.close()


async def test_a_statement_whose_caller_left_is_stopped(single: Database, databases: Databases, acme: Estate) -> None:
    """It is cancelled in PostgreSQL too, long before its deadline."""
    slow = "SELECT pg_advisory_xact_lock($1)::text || pg_sleep($2)::text"
    await warmed(single, acme, slow, 1003, 0)
    task = asyncio.create_task(single.value(acme.tenant.id, slow, [1003, 60]))
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
        works = [CancelledAt(single.value(acme.tenant.id, statement, ["!"]), suspension, late=late) for _ in range(2)]
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
    assert await single.value(acme.tenant.id, NAMES, ["!"]) == "Front door reader!"


async def test_tables_that_change_under_a_known_statement_are_read_as_they_are(
    single: Database, urls: Urls, acme: Estate
) -> None:
    """A migration while the server runs: the statement is prepared anew."""
    owner = Database(urls.owner, pool_size=1)
    try:
        async with owner.write(None) as connection:
            await connection.exec_driver_sql("CREATE TABLE changing AS SELECT 1 AS number")
            await connection.exec_driver_sql("GRANT SELECT ON changing TO PUBLIC")
        assert await warmed(single, acme, "SELECT number FROM changing") == 1
        async with owner.write(None) as connection:
            await connection.exec_driver_sql("ALTER TABLE changing ALTER number TYPE text USING 'one'")
        assert await single.value(acme.tenant.id, "SELECT number FROM changing", []) == "one"
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


def said(kind: str, body: bytes = b"") -> bytes:
    """A message of PostgreSQL's."""
    return kind.encode() + (len(body) + 4).to_bytes(4) + body


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(
    value=st.binary(max_size=300),
    notice=st.binary(max_size=20),
    cuts=st.lists(st.integers(0, 700), max_size=12),
    failing=st.sampled_from([None, "beginning", "statement", "end"]),
    usual=st.booleans(),
)
def test_however_it_is_cut_the_driver_is_shown_its_part(
    value: bytes, notice: bytes, cuts: list[int], failing: str | None, *, usual: bool
) -> None:
    """The statement's answer or the first error, what comes aside, and one word that the connection rests.

    What begins and ends it is answered as PostgreSQL usually does, or in other words.
    """
    error, aside = said("E", b"why"), said("N", notice)
    begun, ended = (b"BEGIN\0", b"COMMIT\0") if usual else (b"begun", b"ended")
    beginning = (
        [error] if failing == "beginning" else [said("C", begun), said("C", b"SET\0"), *([] if usual else [aside])]
    )
    answer = [error] if failing == "statement" else [said("2"), said("D", value), said("s"), aside]
    end = [error] if failing == "end" else [said("C", ended)]
    rest = said("Z", b"I")
    stream = b"".join([*beginning, said("Z", b"T"), *answer, said("Z", b"T"), *end, rest, said("A", b"more")])
    # What came aside in the beginning.
    early = [] if usual or failing == "beginning" else [aside]
    told = {
        None: [*early, *answer],
        "beginning": [error, aside],
        "statement": [*early, error],
        "end": [*early, *answer, error],
    }[failing]
    spoken = _Spoken()
    pipeline = Pipeline(spoken)
    pipeline._awaited, (_, pipeline._opened) = BEGINNINGS, opening("BEGIN; SET LOCAL jit = off")
    places = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    for start, stop in itertools.pairwise(places):
        pipeline.data_received(stream[start:stop])
    assert spoken.shown == b"".join([*told, rest, said("A", b"more")])


@pytest.mark.parametrize("part", ["beginning", "statement"])
def test_an_answer_from_outside_the_transaction_is_never_shown(part: str) -> None:
    """Without an error, and yet no transaction is open: the connection is given up before the driver has its answer."""
    spoken = _Spoken()
    pipeline = Pipeline(spoken)
    pipeline._awaited = BEGINNINGS
    began = said("C", b"BEGIN") + said("Z", b"I" if part == "beginning" else b"T")
    pipeline.data_received(began)
    if part == "statement":
        pipeline.data_received(said("2") + said("D", b"nothing") + said("s") + said("Z", b"I"))
    assert spoken.aborted
    assert b"Z" not in spoken.shown


def test_a_message_is_spelled_as_the_protocol_has_it() -> None:
    """Its kind, its length in bytes with these four, the text and a zero."""
    assert message("é") == b"Q\x00\x00\x00\x07\xc3\xa9\x00"

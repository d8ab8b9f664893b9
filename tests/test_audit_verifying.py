"""`verifyAudit`: who may ask, what it finds, and that it never runs on unnoticed."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from graphql import GraphQLSchema
from sqlalchemy import delete, select, update

from auth.limits import Limits
from auth.scopes import Scope
from models.database import Database
from models.hierarchy import Node, ReachKind
from resolvers.auditing import append_apart
from resolvers.auditing.archive import Archive
from resolvers.auditing.checkpoints import make_checkpoint
from resolvers.auditing.erasing import erase_target
from resolvers.auditing.pages import PAGE
from resolvers.auditing.record import Target
from schema.graph import Graph
from schema.operation import OperationRequest
from tenantry.databases import Databases
from tests.ask import Outcome, caller_of
from tests.auditing import ACTOR, HEADS, RECORDS, VALUES, Office, make_chain, record, rows_of
from tests.clock import HeldClock
from tests.estate import Estate
from tests.postgres import Urls

VERIFY = """query ($after: ID) { verifyAudit(afterNumber: $after) {
  ok complete records erased lastNumber fault { number what } lastCheckpoint { number hash at keyId } } }"""
LENGTH = 5


class Auditor:
    """Verifies acme's audit by the graph of a server that reads this folder."""

    def __init__(self, graph: Graph, clock: HeldClock, acme: Estate) -> None:
        self._graph = graph
        self._clock = clock
        self._acme = acme

    async def ask(self, *scopes: Scope, node: Node | None = None, after: str | None = None) -> Outcome:
        """The answer, or the refusal."""
        caller = caller_of(self._acme.tenant, self._clock, frozenset(scopes), node=node)
        return Outcome(await self._graph.run(OperationRequest(VERIFY, {"after": after}), caller, "a-request"))

    async def verify(self, after: str | None = None) -> dict[str, Any]:
        """What was found."""
        outcome = await self.ask(Scope.AUDIT_READ, after=after)
        assert outcome.errors == []
        found: dict[str, Any] = outcome.data["verifyAudit"]
        return found


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """Keys and checkpoints in a folder."""
    return Office(tmp_path)


@pytest.fixture
def auditor(built: GraphQLSchema, databases: Databases, clock: HeldClock, acme: Estate, tmp_path: Path) -> Auditor:
    """Somebody who may read all of acme's audit."""
    return Auditor(Graph(built, databases.app, clock, Limits(), archive=Archive(tmp_path, fresh=0)), clock, acme)


@pytest.fixture
async def superuser(urls: Urls) -> AsyncIterator[Database]:
    """Whom no policy and no grant holds."""
    opened = Database(urls.superuser, pool_size=1)
    yield opened
    await opened.close()


async def test_verifying_asks_for_the_scope_of_the_audit(auditor: Auditor) -> None:
    """Every other scope together verifies nothing."""
    outcome = await auditor.ask(*(set(Scope) - {Scope.AUDIT_READ}))
    assert (outcome.status, outcome.codes, outcome.data) == (403, ["FORBIDDEN_SCOPE"], None)


@pytest.mark.parametrize("kind", [ReachKind.ORGANIZATION, ReachKind.LOCATION, ReachKind.AREA])
async def test_a_right_that_is_bound_to_a_node_verifies_nothing(
    databases: Databases, clock: HeldClock, acme: Estate, auditor: Auditor, kind: ReachKind
) -> None:
    """It is told neither how long the chain is nor whether it holds; that it was refused is recorded."""
    await make_chain(databases, clock, acme.tenant.id, LENGTH)
    node = Node(kind, getattr(acme, kind.lower()).id, acme.location.id)
    tried = (None, "1", "99")
    for after in tried:
        outcome = await auditor.ask(Scope.AUDIT_READ, node=node, after=after)
        assert (outcome.codes, outcome.data) == (["FORBIDDEN_SCOPE"], None)
    recorded = [each["action"] for each in await rows_of(databases, RECORDS, acme.tenant.id)]
    assert recorded[LENGTH:] == ["access.refused"] * len(tried)


@pytest.mark.parametrize("after", ["6", "-1", "x", "", "1.0", str(2**63), "9" * 5000])
async def test_a_record_that_is_not_there_is_no_place_to_begin(
    databases: Databases, clock: HeldClock, acme: Estate, auditor: Auditor, after: str
) -> None:
    """Nor is what is no number."""
    await make_chain(databases, clock, acme.tenant.id, LENGTH)
    outcome = await auditor.ask(Scope.AUDIT_READ, after=after)
    assert outcome.codes == ["BAD_USER_INPUT"]
    assert outcome.errors[0]["extensions"]["argument"] == "afterNumber"


async def test_a_chain_that_holds_is_told_with_its_length_and_newest_checkpoint(
    *, databases: Databases, clock: HeldClock, acme: Estate, office: Office, auditor: Auditor
) -> None:
    """And how many values were erased by right."""
    await make_chain(databases, clock, acme.tenant.id, LENGTH)
    signed = await make_checkpoint(databases.app, clock, acme.tenant.id, office.notary)
    assert signed is not None
    async with databases.app.write(acme.tenant.id) as connection:
        await erase_target(connection, acme.tenant.id, clock.now(), ACTOR, Target("Device", "dev_1"))
    assert await auditor.verify() == {
        "ok": True,
        "complete": True,
        "records": LENGTH + 1,
        "erased": 2 * LENGTH,
        "lastNumber": str(LENGTH + 1),
        "fault": None,
        "lastCheckpoint": {
            "number": str(LENGTH),
            "hash": signed.checkpoint.hash.hex(),
            "at": "2026-03-01T12:00:05.123Z",
            "keyId": office.keys.key_id,
        },
    }


async def test_an_empty_chain_holds(auditor: Auditor) -> None:
    """There is nothing to be wrong."""
    found = await auditor.verify()
    assert (found["ok"], found["records"], found["lastNumber"], found["lastCheckpoint"]) == (True, 0, "0", None)


async def test_that_it_was_verified_is_recorded(
    databases: Databases, superuser: Database, clock: HeldClock, acme: Estate, auditor: Auditor
) -> None:
    """By whom, and what was found, in the chain itself, which goes on from there."""
    await make_chain(databases, clock, acme.tenant.id, 1)
    await auditor.verify()
    async with superuser.write(acme.tenant.id) as connection:
        await connection.execute(update(RECORDS).where(RECORDS.c.tenant_id == acme.tenant.id).values(address="x"))
    await auditor.verify()
    _, good, bad = await rows_of(databases, RECORDS, acme.tenant.id)
    assert [each["action"] for each in (good, bad)] == ["audit.verified"] * 2
    assert [each["outcome"] for each in (good, bad)] == ["SUCCEEDED", "FAILED"]
    assert (good["actor_name"], good["request_id"]) == ("a test", "a-request")
    told = {each["number"]: orjson.loads(each["after"]) for each in await of_field(databases, acme, "fault")}
    assert told == {2: None, 3: "Record 1: its content does not fit its hash."}


async def test_a_fault_is_named_by_its_record(
    databases: Databases, superuser: Database, clock: HeldClock, acme: Estate, auditor: Auditor
) -> None:
    """What follows it is not looked at."""
    await make_chain(databases, clock, acme.tenant.id, LENGTH)
    async with superuser.write(acme.tenant.id) as connection:
        third = (RECORDS.c.tenant_id == acme.tenant.id) & (RECORDS.c.number == 3)
        await connection.execute(update(RECORDS).where(third).values(actor_name="nobody"))
    found = await auditor.verify()
    assert (found["ok"], found["complete"], found["records"], found["lastNumber"]) == (False, True, 2, "2")
    assert found["fault"] == {"number": "3", "what": "its content does not fit its hash"}


async def test_a_cut_tail_with_a_mended_head_is_found_by_the_servers_checkpoints(
    *, databases: Databases, superuser: Database, clock: HeldClock, acme: Estate, office: Office, auditor: Auditor
) -> None:
    """Without them nobody could tell."""
    await make_chain(databases, clock, acme.tenant.id, LENGTH)
    await make_checkpoint(databases.app, clock, acme.tenant.id, office.notary)
    async with superuser.write(acme.tenant.id) as connection:
        for table in (RECORDS, VALUES):
            await connection.execute(delete(table).where(table.c.tenant_id == acme.tenant.id, table.c.number > 3))
        third = select(RECORDS.c.hash, RECORDS.c.at).where(RECORDS.c.tenant_id == acme.tenant.id, RECORDS.c.number == 3)
        mended = dict((await connection.execute(third)).mappings().one())
        await connection.execute(update(HEADS).where(HEADS.c.tenant_id == acme.tenant.id).values(number=3, **mended))
    found = await auditor.verify()
    assert (found["ok"], found["fault"]["number"]) == (False, "4")


async def test_a_folder_that_cannot_be_read_is_a_fault_that_tells_nothing_of_the_server(
    databases: Databases, clock: HeldClock, acme: Estate, auditor: Auditor, tmp_path: Path
) -> None:
    """No path, and no verdict either."""
    await make_chain(databases, clock, acme.tenant.id, 1)
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / f"{acme.tenant.id}.jsonl").write_text("no checkpoint\n")
    found = await auditor.verify()
    assert (found["ok"], found["records"]) == (False, 0)
    assert found["fault"] == {"number": None, "what": "what this server keeps of checkpoints cannot be read"}
    assert str(tmp_path) not in str(await rows_of(databases, VALUES, acme.tenant.id))


async def test_a_long_chain_is_followed_in_parts(
    *,
    databases: Databases,
    superuser: Database,
    clock: HeldClock,
    acme: Estate,
    auditor: Auditor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each says whether it came to the end, and where the next goes on; a part that is not the last is not ok."""
    monkeypatch.setattr("resolvers.auditing.verifying.MOST", PAGE)
    await append_apart(databases.app, clock, acme.tenant.id, [record()] * (2 * PAGE + 3))
    first = await auditor.verify()
    assert (first["ok"], first["complete"], first["records"], first["fault"]) == (False, False, PAGE, None)
    second = await auditor.verify(first["lastNumber"])
    assert (second["complete"], second["lastNumber"]) == (False, str(2 * PAGE))
    last = await auditor.verify(second["lastNumber"])
    assert (last["ok"], last["complete"], last["records"]) == (True, True, 3 + 2)
    async with superuser.write(acme.tenant.id) as connection:
        of_it = (RECORDS.c.tenant_id == acme.tenant.id) & (RECORDS.c.number == 2 * PAGE + 1)
        await connection.execute(update(RECORDS).where(of_it).values(prev_hash=b"x" * 32))
    broken = await auditor.verify(second["lastNumber"])
    assert broken["fault"] == {"number": str(2 * PAGE + 1), "what": "it does not follow from the record before it"}


async def test_the_loop_goes_on_while_a_chain_is_followed(
    databases: Databases, clock: HeldClock, acme: Estate, auditor: Auditor
) -> None:
    """Nobody else waits for hashes to be made: what else the process does has its turn all the time."""
    await append_apart(databases.app, clock, acme.tenant.id, [record()] * (4 * PAGE))
    turns = 0
    verifying = asyncio.create_task(auditor.verify())
    while not verifying.done():
        turns += 1
        await asyncio.sleep(0)
    assert (await verifying)["ok"]
    assert turns > 100


async def of_field(databases: Databases, estate: Estate, field: str) -> list[dict[str, Any]]:
    """The values of a field in all of a tenant's records."""
    return [each for each in await rows_of(databases, VALUES, estate.tenant.id) if each["field"] == field]

"""Who is refused at the door is recorded: misuse of a token where the token belongs, the rest as sums of an address."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from ipaddress import IPv6Address, ip_address
from typing import Any

import httpx
import pytest
from sqlalchemy import text, update

from auth.attempts import Attempt, Reason
from auth.authentication import Authenticator
from auth.codes import Code, Refusal
from auth.counters import InProcessCounters
from auth.credentials import Address
from auth.oidc.keys import Keys
from auth.oidc.trust import Trust
from auth.oidc.verifier import Verifier
from auth.scopes import Scope
from auth.sign_in import SignIn
from auth.standing import Callers
from auth.tenancy import TenantSelector
from auth.throttle import Throttle
from auth.token import mint
from models import PLATFORM_ID, AuditAction, ServiceAccount, Token
from models.database import Database
from resolvers.auditing.misuses import Misuses
from resolvers.auditing.summaries import Summaries
from resolvers.auditing.watch import AuditWatch
from resolvers.signing_in import SigningIn
from resolvers.tokens import create_token, revoke_token, rotate_token
from schema.graph import Graph
from tenantry.app import create_app
from tenantry.databases import Databases
from tests.auditing import Told, holds_no_secret, recorded
from tests.clock import HeldClock
from tests.estate import Estate, add
from tests.http import QUERY, SETTINGS
from tests.oidc import ISSUER, Published
from tests.oidc import token as issued
from tests.postgres import Urls
from tests.sql import statements

MINUTE = timedelta(minutes=1)
READ = [Scope.DEVICES_READ]
FAILED, THROTTLED = AuditAction.AUTHENTICATION_FAILED, AuditAction.REQUEST_THROTTLED


class Door:
    """A door with a watch, and a token of acme's that may be used from 192.0.2.0/24."""

    def __init__(self, databases: Databases, clock: HeldClock, estate: Estate, app: Database | None = None) -> None:
        self.databases = databases
        self.clock = clock
        self.tenant_id: uuid.UUID = estate.tenant.id
        # Of this test alone: the platform's chain is everybody's.
        number = self.tenant_id.int >> 24 & 0xFFFFFFFF
        self.stranger = ip_address(f"2001:db8:{number >> 16:x}:{number & 0xFFFF:x}::7")
        self.here = ip_address("192.0.2.7")
        self.watch = AuditWatch(app or databases.app, clock, patience=0.5)
        self.authenticator = Authenticator(databases.platform, clock)
        self.throttle = Throttle(InProcessCounters(clock))
        selector = TenantSelector(databases.app, clock)
        self.callers = Callers(self.authenticator, selector, self.throttle, clock, watch=self.watch)

    async def make(self, **given: Any) -> str:
        """The token's text."""
        networks = ["192.0.2.0/24"]
        made = await create_token(self.databases.app, self.clock, self.tenant_id, "t", READ, networks=networks, **given)
        self.token_id: uuid.UUID = made.row["id"]
        return made.secret.reveal()

    async def present(self, token: str | None, address: Address | None = None, request_id: str = "r-1") -> Code | None:
        """With which code it is refused, as the database has it now."""
        headers = [] if token is None else [(b"x-auth-token", token.encode())]
        self.authenticator.forget()
        try:
            await self.callers.caller(headers, address or self.here, request_id=request_id)
        except Refusal as refusal:
            return refusal.code
        return None

    async def misuses(self) -> list[Told]:
        """What is recorded in acme's chain."""
        return await recorded(self.databases, self.tenant_id, AuditAction.TOKEN_MISUSED)

    async def summaries(self, action: AuditAction = FAILED, place: str | None = None) -> list[Told]:
        """What is recorded in the platform's chain of the stranger, or of another place."""
        wanted = place or str(self.stranger).removesuffix("7") + "/64"
        return [each for each in await recorded(self.databases, PLATFORM_ID, action) if each.said["place"] == wanted]


@pytest.fixture
def door(databases: Databases, clock: HeldClock, acme: Estate) -> Door:
    """As a server has it."""
    return Door(databases, clock, acme)


@pytest.fixture
async def superuser(urls: Urls) -> AsyncIterator[Database]:
    """Sees every tenant's rows."""
    database = Database(urls.superuser, pool_size=1)
    yield database
    await database.close()


async def test_what_is_presented_is_in_no_record(door: Door, superuser: Database) -> None:
    """Neither a token's text, nor its digest, nor what somebody took for one."""
    misused = await door.make(expires_in=timedelta(seconds=1))
    door.clock.advance(timedelta(seconds=1))
    for presented in (misused, mint().reveal(), "correct-horse-battery-staple"):
        assert await door.present(presented, door.stranger) is Code.UNAUTHENTICATED
    await door.watch.flush(last=True)
    assert len(await door.summaries()) == 1
    await holds_no_secret(superuser)
    async with superuser.read(None) as connection:
        found = await connection.scalar(text("SELECT count(*) FROM audit_value WHERE after LIKE '%battery-staple%'"))
    assert found == 0


async def test_to_present_nothing_is_no_attempt(door: Door) -> None:
    """Nor is a header that cannot be read."""
    await door.present(None, door.stranger)
    await door.present("a, b", door.stranger)
    await door.watch.flush(last=True)
    assert await door.summaries() == []


async def test_a_good_token_is_no_attempt(door: Door) -> None:
    """Nothing is recorded of whoever comes in."""
    assert await door.present(await door.make()) is None
    await door.watch.flush(last=True)
    assert await door.misuses() == []


async def test_who_loses_a_right_makes_no_attempt(door: Door) -> None:
    """A stream ends when its token is revoked; that it is was recorded already."""
    token = await door.make()
    standing = door.callers.standing([(b"x-auth-token", token.encode())], door.here)
    await standing.caller()
    await revoke_token(door.databases.app, door.clock, door.tenant_id, "t")
    door.authenticator.forget()
    with pytest.raises(Refusal):
        await standing.caller()
    await door.watch.flush(last=True)
    assert await door.misuses() == []


async def spoil(door: Door, reason: Reason) -> Address:
    """Make the token no good for this reason; the address from which to show it."""
    app, clock = door.databases.app, door.clock
    status = {Reason.SUSPENDED: "SUSPENDED", Reason.DELETED: "DELETED"}.get(reason)
    if reason is Reason.EXPIRED:
        clock.advance(timedelta(days=90))
    elif reason is Reason.REVOKED:
        await revoke_token(app, clock, door.tenant_id, "t")
    elif reason is Reason.ROTATED:
        await rotate_token(app, clock, door.tenant_id, "t", timedelta())
    elif reason is Reason.DISABLED:
        now = clock.now()
        owner = await add(door.databases, clock, ServiceAccount, door.tenant_id, name="robot", disabled_at=now)
        async with app.write(door.tenant_id) as connection:
            await connection.execute(update(Token).values(service_account_id=owner.id))
    elif status is not None:
        async with door.databases.platform.write(None) as connection:
            change = text("UPDATE tenant SET status = :status WHERE id = :id")
            await connection.execute(change, {"status": status, "id": door.tenant_id})
    return ip_address("198.51.100.9") if reason is Reason.NETWORK else door.here


@pytest.mark.parametrize("reason", [each for each in Reason if each not in {"UNKNOWN", "ISSUER", "THROTTLED"}])
async def test_misuse_of_a_token_is_recorded_where_the_token_belongs(door: Door, reason: Reason) -> None:
    """With the reason that its bearer is not told, the address and the request; of an actor whom nobody knows."""
    token = await door.make()
    address = await spoil(door, reason)
    with statements() as sent:
        assert await door.present(token, address, "a-request") is not None
    assert len(sent) == 1
    await door.watch.flush()
    [misuse] = await door.misuses()
    assert misuse.said == {"reason": reason, "presented_at": door.clock.now().isoformat(), "left_out": 0}
    assert misuse.row | {"hash": 0, "prev_hash": 0, "digests": 0} == misuse.row | {
        "hash": 0, "prev_hash": 0, "digests": 0, "actor_kind": "ANONYMOUS", "actor_id": None, "actor_name": None,
        "token_id": door.token_id, "target_type": "Token", "target_id": f"tok_{door.token_id}",
        "outcome": "REFUSED", "request_id": "a-request", "address": str(address),
    }  # fmt: skip


async def test_a_secret_that_was_rotated_away_twice_is_misuse(door: Door) -> None:
    """Its bearer is told that it is unknown; the audit knows whose it was."""
    token = await door.make()
    for _ in range(2):
        await rotate_token(door.databases.app, door.clock, door.tenant_id, "t", timedelta(hours=1))
    await door.present(token)
    await door.watch.flush()
    assert [each.said["reason"] for each in await door.misuses()] == ["ROTATED"]


async def test_misuse_is_recorded_once_a_minute_for_each_token_and_reason(door: Door) -> None:
    """What comes between is counted, and the next record tells."""
    token = await door.make()
    await spoil(door, Reason.REVOKED)
    for at in range(9):
        await door.present(token, request_id=f"r-{at}")
    door.clock.advance(MINUTE)
    await door.present(token, request_id="r-9")
    await door.watch.flush()
    assert [(each.row["request_id"], each.said["left_out"]) for each in await door.misuses()] == [
        ("r-0", 0),
        ("r-9", 8),
    ]


async def test_failures_of_an_address_are_one_record_a_minute_in_the_platforms_chain(door: Door) -> None:
    """An IPv6 network is one address; how many, of which kind, from when to when."""
    start = door.clock.now()
    await door.present(mint().reveal(), door.stranger)
    await door.watch.flush()
    assert await door.summaries() == []
    for at in range(4):
        door.clock.advance(MINUTE / 4)
        await door.present(mint().reveal() if at else "garbled", IPv6Address(int(door.stranger) + at))
    await door.watch.flush()
    [summary] = await door.summaries()
    assert summary.said == {
        "count": 5,
        "reasons": {"UNKNOWN": 5},
        "since": start.isoformat(),
        "until": door.clock.now().isoformat(),
        "place": summary.row["address"],
    }
    assert (summary.row["actor_kind"], summary.row["actor_id"], summary.row["target_id"]) == ("ANONYMOUS", None, None)
    await door.watch.flush(last=True)
    assert len(await door.summaries()) == 1


async def test_throttled_requests_are_summed_up_too(door: Door) -> None:
    """By themselves."""
    for _ in range(23):
        await door.present(mint().reveal(), door.stranger)
    door.clock.advance(MINUTE)
    await door.watch.flush()
    counts = {action: [each.said["count"] for each in await door.summaries(action)] for action in (FAILED, THROTTLED)}
    assert counts == {FAILED: [20], THROTTLED: [3]}


async def test_an_issuers_token_that_fails_is_an_attempt(door: Door, acme: Estate) -> None:
    """Whatever was wrong with it; where the issuer's keys cannot be had, nobody has failed."""
    verifier = Verifier(Keys(Published({}), door.clock), door.clock)
    trust = Trust(acme.tenant.slug, ISSUER, ())
    sign_ins = SigningIn(door.databases.app, door.clock)
    sign_in = SignIn(verifier, [trust], door.databases.platform, door.clock, sign_ins)
    door.authenticator = Authenticator(door.databases.platform, door.clock, sign_in=sign_in)
    selector = TenantSelector(door.databases.app, door.clock)
    door.callers = Callers(door.authenticator, selector, door.throttle, door.clock, watch=door.watch)
    assert await door.present(issued(), door.stranger) is Code.UNAVAILABLE
    assert await door.present(issued(iss="https://evil.example"), door.stranger) is Code.UNAUTHENTICATED
    await door.watch.flush(last=True)
    assert [each.said["reasons"] for each in await door.summaries()] == [{"ISSUER": 1}]


def test_more_addresses_than_are_told_apart_are_one(clock: HeldClock) -> None:
    """However many attack at once, the audit grows by so many records a minute; given back they are bounded alike."""
    summaries = Summaries(most_addresses=3)
    for number in range(9):
        summaries.note(FAILED, Reason.UNKNOWN, ip_address(f"203.0.113.{number}"), clock.now())
    taken = summaries.take(clock.now())
    summaries.note(FAILED, Reason.UNKNOWN, ip_address("203.0.113.99"), clock.now())
    summaries.give_back(taken)
    for counts, numbers in ((taken, [1, 1, 1, 6]), (summaries.take(clock.now()), [1, 1, 1, 7])):
        assert [each.reasons.total() for each in counts.values()] == numbers
        assert list(counts)[-1] == (FAILED, "others")
    assert summaries.take(clock.now()) == {}


def test_misuses_that_wait_are_bounded(clock: HeldClock) -> None:
    """What is over the bound is counted."""
    misuses = Misuses(most_waiting=2)
    attempts = [Attempt(Reason.REVOKED, uuid.UUID(int=1), uuid.UUID(int=number)) for number in range(4)]
    assert [misuses.note(each, None, None, clock.now()) for each in attempts] == [True, True, False, False]
    [records] = misuses.take().values()
    assert misuses.note(attempts[3], None, None, clock.now())
    misuses.give_back(uuid.UUID(int=1), records)
    [records] = misuses.take().values()
    assert [each.changed["left_out"].after for each in records] == [0, 0, 1]


async def test_while_the_database_is_down_everything_is_kept(
    databases: Databases, clock: HeldClock, acme: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is raised, nothing is lost, nothing is written twice."""
    down = Database("postgresql+asyncpg://nobody@127.0.0.1:9/nothing")
    door = Door(databases, clock, acme, down)
    token = await door.make()
    await spoil(door, Reason.REVOKED)
    for _ in range(3):
        await door.present(token)
        await door.present(mint().reveal(), door.stranger)
    await door.watch.flush(last=True)
    clock.advance(MINUTE)
    await door.present(token)
    monkeypatch.setattr(door.watch, "_app", databases.app)
    await door.watch.flush(last=True)
    await door.watch.flush(last=True)
    assert [each.said["left_out"] for each in await door.misuses()] == [0, 2]
    assert [each.said["count"] for each in await door.summaries()] == [3]
    await down.close()


async def test_no_tenant_waits_for_another(door: Door, globex: Estate) -> None:
    """Somebody holds one chain: what is of the others is written, and that one when it is free."""
    for tenant_id in (door.tenant_id, globex.tenant.id):
        # The first record makes the head.
        await create_token(door.databases.app, door.clock, tenant_id, "first", READ)
        door.watch.refused(Attempt(Reason.REVOKED, tenant_id, uuid.uuid4()), None, None)
    async with door.databases.app.write(door.tenant_id) as connection:
        await connection.execute(
            text("SELECT FROM audit_head WHERE tenant_id = :id FOR UPDATE"), {"id": door.tenant_id}
        )
        await door.watch.flush()
        assert await door.misuses() == []
        assert len(await recorded(door.databases, globex.tenant.id, AuditAction.TOKEN_MISUSED)) == 1
    await door.watch.flush()
    assert len(await door.misuses()) == 1


async def test_the_end_of_the_process_writes_what_is_noted(door: Door) -> None:
    """Sums of less than a minute too."""
    running = asyncio.create_task(door.watch.run())
    await asyncio.sleep(0)
    await door.present(mint().reveal(), door.stranger)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert len(await door.summaries()) == 1


async def test_a_server_watches_its_door(databases: Databases, graph: Graph, door: Door) -> None:
    """The request's id and address are in the record."""
    token = await door.make()
    await spoil(door, Reason.REVOKED)
    app = create_app(SETTINGS, databases, graph, door.clock)
    transport = httpx.ASGITransport(app, client=("192.0.2.9", 1))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://tenantry.test") as client,
    ):
        response = await client.post("/graphql", json={"query": QUERY}, headers={"x-auth-token": token})
        assert response.status_code == 401
    [misuse] = await door.misuses()
    assert (misuse.row["request_id"], misuse.row["address"]) == (response.headers["x-request-id"], "192.0.2.9")

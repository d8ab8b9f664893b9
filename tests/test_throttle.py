"""Failed authentications are bounded by address and by token, and no good token pays for the failures of others."""

import asyncio
from datetime import timedelta
from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auth.authentication import Authenticator
from auth.codes import Code, Refusal
from auth.counters import Count, InProcessCounters
from auth.credentials import Address
from auth.oidc.keys import Keys
from auth.oidc.trust import Claim, Cohort, Trust
from auth.oidc.verifier import Verifier
from auth.roles import BY_KEY
from auth.scopes import Scope
from auth.sign_in import SignIn
from auth.standing import Callers
from auth.tenancy import TenantSelector
from auth.throttle import Throttle
from auth.token import digest, mint
from resolvers.signing_in import SigningIn
from resolvers.tokens import create_token, revoke_presented
from tenantry.databases import Databases
from tests.clock import START, HeldClock
from tests.estate import Estate
from tests.http import token_of
from tests.oidc import ISSUER, published
from tests.oidc import token as issued
from tests.sql import statements

HERE = ip_address("192.0.2.7")
ELSEWHERE = ip_address("198.51.100.9")
MINUTE = timedelta(seconds=60)


def headers_of(token: str) -> list[tuple[bytes, bytes]]:
    """The headers that present it."""
    return [(b"authorization", b"Bearer " + token.encode())]


def unknown() -> str:
    """A well-formed token that nobody made."""
    return mint().reveal()


def address_number(number: int) -> Address:
    """One of many."""
    return ip_address(f"203.0.{number // 256}.{number % 256}")


class Door:
    """An authenticator behind a throttle."""

    def __init__(self, databases: Databases, clock: HeldClock, **bounds: int) -> None:
        self.counters = InProcessCounters(clock)
        self.authenticator = Authenticator(databases.platform, clock)
        self.throttle = Throttle(self.counters, **bounds)
        self.callers = Callers(self.authenticator, TenantSelector(databases.app, clock), self.throttle, clock)

    async def present(self, token: str, address: Address | None = HERE) -> Code | None:
        """With which code a token is refused; None is in."""
        try:
            await self.throttle.authenticate(self.authenticator, headers_of(token), address)
        except Refusal as refusal:
            return refusal.code
        return None

    async def refusal(self, token: str, address: Address | None = HERE) -> Refusal:
        """How a token is refused."""
        with pytest.raises(Refusal) as caught:
            await self.throttle.authenticate(self.authenticator, headers_of(token), address)
        return caught.value

    async def exhaust(self, address: Address | None = HERE, failures: int = 20) -> None:
        """Fail so often from an address, each time with another token."""
        for _ in range(failures):
            assert await self.present(unknown(), address) is Code.UNAUTHENTICATED


@pytest.fixture
def door(databases: Databases, clock: HeldClock) -> Door:
    """As a server has it."""
    return Door(databases, clock)


@pytest.fixture
async def token(databases: Databases, clock: HeldClock, acme: Estate) -> str:
    """A good token of acme's."""
    return await token_of(databases, clock, acme, Scope.DEVICES_READ)


@pytest.fixture
async def bound(databases: Databases, clock: HeldClock, acme: Estate) -> str:
    """A good token that may be used from one network only."""
    made = await create_token(
        databases.app, clock, acme.tenant.id, "bound", [Scope.DEVICES_READ], networks=["192.0.2.0/24"]
    )
    return made.secret.reveal()


async def test_an_address_is_refused_after_twenty_failures_without_a_statement(door: Door) -> None:
    """Whatever unknown token it sends next."""
    await door.exhaust()
    with statements() as sent:
        refusal = await door.refusal(unknown())
    assert refusal.code is Code.RATE_LIMITED
    assert refusal.code.status == 429
    assert sent == []


async def test_a_garbled_token_counts_against_its_address(door: Door) -> None:
    """It is looked up never, and is a failure all the same."""
    for _ in range(20):
        assert await door.present("tnt_svc_nonsense") is Code.UNAUTHENTICATED
    assert await door.present("tnt_svc_nonsense") is Code.RATE_LIMITED
    assert await door.present(unknown()) is Code.RATE_LIMITED


async def test_a_token_is_refused_after_ten_failures_from_as_many_addresses_without_a_statement(
    door: Door, clock: HeldClock, databases: Databases, token: str
) -> None:
    """A revoked one that is sent from everywhere."""
    assert await door.present(token) is None
    await revoke_presented(databases.app, databases.platform, clock, token)
    clock.advance(timedelta(seconds=5))
    for number in range(10):
        assert await door.present(token, address_number(number)) is Code.UNAUTHENTICATED
    clock.advance(timedelta(seconds=5))
    with statements() as sent:
        refusal = await door.refusal(token, address_number(10))
    assert refusal.code is Code.RATE_LIMITED
    assert sent == []


async def test_an_expired_token_is_refused_after_ten_failures(
    door: Door, databases: Databases, clock: HeldClock, acme: Estate
) -> None:
    """Although it was known to be good."""
    short = await create_token(
        databases.app, clock, acme.tenant.id, "short", [Scope.DEVICES_READ], expires_in=timedelta(seconds=3)
    )
    secret = short.secret.reveal()
    assert await door.present(secret) is None
    clock.advance(timedelta(seconds=3))
    for _ in range(10):
        assert await door.present(secret) is Code.UNAUTHENTICATED
    assert await door.present(secret) is Code.RATE_LIMITED


async def test_failures_at_once_are_told_apart_no_more_often_than_the_bound(door: Door) -> None:
    """Whichever of fifty are looked up: twenty learn that their token is bad, the others that they are too many."""
    codes = await asyncio.gather(*(door.present(unknown()) for _ in range(50)))
    assert codes.count(Code.UNAUTHENTICATED) == 20
    assert codes.count(Code.RATE_LIMITED) == 30


async def test_a_refusal_tells_when_to_come_back(door: Door, clock: HeldClock) -> None:
    """In seconds, as headers and in words, and what the bound is."""
    await door.exhaust()
    clock.advance(timedelta(seconds=42.5))
    refusal = await door.refusal(unknown())
    assert refusal.message == "Too many failed authentications from this address; try again in 18 s."
    assert dict(refusal.headers) == {
        "retry-after": "18",
        "ratelimit-policy": '"authentication";q=20;w=60',
        "ratelimit": '"authentication";r=0;t=18',
    }


async def test_a_tokens_refusal_tells_its_own_bound(door: Door) -> None:
    """Another name, another number."""
    bad = unknown()
    for number in range(10):
        await door.present(bad, address_number(number))
    refusal = await door.refusal(bad)
    assert refusal.message == "Too many failed authentications with this token; try again in 60 s."
    assert dict(refusal.headers)["ratelimit-policy"] == '"token";q=10;w=60'


async def test_the_addresses_of_an_ipv6_network_count_together(door: Door) -> None:
    """A /64 is one customer's; the next /64 is another's."""
    for number in range(20):
        assert await door.present(unknown(), ip_address(f"2001:db8:0:1::{number + 1:x}")) is Code.UNAUTHENTICATED
    assert await door.present(unknown(), ip_address("2001:db8:0:1:ffff::1")) is Code.RATE_LIMITED
    assert await door.present(unknown(), ip_address("2001:db8:0:2::1")) is Code.UNAUTHENTICATED


async def test_whoever_has_no_address_counts_together(door: Door) -> None:
    """Not to be seen is no way around."""
    await door.exhaust(None)
    assert await door.present(unknown(), None) is Code.RATE_LIMITED


async def test_another_address_is_not_refused(door: Door) -> None:
    """Each has its own bound."""
    await door.exhaust()
    assert await door.present(unknown(), ELSEWHERE) is Code.UNAUTHENTICATED


async def test_the_window_is_over_after_a_minute(door: Door, clock: HeldClock) -> None:
    """Counted from the first failure, whatever was refused meanwhile."""
    await door.exhaust()
    clock.advance(MINUTE - timedelta(milliseconds=1))
    assert await door.present(unknown()) is Code.RATE_LIMITED
    clock.advance(timedelta(milliseconds=1))
    await door.exhaust()
    assert await door.present(unknown()) is Code.RATE_LIMITED


async def test_a_clock_that_is_set_back_shuts_nobody_out(door: Door, clock: HeldClock) -> None:
    """A window would last for as long as the clock was wrong."""
    await door.exhaust()
    clock.advance(timedelta(hours=-1))
    assert await door.present(unknown()) is Code.UNAUTHENTICATED


async def test_a_known_good_token_passes_where_others_failed(door: Door, clock: HeldClock, token: str) -> None:
    """Also when what was kept of it is long stale: it is looked up again."""
    assert await door.present(token, ELSEWHERE) is None
    clock.advance(timedelta(hours=1))
    await door.exhaust()
    assert await door.present(token) is None


async def test_a_good_token_is_not_counted(door: Door, token: str) -> None:
    """However often it comes; nor are counters asked for it once it is known."""
    for _ in range(100):
        assert await door.present(token) is None
    assert len(door.counters) == 0


async def test_a_known_token_that_was_revoked_is_tried_once_and_then_counted(
    door: Door, clock: HeldClock, databases: Databases, token: str
) -> None:
    """Where its address is over the bound that one failure is told as that."""
    assert await door.present(token) is None
    await revoke_presented(databases.app, databases.platform, clock, token)
    clock.advance(timedelta(seconds=5))
    await door.exhaust()
    with statements() as sent:
        assert await door.present(token) is Code.RATE_LIMITED
        assert await door.present(token) is Code.RATE_LIMITED
    assert len(sent) == 1


async def test_one_client_with_a_revoked_token_does_not_shut_its_neighbours_out(door: Door, token: str) -> None:
    """Its token is refused long before its address is, and what is refused is not counted."""
    bad = unknown()
    codes = [await door.present(bad) for _ in range(1000)]
    assert codes.count(Code.UNAUTHENTICATED) == 10
    assert await door.present(token) is None


async def test_a_stolen_token_outside_its_networks_is_told_like_one_that_never_was(
    databases: Databases, clock: HeldClock, bound: str
) -> None:
    """By the same answers in the same order, from one address and from many."""
    for addresses in ([ELSEWHERE] * 40, [address_number(number) for number in range(40)]):
        told = []
        for text in (bound, unknown()):
            door = Door(databases, clock)
            refusals = [await door.refusal(text, address) for address in addresses]
            told.append([(refusal.code, refusal.message, refusal.headers) for refusal in refusals])
        assert told[0] == told[1]


async def test_who_steals_a_token_does_not_shut_its_owner_out(
    databases: Databases, clock: HeldClock, bound: str
) -> None:
    """Not even where the owner is not known yet, in another process that counts with this one."""
    door, other = Door(databases, clock), Door(databases, clock)
    other.throttle = Throttle(door.counters)
    for _ in range(40):
        await door.refusal(bound, ELSEWHERE)
    assert await door.present(bound, HERE) is None
    assert await other.present(bound, HERE) is None


async def test_a_token_that_this_process_never_saw_waits_where_others_failed(
    door: Door, clock: HeldClock, token: str
) -> None:
    """It cannot be told from a bad one without a look-up: a minute at most."""
    await door.exhaust()
    assert await door.present(token) is Code.RATE_LIMITED
    clock.advance(MINUTE)
    assert await door.present(token) is None


async def test_an_issuers_good_token_passes_where_others_failed(
    door: Door, databases: Databases, clock: HeldClock, acme: Estate
) -> None:
    """Though it was never seen: its signature tells. A forged one is counted, and told that it is too many."""
    trust = Trust(acme.tenant.slug, ISSUER, (Cohort(Claim.EVERYONE, "", BY_KEY["viewer"]),))
    sign_ins = SigningIn(databases.app, clock)
    sign_in = SignIn(Verifier(Keys(published(), clock), clock), [trust], databases.platform, clock, sign_ins)
    door.authenticator = Authenticator(databases.platform, clock, sign_in=sign_in)
    await door.exhaust()
    assert await door.present(issued()) is None
    with statements() as sent:
        assert await door.present(issued()[:-8] + "AAAAAAAA") is Code.RATE_LIMITED
    assert sent == []
    assert await door.counters.read(f"address:{HERE}") == [Count(20, 60)]


@pytest.mark.parametrize("headers", [[], [(b"authorization", b"Basic dTpw")], [(b"x-auth-token", b"a,b")]])
async def test_who_presents_nothing_that_could_be_tried_is_not_counted(
    door: Door, headers: list[tuple[bytes, bytes]]
) -> None:
    """No credentials are no failure, nor is what cannot be read as one."""
    await door.exhaust()
    before = await door.counters.read(f"address:{HERE}")
    with pytest.raises(Refusal) as caught:
        await door.throttle.authenticate(door.authenticator, headers, HERE)
    assert caught.value.code in {Code.UNAUTHENTICATED, Code.BAD_REQUEST}
    assert await door.counters.read(f"address:{HERE}") == before


async def test_a_stream_that_loses_its_right_is_not_counted(
    door: Door, clock: HeldClock, databases: Databases, token: str
) -> None:
    """Its right is asked for again and again; it failed at nothing."""
    standing = door.callers.standing(headers_of(token), HERE)
    await standing.caller()
    await revoke_presented(databases.app, databases.platform, clock, token)
    clock.advance(timedelta(seconds=2))
    for _ in range(30):
        with pytest.raises(Refusal) as caught:
            await standing.caller()
        assert caught.value.code is Code.UNAUTHENTICATED
    assert len(door.counters) == 0


async def test_a_stream_that_never_had_a_right_is_counted(door: Door) -> None:
    """As any request is."""
    with pytest.raises(Refusal):
        await door.callers.standing(headers_of(unknown()), HERE).caller()
    assert await door.counters.read(f"address:{HERE}") == [Count(1, 60)]


async def test_no_bound_is_no_bound(databases: Databases, clock: HeldClock) -> None:
    """Neither for an address nor for a token, and nothing is counted."""
    door = Door(databases, clock, failures=0)
    bad = unknown()
    for _ in range(50):
        assert await door.present(bad) is Code.UNAUTHENTICATED
    assert len(door.counters) == 0


async def test_the_counters_name_no_digest_that_credentials_are_sought_by(door: Door) -> None:
    """Half of it tells tokens apart, and finds none."""
    bad = unknown()
    await door.present(bad)
    assert not [key for key in door.counters._kept if digest(bad).hex() in key]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("bad"), st.integers(0, 1)),
        st.tuples(st.just("garbled"), st.integers(0, 1)),
        st.tuples(st.just("same"), st.integers(0, 1)),
        st.tuples(st.just("good"), st.integers(0, 1)),
        st.tuples(st.just("wait"), st.integers(1, 70)),
    ),
    max_size=60,
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
async def test_never_more_failures_pass_than_the_bound_and_a_good_token_always_does(
    *, databases: Databases, token: str, steps: list[tuple[str, int]]
) -> None:
    """In no window that began with a failure, whatever comes in whatever order."""
    clock = HeldClock(START, 1)
    door = Door(databases, clock, failures=4, token_failures=3)
    assert await door.present(token) is None
    texts = {"same": unknown(), "garbled": "tnt_svc_nonsense"}
    began: dict[Any, Any] = {}
    passed: dict[Any, int] = {}
    for what, number in steps:
        if what == "wait":
            clock.advance(timedelta(seconds=number))
            continue
        text = token if what == "good" else texts.get(what) or unknown()
        code = await door.present(text, address_number(number))
        if what == "good":
            assert code is None
        elif code is Code.UNAUTHENTICATED:
            for key, most in ((number, 4), (text, 3 if what != "garbled" else 99)):
                if key not in began or clock.now() - began[key] >= MINUTE:
                    began[key], passed[key] = clock.now(), 0
                passed[key] += 1
                assert passed[key] <= most

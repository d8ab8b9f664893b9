"""Rotating a token: two secrets are good for a while, then one."""

import asyncio
from datetime import timedelta

import pytest

from auth.authentication import BAD_TOKEN, EXPIRED_TOKEN, ROTATED_TOKEN, Authenticator
from auth.principal import Principal
from auth.scopes import Scope
from resolvers.problems import NotFound, Problem
from resolvers.tokens import revoke_presented
from schema.graph import Graph
from tenantry.databases import Databases
from tests.ask import Ask
from tests.clock import HeldClock
from tests.estate import Estate
from tests.tokens import ROTATE, ROTATE_OWN, VERIFY, ask_as, change, created, document, listed, shows, with_token


@pytest.fixture
def authenticator(databases: Databases, clock: HeldClock) -> Authenticator:
    """As a server makes it."""
    return Authenticator(databases.platform, clock)


@pytest.mark.parametrize("overlap", [-1, 86_401])
async def test_secrets_overlap_for_a_day_at_most(ask: Ask, acme: Estate, overlap: int) -> None:
    """Otherwise nothing is rotated."""
    made = await created(ask, acme)
    answered = await change(ask, acme, ROTATE, id=made["token"]["id"], overlap=overlap)
    assert answered["__typename"] == "Invalid"
    assert [field["path"] for field in answered["fields"]] == [["overlap"]]
    assert await listed(ask, acme) == [made["token"]]


@pytest.mark.parametrize(("given", "seconds"), [({}, 3600), ({"overlap": 86_400}, 86_400), ({"overlap": 1}, 1)])
async def test_the_secret_before_is_good_until_the_overlap_ends(
    ask: Ask, acme: Estate, clock: HeldClock, authenticator: Authenticator, *, given: dict[str, int], seconds: int
) -> None:
    """Both are the same caller until then; not a millisecond longer."""
    made = await created(ask, acme)
    rotated = await change(ask, acme, ROTATE, id=made["token"]["id"], **given)
    assert rotated["secret"] != made["secret"]
    clock.advance(timedelta(seconds=seconds, milliseconds=-1))
    before, after = [await shows(authenticator, each["secret"]) for each in (made, rotated)]
    assert isinstance(before, Principal)
    assert before == after
    clock.advance(timedelta(milliseconds=1))
    assert await shows(authenticator, made["secret"]) == ROTATED_TOKEN
    assert isinstance(await shows(authenticator, rotated["secret"]), Principal)


async def test_without_an_overlap_the_secret_before_is_over_at_once(
    ask: Ask, acme: Estate, authenticator: Authenticator
) -> None:
    """As after a leak."""
    made = await created(ask, acme)
    await change(ask, acme, ROTATE, id=made["token"]["id"], overlap=0)
    assert await shows(authenticator, made["secret"]) == ROTATED_TOKEN


async def test_a_server_that_kept_the_token_sees_a_rotation_within_five_seconds(
    ask: Ask, acme: Estate, clock: HeldClock, authenticator: Authenticator
) -> None:
    """What it looked up before is not kept longer."""
    made = await created(ask, acme)
    headers = [(b"x-auth-token", made["secret"].encode())]
    await authenticator.authenticate(headers)
    await change(ask, acme, ROTATE, id=made["token"]["id"], overlap=0)
    clock.advance(timedelta(seconds=5))
    with pytest.raises(Exception, match=ROTATED_TOKEN):
        await authenticator.authenticate(headers)


async def test_of_three_secrets_the_first_is_unknown(ask: Ask, acme: Estate, authenticator: Authenticator) -> None:
    """However long the overlaps: a token has two secrets at most, and the dead one ends nothing."""
    made = await created(ask, acme)
    first = await change(ask, acme, ROTATE, id=made["token"]["id"], overlap=86_400)
    second = await change(ask, acme, ROTATE, id=made["token"]["id"], overlap=86_400)
    assert await shows(authenticator, made["secret"]) == BAD_TOKEN
    for each in (first, second):
        assert isinstance(await shows(authenticator, each["secret"]), Principal)


async def test_a_dead_secret_revokes_nothing(
    ask: Ask, databases: Databases, acme: Estate, clock: HeldClock, authenticator: Authenticator
) -> None:
    """Who finds one that was rotated away long ago cannot shut the token's owner out."""
    made = await created(ask, acme)
    await change(ask, acme, ROTATE, id=made["token"]["id"])
    last = await change(ask, acme, ROTATE, id=made["token"]["id"])
    with pytest.raises(Problem) as problem:
        await revoke_presented(databases.app, databases.platform, clock, made["secret"])
    assert isinstance(problem.value.noun, NotFound)
    assert isinstance(await shows(authenticator, last["secret"]), Principal)


async def test_a_rotation_keeps_what_the_token_is(ask: Ask, acme: Estate, clock: HeldClock) -> None:
    """Its end among it; the overlap ends with the token."""
    made = (await created(ask, acme, expiresIn=1800, node=acme.ids["Area"]))["token"]
    clock.advance(timedelta(minutes=1))
    rotated = (await change(ask, acme, ROTATE, id=made["id"]))["token"]
    assert rotated == {
        **made,
        "overlapEndsAt": made["expiresAt"],
        "updatedAt": "2026-03-01T12:01:00.123Z",
        "version": 2,
    }


async def test_a_rotated_token_ends_when_it_would_have(
    ask: Ask, acme: Estate, clock: HeldClock, authenticator: Authenticator
) -> None:
    """A new secret is no new life."""
    made = await created(ask, acme, expiresIn=60)
    rotated = await change(ask, acme, ROTATE, id=made["token"]["id"])
    clock.advance(timedelta(seconds=60))
    assert await shows(authenticator, rotated["secret"]) == EXPIRED_TOKEN


async def test_a_caller_rotates_its_own_token_without_a_scope(
    graph: Graph, ask: Ask, acme: Estate, clock: HeldClock, authenticator: Authenticator
) -> None:
    """It gets a secret of the same token, which may do no more than it did."""
    made = await created(ask, acme)
    caller = with_token(acme, clock, made["token"]["id"], Scope.DEVICES_READ)
    outcome = await ask_as(graph, caller, document(ROTATE_OWN, shows=False), **{"in": {"overlap": 0}})
    principal = await shows(authenticator, outcome.data[ROTATE_OWN]["secret"])
    assert isinstance(principal, Principal)
    assert principal.token_id == caller.principal.token_id
    assert await shows(authenticator, made["secret"]) == ROTATED_TOKEN


async def test_of_rotations_at_once_each_has_a_secret_of_its_own(ask: Ask, acme: Estate) -> None:
    """They wait for each other: the generations count up, and the last two secrets are the good ones."""
    made = await created(ask, acme)
    rotated = await asyncio.gather(*(change(ask, acme, ROTATE, id=made["token"]["id"]) for _ in range(4)))
    texts = [each["secret"] for each in sorted(rotated, key=lambda each: int(each["token"]["version"]))]
    states = [await ask(acme, VERIFY, Scope.TOKENS_READ, text=each) for each in (made["secret"], *texts)]
    assert [each.data["verifyToken"]["state"] for each in states] == [*["ROTATED"] * 3, *["ACTIVE"] * 2]


async def test_a_secret_that_is_going_is_verified_as_that(ask: Ask, acme: Estate, clock: HeldClock) -> None:
    """Good until the overlap ends."""
    made = await created(ask, acme)
    await change(ask, acme, ROTATE, id=made["token"]["id"])
    outcome = await ask(acme, VERIFY, Scope.TOKENS_READ, text=made["secret"])
    assert outcome.data["verifyToken"]["goodUntil"] == "2026-03-01T13:00:00.123Z"
    clock.advance(timedelta(hours=1))
    outcome = await ask(acme, VERIFY, Scope.TOKENS_READ, text=made["secret"])
    assert (outcome.data["verifyToken"]["state"], outcome.data["verifyToken"]["goodUntil"]) == ("ROTATED", None)

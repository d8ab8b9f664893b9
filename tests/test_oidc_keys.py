"""The keys of issuers, kept: one fetch for everybody, rotation seen, floods shrugged off, outages outlived."""

import asyncio
from datetime import timedelta

import pytest

from auth.codes import Code, Refusal
from auth.oidc.keys import Keys
from tests.clock import HeldClock
from tests.oidc import ENTRA, ISSUER, Published, ec_pair, jwk, key_set, published

HOUR = timedelta(hours=1)


@pytest.fixture
def source() -> Published:
    """What the issuers publish."""
    return published()


@pytest.fixture
def keys(source: Published, clock: HeldClock) -> Keys:
    """Nothing fetched yet."""
    return Keys(source, clock)


def publishes(source: Published, *kids: str) -> None:
    """From now on the issuer has these keys."""
    source.sets[ISSUER.key_source] = key_set(*(jwk(ec_pair(kid), kid) for kid in kids))


async def unavailable(keys: Keys) -> str:
    """What a refusal for want of keys says about when to come again."""
    with pytest.raises(Refusal) as refused:
        await keys.get(ISSUER, "main")
    assert refused.value.code is Code.UNAVAILABLE
    return dict(refused.value.headers)["retry-after"]


async def test_fifty_at_once_are_one_fetch(keys: Keys, source: Published) -> None:
    """Whoever comes while it is under way waits for it."""
    found = await asyncio.gather(*(keys.get(ISSUER, "main") for _ in range(50)))
    assert all(key is not None and key.kid == "main" for key in found)
    assert source.fetches == 1


async def test_who_gives_up_does_not_take_the_fetch_from_others(keys: Keys, source: Published) -> None:
    """The fetch goes on for whoever still waits."""
    source.gate.clear()
    first, second = (asyncio.create_task(keys.get(ISSUER, "main")) for _ in range(2))
    await source.was_asked()
    first.cancel()
    source.gate.set()
    assert await second is not None
    assert source.fetches == 1
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_a_fetch_that_takes_long_is_the_only_one(keys: Keys, source: Published, clock: HeldClock) -> None:
    """However long it takes; and what it brings is as old as its beginning."""
    source.gate.clear()
    first = asyncio.create_task(keys.get(ISSUER, "main"))
    await source.was_asked()
    clock.advance(HOUR)
    second = asyncio.create_task(keys.get(ISSUER, "main"))
    await asyncio.sleep(0)
    source.gate.set()
    assert await first == await second
    assert source.fetches == 1
    source.asked.clear()
    assert await keys.get(ISSUER, "main") is not None
    await source.was_asked()
    assert source.fetches == 2


async def test_issuers_are_asked_apart(keys: Keys, source: Published) -> None:
    """A key of one is none of the other's."""
    assert await keys.get(ISSUER, "entra") is None
    assert await keys.get(ENTRA, "entra") is not None
    assert source.fetches == 2


async def test_a_new_key_is_found(keys: Keys, source: Published, clock: HeldClock) -> None:
    """It is not known, so the set is fetched again; the key before it is gone with the set."""
    await keys.get(ISSUER, "main")
    publishes(source, "next")
    clock.advance(timedelta(seconds=30))
    assert await keys.get(ISSUER, "next") is not None
    assert await keys.get(ISSUER, "main") is None
    assert source.fetches == 2


async def test_a_flood_of_unknown_keys_is_one_fetch_in_30_seconds(
    keys: Keys, source: Published, clock: HeldClock
) -> None:
    """One after the other or all at once; who names a known key waits for none of them."""
    await keys.get(ISSUER, "main")
    clock.advance(timedelta(seconds=29))
    await asyncio.gather(*(keys.get(ISSUER, f"forged-{number}") for number in range(1000)))
    assert source.fetches == 1
    clock.advance(timedelta(seconds=1))
    await asyncio.gather(*(keys.get(ISSUER, f"forged-{number}") for number in range(1000)))
    for number in range(1000):
        assert await keys.get(ISSUER, f"forged-{number}") is None
    assert source.fetches == 2


async def test_a_flood_holds_nobody_up(keys: Keys, source: Published, clock: HeldClock) -> None:
    """While an unknown key is asked for, the known ones are there."""
    await keys.get(ISSUER, "main")
    clock.advance(timedelta(seconds=30))
    source.gate.clear()
    source.asked.clear()
    forged = asyncio.create_task(keys.get(ISSUER, "forged"))
    await source.was_asked()
    async with asyncio.timeout(1):
        assert await keys.get(ISSUER, "main") is not None
    source.gate.set()
    assert await forged is None


async def test_a_set_is_renewed_after_an_hour_beside_the_requests(
    keys: Keys, source: Published, clock: HeldClock
) -> None:
    """Who comes then is answered from the old set, even if the issuer says nothing; the next gets the new one."""
    await keys.get(ISSUER, "main")
    publishes(source, "next")
    source.gate.clear()
    source.asked.clear()
    clock.advance(HOUR)
    async with asyncio.timeout(1):
        for _ in range(10):
            assert await keys.get(ISSUER, "main") is not None
        await source.was_asked()
    source.gate.set()
    assert await keys.get(ISSUER, "next") is not None
    assert await keys.get(ISSUER, "main") is None
    assert source.fetches == 2


async def test_all_keys_may_be_withdrawn(keys: Keys, source: Published, clock: HeldClock) -> None:
    """An empty set is an answer, and no outage."""
    await keys.get(ISSUER, "main")
    publishes(source)
    clock.advance(timedelta(seconds=30))
    assert await keys.get(ISSUER, "other") is None
    assert await keys.get(ISSUER, "main") is None


async def test_an_outage_is_outlived_for_a_day(keys: Keys, source: Published, clock: HeldClock) -> None:
    """Then nothing is trusted, until the issuer is back; how often it is asked stays bounded."""
    await keys.get(ISSUER, "main")
    kept = source.sets.pop(ISSUER.key_source)
    for _ in range(23):
        clock.advance(HOUR)
        assert await keys.get(ISSUER, "main") is not None
        assert await keys.get(ISSUER, "other") is None
    assert source.fetches == 24
    clock.advance(HOUR - timedelta(milliseconds=1))
    assert await keys.get(ISSUER, "main") is not None
    assert await keys.get(ISSUER, "other") is None
    clock.advance(timedelta(seconds=30))
    assert await unavailable(keys) == "5"
    source.sets[ISSUER.key_source] = kept
    clock.advance(timedelta(seconds=5))
    assert await keys.get(ISSUER, "main") is not None


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"<html>",
        b"null",
        b"[]",
        b"{}",
        b'{"keys": null}',
        b'{"keys": {}}',
        b"[" * 60_000,
        b"\xff\xfe",
        b"9" * 9000,
    ],
)
async def test_nonsense_is_an_outage(answer: bytes, keys: Keys, source: Published, clock: HeldClock) -> None:
    """What is no set of keys does not take the place of one."""
    await keys.get(ISSUER, "main")
    source.sets[ISSUER.key_source] = answer
    clock.advance(timedelta(seconds=30))
    assert await keys.get(ISSUER, "other") is None
    assert source.fetches == 2
    assert await keys.get(ISSUER, "main") is not None


async def test_an_issuer_that_was_never_reached_is_unavailable(keys: Keys, source: Published, clock: HeldClock) -> None:
    """503 with the seconds until it is asked again; meanwhile nobody waits and nothing is fetched."""
    kept = source.sets.pop(ISSUER.key_source)
    assert await unavailable(keys) == "5"
    clock.advance(timedelta(seconds=3.5))
    assert await unavailable(keys) == "2"
    assert source.fetches == 1
    source.sets[ISSUER.key_source] = kept
    clock.advance(timedelta(seconds=1.5))
    assert await keys.get(ISSUER, "main") is not None


async def test_a_clock_that_was_set_back_trusts_nothing(keys: Keys, source: Published, clock: HeldClock) -> None:
    """What seems to come from the future is fetched anew."""
    await keys.get(ISSUER, "main")
    clock.advance(-timedelta(days=30))
    assert await keys.get(ISSUER, "main") is not None
    assert source.fetches == 2


async def test_closing_ends_what_is_under_way(keys: Keys, source: Published) -> None:
    """No task is left behind."""
    source.gate.clear()
    waiting = asyncio.create_task(keys.get(ISSUER, "main"))
    await source.was_asked()
    await keys.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting

"""The keys of issuers, kept: one fetch for whoever waits, renewed beside the requests, and outages outlived.

A set is used for an hour, then renewed in the background, and for 24 h where that fails. A key that it does not name
asks for it again, at most once in 30 s, however many tokens name such keys. A set that was fetched replaces the one
before it whole, so that a withdrawn key is trusted no longer.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil

import structlog

from auth.codes import Code, Refusal
from auth.oidc.issuer import Issuer
from auth.oidc.jwk import Key, keys_of
from auth.ports import KeySets, KeySetUnavailable
from models.clock import Clock

RENEWED_AFTER = timedelta(hours=1)
TRUSTED_FOR = timedelta(hours=24)
# Between two fetches of one set; the shorter one while there is none at all, and everybody waits for it.
COOL_DOWN = timedelta(seconds=30)
COLD_COOL_DOWN = timedelta(seconds=5)
log = structlog.get_logger("tenantry.oidc")


@dataclass(slots=True)
class _Kept:
    """What is known of one source of keys; `as_of` is when the fetch that brought them began."""

    keys: Mapping[str, Key] = field(default_factory=dict)
    as_of: datetime | None = None
    tried_at: datetime | None = None
    under_way: asyncio.Task[None] | None = None


class Keys:
    """The keys of every configured issuer, by their ids. As many sets are kept as there are issuers."""

    def __init__(self, key_sets: KeySets, clock: Clock) -> None:
        """Nothing is fetched before it is needed."""
        self._key_sets = key_sets
        self._clock = clock
        self._kept: dict[str, _Kept] = {}

    async def get(self, issuer: Issuer, kid: str) -> Key | None:
        """The key of that id, if the issuer publishes one now, as far as is known.

        Raises:
            Refusal: UNAVAILABLE, where no set of the issuer's is to be had.
        """
        kept = self._kept.setdefault(issuer.key_source, _Kept())
        if not self._is_trusted(kept):
            await self._renewed(kept, issuer, COLD_COOL_DOWN)
            if not self._is_trusted(kept):
                raise self._unavailable(kept)
        elif kid not in kept.keys:
            await self._renewed(kept, issuer, COOL_DOWN)
        elif not _lies_within(kept.as_of, RENEWED_AFTER, self._clock.now()):
            self._renewal(kept, issuer, COOL_DOWN)
        return kept.keys.get(kid)

    async def close(self) -> None:
        """End what is being fetched."""
        under_way = [kept.under_way for kept in self._kept.values() if kept.under_way is not None]
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)

    def _is_trusted(self, kept: _Kept) -> bool:
        return _lies_within(kept.as_of, TRUSTED_FOR, self._clock.now())

    async def _renewed(self, kept: _Kept, issuer: Issuer, cool_down: timedelta) -> None:
        """Who gives up waiting does not take the fetch from the others."""
        task = self._renewal(kept, issuer, cool_down)
        if task is not None:
            await asyncio.shield(task)

    def _renewal(self, kept: _Kept, issuer: Issuer, cool_down: timedelta) -> asyncio.Task[None] | None:
        """The one fetch that is under way, or a new one, or none, so soon after the last."""
        if kept.under_way is None and not _lies_within(kept.tried_at, cool_down, self._clock.now()):
            kept.tried_at = self._clock.now()
            kept.under_way = asyncio.create_task(self._fetch(kept, issuer, kept.tried_at))
        return kept.under_way

    async def _fetch(self, kept: _Kept, issuer: Issuer, began_at: datetime) -> None:
        try:
            kept.keys = keys_of(await self._key_sets.fetch(issuer))
            kept.as_of = began_at
        except (KeySetUnavailable, ValueError) as error:
            log.warning("keys of an issuer cannot be had", source=issuer.key_source, error=str(error))
        finally:
            kept.under_way = None

    def _unavailable(self, kept: _Kept) -> Refusal:
        tried_at = kept.tried_at or self._clock.now()
        left = tried_at + COLD_COOL_DOWN - self._clock.now()
        return Refusal(
            Code.UNAVAILABLE,
            "The keys of the token's issuer cannot be had at the moment; try again.",
            headers=(("retry-after", str(max(1, ceil(left.total_seconds())))),),
        )


def _lies_within(moment: datetime | None, span: timedelta, now: datetime) -> bool:
    """Whether it is less than `span` ago. A clock that was set back makes things look younger: that is not trusted."""
    return moment is not None and timedelta() <= now - moment < span

"""A caller who stays: for as long as a stream lasts its right is asked for again and again (law 2).

A token that is revoked, runs out, or whose tenant is suspended, ends every stream of its bearer within seconds.
"""

import asyncio
from typing import Protocol

from auth.authentication import Authenticator
from auth.credentials import Headers
from auth.principal import Caller
from auth.tenancy import TenantSelector
from models.clock import Clock

# Seconds. Between two questions, and how old an answer may be: twice this is how long a revocation takes to be seen.
ASK_EVERY = 2.0


class Stands(Protocol):
    """A caller's right, as it is now."""

    async def caller(self) -> Caller:
        """Who it is. Raises Refusal when the right is gone."""
        ...

    async def until_gone(self) -> None:
        """Wait for as long as the right lasts. Raises Refusal when it is gone."""
        ...


class Standing:
    """Who presented these headers, and for which tenant, as it is now."""

    def __init__(
        self,
        authenticator: Authenticator,
        selector: TenantSelector,
        headers: Headers,
        clock: Clock,
        ask_every: float = ASK_EVERY,
    ) -> None:
        self._authenticator = authenticator
        self._selector = selector
        self._headers = tuple(headers)
        self._clock = clock
        self._ask_every = ask_every

    async def caller(self) -> Caller:
        """The caller as of at most `ask_every` seconds ago.

        Raises:
            Refusal: UNAUTHENTICATED, TENANT_SUSPENDED, TENANT_NOT_FOUND … as at the beginning of any request.
        """
        principal = await self._authenticator.authenticate(self._headers, younger_than=self._ask_every)
        return await self._selector.select(principal, self._headers, younger_than=self._ask_every)

    async def until_gone(self) -> None:
        """Wait for as long as the right lasts. Raises Refusal when it is gone."""
        while True:
            caller = await self.caller()
            left = (caller.principal.expires_at - self._clock.now()).total_seconds()
            await asyncio.sleep(min(self._ask_every, max(left, 0.0)))


class Callers:
    """From a request's headers to its caller: for one request, or for as long as a stream lasts."""

    def __init__(self, authenticator: Authenticator, selector: TenantSelector, clock: Clock) -> None:
        self._authenticator = authenticator
        self._selector = selector
        self._clock = clock

    async def caller(self, headers: Headers) -> Caller:
        """Who calls, and for which tenant. Raises Refusal."""
        return await self._selector.select(await self._authenticator.authenticate(headers), headers)

    def standing(self, headers: Headers, ask_every: float = ASK_EVERY) -> Standing:
        """The same for somebody who stays; `ask_every` in seconds."""
        return Standing(self._authenticator, self._selector, headers, self._clock, ask_every)

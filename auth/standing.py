"""A caller who stays: for as long as a stream lasts its right is asked for again and again (law 2).

A token that is revoked, runs out, or whose tenant is suspended, ends every stream of its bearer within seconds.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

from auth.authentication import Authenticator
from auth.codes import Refusal
from auth.credentials import Address, Headers
from auth.known import KnownCallers
from auth.ports import Watch
from auth.principal import Caller
from auth.tenancy import TenantSelector
from auth.throttle import Throttle
from auth.usage import Usage
from models.clock import Clock

# Seconds. Between two questions, and how old an answer may be: twice this is how long a revocation takes to be seen.
ASK_EVERY = 2.0


# What somebody who stays does all the while. Raises Refusal where the caller may not do it.
Asked = Callable[[Caller], None]


def nothing(_caller: Caller) -> None:
    """Nothing is asked but that the caller still is one."""


class Stands(Protocol):
    """A caller's right, as it is now."""

    async def caller(self) -> Caller:
        """Who it is. Raises Refusal when the right is gone."""
        ...

    async def until_gone(self, asked: Asked = nothing) -> None:
        """Wait for as long as the right lasts, and allows what is `asked`. Raises Refusal when it is gone."""
        ...


class Callers:
    """From a request's headers to its caller: for one request, or for as long as a stream lasts."""

    def __init__(
        self,
        authenticator: Authenticator,
        selector: TenantSelector,
        throttle: Throttle,
        clock: Clock,
        usage: Usage | None = None,
        *,
        watch: Watch | None = None,
    ) -> None:
        """`usage` notes which tokens were used, and `watch` who is refused, if anybody wants to know."""
        self._usage = usage
        self._watch = watch
        self._authenticator = authenticator
        self._selector = selector
        self._throttle = throttle
        self._clock = clock
        self._known = KnownCallers(authenticator)

    async def caller(
        self,
        headers: Headers,
        address: Address | None,
        *,
        request_id: str | None = None,
        younger_than: float | None = None,
        again: bool = False,
    ) -> Caller:
        """Who calls, and for which tenant, as of at most `younger_than` seconds ago, if not five.

        `address` is where it calls from, as far as that is known. To lose a right is no attempt to get one: what is
        asked `again` is neither throttled nor watched.

        Raises:
            Refusal: UNAUTHENTICATED, RATE_LIMITED, TENANT_SUSPENDED, TENANT_NOT_FOUND …
        """
        known = self._known.find(headers, address) if younger_than is None else None
        if known is not None:
            return self._noted(known)
        if again:
            principal = await self._authenticator.authenticate(headers, younger_than, address)
        else:
            try:
                principal = await self._throttle.authenticate(self._authenticator, headers, address, younger_than)
            except Refusal as refusal:
                if self._watch is not None and refusal.attempt is not None:
                    self._watch.refused(refusal.attempt, address, request_id)
                raise
        caller = await self._selector.select(principal, headers, younger_than, address)
        if younger_than is None:
            self._known.keep(headers, address, caller)
        return self._noted(caller)

    def _noted(self, caller: Caller) -> Caller:
        """The caller, whose token was used just now."""
        if self._usage is not None:
            self._usage.note(caller.principal, caller.address)
        return caller

    def standing(
        self,
        headers: Headers,
        address: Address | None,
        ask_every: float = ASK_EVERY,
        *,
        request_id: str | None = None,
    ) -> "Standing":
        """The same for somebody who stays; `ask_every` in seconds."""
        return Standing(self, headers, address, self._clock, ask_every, request_id=request_id)


class Standing:
    """Who presented these headers, and for which tenant, as it is now."""

    def __init__(
        self,
        callers: Callers,
        headers: Headers,
        address: Address | None,
        clock: Clock,
        ask_every: float = ASK_EVERY,
        *,
        request_id: str | None = None,
    ) -> None:
        self._callers = callers
        self._headers = tuple(headers)
        self._address = address
        self._clock = clock
        self._ask_every = ask_every
        self._request_id = request_id
        self._has_stood = False

    async def caller(self) -> Caller:
        """The caller as of at most `ask_every` seconds ago. Raises Refusal, as at the beginning of any request."""
        caller = await self._callers.caller(
            self._headers,
            self._address,
            request_id=self._request_id,
            younger_than=self._ask_every,
            again=self._has_stood,
        )
        self._has_stood = True
        return caller

    async def until_gone(self, asked: Asked = nothing) -> None:
        """Wait for as long as the right lasts, and allows what is `asked`. Raises Refusal when it is gone."""
        while True:
            caller = await self.caller()
            asked(caller)
            left = (caller.principal.expires_at - self._clock.now()).total_seconds()
            await asyncio.sleep(min(self._ask_every, max(left, 0.0)))

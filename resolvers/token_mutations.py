"""The mutation fields of tokens. A secret is answered once: it is in no answer that is kept for a repeated request."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from auth.token import Secret
from loaders.window import Row
from resolvers.context import Info
from resolvers.mutations import key_of, or_problem
from resolvers.writing.change import Change, perform

Issuing = Callable[[Change, Mapping[str, Any]], Awaitable[tuple[Row, Secret]]]
Changing = Callable[[Change, Mapping[str, Any]], Awaitable[Row]]
Resolver = Callable[..., Awaitable[Row]]


def issuing(action: Issuing) -> Resolver:
    """The resolver of a field that answers a new secret; a repeated request is answered without it."""

    async def resolve(_root: Any, info: Info, *, input: dict[str, Any]) -> Row:  # noqa: A002 (the graph's name)
        issued: list[tuple[Row, Secret]] = []

        async def work(change: Change) -> Row:
            row, secret = await action(change, input)
            answer = {"__typename": "IssuedToken", "token": _token(row)}
            issued.append((answer, secret))
            return answer

        answer = await _answer(info, input, work)
        # Work that was rolled back and run again made secrets that nobody may see: the answer's own counts.
        fresh = [secret.reveal() for made, secret in issued if made is answer]
        return {**answer, "secret": fresh[0] if fresh else None}

    return resolve


def changing(action: Changing) -> Resolver:
    """The resolver of a field that answers the token alone."""

    async def resolve(_root: Any, info: Info, *, input: dict[str, Any]) -> Row:  # noqa: A002 (the graph's name)
        async def work(change: Change) -> Row:
            return _token(await action(change, input))

        return await _answer(info, input, work)

    return resolve


async def _answer(info: Info, given: dict[str, Any], work: Callable[[Change], Awaitable[Row]]) -> Row:
    async def run() -> Row:
        return await perform(info.context, info.field_name, given, key_of(info, given), work)

    return await or_problem(info, run())


def _token(row: Row) -> Row:
    return {**row, "__typename": "Token"}

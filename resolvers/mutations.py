"""Mutation fields: each runs a change in a transaction of its own and answers with the thing or a problem."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from graphql import GraphQLResolveInfo

from loaders.columns import camel_case
from loaders.entities import BY_PREFIX
from loaders.window import Row
from models import ids
from resolvers.context import Context, Info
from resolvers.node import demand_scopes
from resolvers.payload import Payload, Shown
from resolvers.problems import Conflict, Forbidden, Invalid, NotEmpty, NotFound, Problem
from resolvers.problems import Noun as ProblemNoun
from resolvers.recording import record_refusal
from resolvers.writing.change import Change, perform
from resolvers.writing.delete import impact, shown_counts
from resolvers.writing.nouns import Noun
from resolvers.writing.reach import refuse_bound

Action = Callable[[Change, Noun, dict[str, Any]], Awaitable[Row]]
LONGEST_KEY = 128
Answered = TypeVar("Answered", Row, Shown)


def mutation(noun: Noun, action: Action) -> Callable[..., Awaitable[Shown]]:
    """The resolver of `createArea` and its like."""

    async def resolve(_root: Any, info: Info, *, input: dict[str, Any]) -> Shown:  # noqa: A002 (the graph's name)
        context: Context = info.context
        payload = Payload(info)

        async def work(change: Change) -> Row:
            row = await action(change, noun, input)
            if "__typename" not in row:
                row = {**row, "__typename": noun.entity.name}
                await payload.read(change, row)
            return row

        async def run() -> Shown:
            refuse_bound(context, noun)
            return payload.of(await perform(context, info.field_name, input, key_of(info, input), work))

        return await or_problem(info, run())

    return resolve


async def or_problem(info: Info, running: Awaitable[Answered]) -> Answered | Row:
    """What a mutation answers, or its problem; one that was out of reach or forbidden is recorded."""
    try:
        return await running
    except Problem as problem:
        if is_refusal(problem.noun):
            named = {"operation": info.field_name, "answer": type(problem.noun).__name__}
            await record_refusal(info.context, named)
        return shown(problem.noun)


def is_refusal(noun: ProblemNoun) -> bool:
    """Whether the caller may not, or must not know: what else went wrong is no matter of rights."""
    return isinstance(noun, NotFound | Forbidden)


def shown(noun: ProblemNoun) -> Row:
    """A problem as the graph shows it."""
    value: Row = {"__typename": type(noun).__name__, "message": noun.message}
    match noun:
        case Conflict():
            value["currentVersion"] = noun.current_version
        case Invalid():
            wrong = (noun, *noun.others)
            value["fields"] = [
                {"path": [camel_case(part) for part in each.field.split(".")], "message": each.message}
                for each in wrong
            ]
        case NotEmpty():
            value["counts"] = shown_counts(noun.counts)
        case Forbidden():
            value["missing"] = list(noun.missing)
        case NotFound():
            pass
    return value


def key_of(info: GraphQLResolveInfo[Context], given: dict[str, Any]) -> str | None:
    """The caller's own name for this change: in the input, or for each root field of a request by its header."""
    key = given.get("clientMutationId")
    if key is None and info.context.idempotency_key is not None:
        key = f"{info.context.idempotency_key}:{info.path.key}"
    elif key is not None and not (1 <= len(key) <= LONGEST_KEY and key.isprintable()):
        raise Problem(Invalid("client_mutation_id", f"clientMutationId has 1 to {LONGEST_KEY} printable characters."))
    return key


async def delete_impact(_root: Any, info: Info, *, id: str) -> Row | None:  # noqa: A002 (the graph's name)
    """What a deletion would take along; null for an id that is out of reach."""
    named = ids.decode(id)
    entity = BY_PREFIX.get(named[0]) if named else None
    if entity is None:
        return None
    demand_scopes(info, entity)
    return await impact(info.context, named)

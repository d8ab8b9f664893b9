"""Bulk mutation fields: many items in one change, each answered with its thing or its problem."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from loaders.window import Row
from resolvers.context import Info
from resolvers.mutations import is_refusal, key_of, or_problem, shown
from resolvers.problems import Invalid, Problem
from resolvers.recording import record_refusal
from resolvers.writing.bulk.outcome import Item, Outcome
from resolvers.writing.change import Change, perform
from resolvers.writing.nouns import Noun

MOST_ITEMS = 1000


class BulkAction(Protocol):
    """What is done with all items; it leaves their rows alone where it refuses all of them."""

    def __call__(self, change: Change, noun: Noun, items: Sequence[Item], *, atomic: bool) -> Awaitable[Outcome]:
        """What becomes of each item."""
        ...


class NothingWritten(Exception):
    """Ends a bulk change whose items are all refused: it rolls back, and does not use its key up."""

    def __init__(self, answer: Row) -> None:
        super().__init__("every item was refused")
        self.answer = answer


def bulk_mutation(noun: Noun, action: BulkAction) -> Callable[..., Awaitable[Row]]:
    """The resolver of `bulkCreateDevices` and its like."""

    async def resolve(_root: Any, info: Info, *, input: dict[str, Any]) -> Row:  # noqa: A002 (the graph's name)
        items = input["items"]
        problems: list[str] = []

        async def work(change: Change) -> Row:
            outcome = await action(change, noun, items, atomic=bool(input.get("atomic")))
            problems[:] = [type(each).__name__ for each in outcome.problems.values() if is_refusal(each)]
            answer = _shown(noun, outcome)
            if not answer["written"]:
                raise NothingWritten(answer)
            return answer

        async def run() -> Row:
            key = key_of(info, input)
            _check_count(len(items))
            try:
                return await perform(info.context, info.field_name, input, key, work, again_if_taken=True)
            except NothingWritten as nothing:
                return nothing.answer

        answer = await or_problem(info, run())
        if problems:
            # How many items were refused, by the problem that each is answered with.
            await record_refusal(info.context, {"operation": info.field_name, "answers": Counter(problems)})
        return answer

    return resolve


def _check_count(count: int) -> None:
    if not 1 <= count <= MOST_ITEMS:
        raise Problem(Invalid("items", f"items are from 1 to {MOST_ITEMS:,}, not {count:,}: send several requests."))


def _shown(noun: Noun, outcome: Outcome) -> Row:
    """What became of the items, as the graph shows it."""
    name = noun.entity.name
    items = [
        {
            "index": at,
            noun.entity.table.__tablename__: None if row is None else {**row, "__typename": name},
            "problem": None if problem is None else shown(problem),
        }
        for at, (row, problem) in enumerate(outcome)
    ]
    refused = len(outcome.problems)
    return {"__typename": f"Bulk{name}s", "items": items, "written": len(items) - refused, "refused": refused}

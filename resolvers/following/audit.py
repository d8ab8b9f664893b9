"""What gets into a tenant's audit, as it is appended: for whoever may read all of it, asked again at each record."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from auth.codes import Code, Refusal
from loaders.entities import AUDIT_EVENT
from loaders.window import Row
from resolvers.context import Context, Info
from resolvers.following.feed import AUDIT
from resolvers.following.since import begin


async def audit_event_added(_root: Any, info: Info, **given: Any) -> AsyncGenerator[Row]:
    """The records that these arguments (`actions outcomes sinceNumber`) ask for.

    A right that is bound to a node reads an empty audit: nothing is told, nor how much there is.

    Raises:
        Refusal: BAD_USER_INPUT.
    """
    context: Context = info.context
    head = await context.feeds.head(context.tenant_id, AUDIT)
    bound = context.reach(AUDIT_EVENT) is not None
    since = begin(AUDIT, 0 if bound else head, given.get("sinceNumber"))
    return _added(context, head if bound else since, given)


async def _added(context: Context, since: int, given: dict[str, Any]) -> AsyncGenerator[Row]:
    """Raises Refusal where nothing of the right is left."""
    async with aclosing(context.feeds.after(context.tenant_id, since, AUDIT)) as records:
        async for record in records:
            if not _is_wanted(record["action"], given.get("actions")):
                continue
            if not _is_wanted(record["outcome"], given.get("outcomes")):
                continue
            context.caller = await context.standing.caller()
            reach = context.reach(AUDIT_EVENT)
            if reach == ():
                raise Refusal(Code.FORBIDDEN_SCOPE, "The right to read the audit is gone.")
            if reach is None:
                yield record


def _is_wanted(word: str, words: list[str] | None) -> bool:
    return not words or word in words

"""The mutation field that deletes a tenant: what lives in its estate is counted first, as that tenant."""

from typing import Any

from loaders.window import Row
from resolvers.context import Info
from resolvers.mutations import mutation
from resolvers.payload import Shown
from resolvers.writing.change import Change
from resolvers.writing.nouns import Noun
from resolvers.writing.tenants.delete import delete, estate
from resolvers.writing.tenants.noun import TENANT_NOUN


async def delete_tenant(root: Any, info: Info, *, input: dict[str, Any]) -> Shown:  # noqa: A002 (the graph's name)
    """What was deleted, or why not."""
    lives = () if input.get("cascade") else await estate(info.context, input)

    async def work(change: Change, noun: Noun, given: dict[str, Any]) -> Row:
        return await delete(change, noun, given, lives)

    return await mutation(TENANT_NOUN, work)(root, info, input=input)

"""Things by their id: `node`, `nodes` and federation's `_entities`, in one batch a table.

Another tenant's row, a missing row and an id that is none are the same: null.
"""

import asyncio
from typing import Any

from graphql import GraphQLObjectType

from auth.codes import Code, Refusal
from loaders.entities import BY_NAME, BY_PREFIX, Entity
from loaders.window import Row
from models.ids import decode
from resolvers.context import Context, Info


async def node(_root: Any, info: Info, *, id: str) -> Row | None:  # noqa: A002 (the graph's name)
    """The thing with this id."""
    named = decode(id)
    entity = BY_PREFIX.get(named[0]) if named else None
    if named is None or entity is None:
        return None
    demand_scopes(info, entity)
    context: Context = info.context
    row = await context.loaders.row(entity, context.tenant_id, named[1])
    return {**row, "__typename": entity.name} if row else None


async def nodes(_root: Any, info: Info, *, ids: list[str]) -> list[Row | None]:
    """The things with these ids, in their order; null for each that is out of reach."""
    return await asyncio.gather(*(node(None, info, id=each) for each in ids))


async def entities(_root: Any, info: Info, *, representations: list[Any]) -> list[Row | Refusal | None]:
    """Federation's representations, each by its `__typename` and `id`; a bad one is an error for itself alone."""
    return list(await asyncio.gather(*(_entity(info, each) for each in representations)))


async def _entity(info: Info, representation: Any) -> Row | Refusal | None:
    if not isinstance(representation, dict) or not isinstance(representation.get("id"), str):
        return Refusal(Code.BAD_USER_INPUT, "A representation needs __typename and id, both strings.")
    entity = BY_NAME.get(str(representation.get("__typename")))
    if entity is None:
        return Refusal(Code.BAD_USER_INPUT, "The representation's __typename is no entity of this subgraph.")
    named = decode(representation["id"])
    try:
        found = await node(None, info, id=representation["id"]) if named and named[0] is entity.prefix else None
    except Refusal as refusal:
        return refusal
    return found or Refusal(Code.NOT_FOUND, f"There is no such {entity.name} within reach.")


def demand_scopes(info: Info, entity: Entity) -> None:
    """The type's own requirement, as the schema declares it: an id's type is known only when it is read.

    Raises:
        Refusal: FORBIDDEN_SCOPE.
    """
    declared = info.schema.get_type(entity.name)
    assert isinstance(declared, GraphQLObjectType), f"{entity.name} is no type of the schema"
    context: Context = info.context
    missing = declared.extensions["requirement"].missing(context.caller.principal.scopes)
    if missing:
        raise Refusal(
            Code.FORBIDDEN_SCOPE,
            f"To read a {entity.name} the token lacks {', '.join(sorted(missing))}.",
            extensions={"missing": [{"field": entity.name, "scopes": sorted(missing)}]},
        )

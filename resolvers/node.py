"""Things by their id: `node`, `nodes` and federation's `_entities`, in one batch a table.

Another tenant's row, a missing row and an id that is none are the same: null.
"""

from collections.abc import Awaitable
from functools import partial
from typing import Any

from graphql import GraphQLObjectType

from auth.codes import Code, Refusal
from loaders.batch import Later
from loaders.entities import BY_NAME, BY_PREFIX, Entity
from loaders.window import Row
from models.ids import decode
from resolvers.context import Context, Info
from resolvers.recording import note_refusal


def node(_root: Any, info: Info, *, id: str) -> Awaitable[Row | None] | None:  # noqa: A002 (the graph's name)
    """The thing with this id."""
    named = decode(id)
    entity = BY_PREFIX.get(named[0]) if named else None
    if named is None or entity is None:
        return None
    demand_scopes(info, entity)
    context: Context = info.context
    return Later(context.loaders.row(entity, context.tenant_id, named[1]), partial(with_typename, entity))


def nodes(_root: Any, info: Info, *, ids: list[str]) -> list[Awaitable[Row | None] | Refusal | None]:
    """The things with these ids, in their order; null for each that is out of reach."""
    return [_or_refusal(info, each) for each in ids]


def entities(_root: Any, info: Info, *, representations: list[Any]) -> list[Awaitable[Row] | Refusal | None]:
    """Federation's representations, each by its `__typename` and `id`; a bad one is an error for itself alone."""
    return [_entity(info, each) for each in representations]


def _entity(info: Info, representation: Any) -> Awaitable[Row] | Refusal:
    if not isinstance(representation, dict) or not isinstance(representation.get("id"), str):
        return Refusal(Code.BAD_USER_INPUT, "A representation needs __typename and id, both strings.")
    entity = BY_NAME.get(str(representation.get("__typename")))
    if entity is None:
        return Refusal(Code.BAD_USER_INPUT, "The representation's __typename is no entity of this subgraph.")
    named = decode(representation["id"])
    try:
        demand_scopes(info, entity)
    except Refusal as refusal:
        return refusal
    if named is None or named[0] is not entity.prefix:
        return _missing(entity)
    context: Context = info.context
    return Later(context.loaders.row(entity, context.tenant_id, named[1]), partial(_found, entity))


def _or_refusal(info: Info, id_: str) -> Awaitable[Row | None] | Refusal | None:
    try:
        return node(None, info, id=id_)
    except Refusal as refusal:
        return refusal


def with_typename(entity: Entity, row: Row | None) -> Row | None:
    """A row that tells its type, for fields whose type is an interface."""
    return {**row, "__typename": entity.name} if row else None


def _found(entity: Entity, row: Row | None) -> Row:
    if row is None:
        raise _missing(entity)
    return {**row, "__typename": entity.name}


def _missing(entity: Entity) -> Refusal:
    return Refusal(Code.NOT_FOUND, f"There is no such {entity.name} within reach.")


def demand_scopes(info: Info, entity: Entity) -> None:
    """The type's own requirement, as the schema declares it: an id's type is known only when it is read.

    A refusal is recorded.

    Raises:
        Refusal: FORBIDDEN_SCOPE.
    """
    declared = info.schema.get_type(entity.name)
    assert isinstance(declared, GraphQLObjectType), f"{entity.name} is no type of the schema"
    context: Context = info.context
    missing = declared.extensions["requirement"].missing(context.caller.scopes)
    if missing:
        lacked = [{"field": entity.name, "scopes": sorted(missing)}]
        note_refusal(context, {"missing": lacked})
        raise Refusal(
            Code.FORBIDDEN_SCOPE,
            f"To read a {entity.name} the token lacks {', '.join(sorted(missing))}.",
            extensions={"missing": lacked},
        )

"""What happens in an estate: the events of a tenant's feed that the caller may see and asked for (law 2).

What a type asks of its readers is asked at each event: a token that is narrowed meanwhile sees no more of it.
"""

import uuid
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

from graphql import GraphQLObjectType

from auth.codes import Code, Refusal
from auth.requirement import Requirement
from loaders.batch import Later
from loaders.columns import camel_case
from loaders.entities import AREA, BY_NAME, LOCATION, Entity
from loaders.window import Row
from models import EstateType, ids
from models.ids import Prefix
from resolvers.context import Context, Info
from resolvers.following.feed import EVENTS
from resolvers.following.reach import is_told
from resolvers.following.since import begin
from resolvers.following.watch import Watch
from resolvers.node import demand_scopes, with_typename


async def estate_changed(_root: Any, info: Info, **given: Any) -> AsyncGenerator[Row]:
    """The events that these arguments (`types locationId areaId sinceEvent`) ask for, checked before the first.

    Raises:
        Refusal: FORBIDDEN_SCOPE, NOT_FOUND or BAD_USER_INPUT.
    """
    context: Context = info.context
    asks = _asked(info, given.get("types"))
    watch = Watch(
        context,
        await _place(info, LOCATION, given.get("locationId")),
        await _place(info, AREA, given.get("areaId")),
    )
    since = begin(EVENTS, await context.feeds.head(context.tenant_id), given.get("sinceEvent"))
    return _changes(context, asks, watch, since)


async def _changes(context: Context, asks: Mapping[str, Requirement], watch: Watch, since: int) -> AsyncGenerator[Row]:
    async with aclosing(context.feeds.after(context.tenant_id, since)) as events:
        async for event in events:
            asked = asks.get(event["entity"])
            if asked is None:
                continue
            caller = await context.standing.caller()
            if asked.missing(caller.scopes):
                continue
            if await watch.sees(event) and await is_told(context, event, caller.reach(asked)):
                yield event


def _asked(info: Info, types: list[str] | None) -> dict[str, Requirement]:
    """What each type asks of its readers: of those that were named, or of those that the token may read."""
    context: Context = info.context
    held = context.caller.scopes
    asked: dict[str, Requirement] = {}
    missing: dict[str, list[str]] = {}
    for name in types or [str(each) for each in EstateType]:
        declared = info.schema.get_type(name)
        assert isinstance(declared, GraphQLObjectType), f"{name} is no type of the schema"
        asked[name] = declared.extensions["requirement"]
        lacking = asked[name].missing(held)
        if lacking:
            missing[name] = sorted(lacking)
    if missing and (types or len(missing) == len(asked)):
        listed = sorted({scope for scopes in missing.values() for scope in scopes})
        raise Refusal(
            Code.FORBIDDEN_SCOPE,
            f"To follow {', '.join(missing)} the token lacks {', '.join(listed)}.",
            extensions={"missing": [{"field": name, "scopes": scopes} for name, scopes in missing.items()]},
        )
    return asked


async def _place(info: Info, entity: Entity, given: str | None) -> uuid.UUID | None:
    """The id of a place within reach; None where none was given."""
    if given is None:
        return None
    demand_scopes(info, entity)
    context: Context = info.context
    named = ids.decode(given)
    if named is None or named[0] is not entity.prefix:
        raise _missing(entity)
    if await context.loaders.row(entity, context.tenant_id, named[1]) is None:
        raise _missing(entity)
    return named[1]


def _missing(entity: Entity) -> Refusal:
    return Refusal(Code.NOT_FOUND, f"There is no such {entity.name} within reach.")


def thing(event: Row, info: Info) -> Later[Any, Row | None]:
    """The thing as it is now; None where it is gone."""
    context: Context = info.context
    entity = BY_NAME[event["entity"]]
    loading = context.loaders.row(entity, event["tenant_id"], event["entity_id"])
    return Later(loading, lambda row: with_typename(entity, row))


def thing_id(event: Row, _info: Info) -> str:
    """The thing's id, which names its type."""
    return ids.encode(BY_NAME[event["entity"]].prefix, event["entity_id"])


def number(event: Row, _info: Info) -> str:
    """As text: it may outgrow 32 bits."""
    return str(event["number"])


def changed(event: Row, _info: Info) -> list[str]:
    """The fields' names in the graph."""
    return [camel_case(name) for name in event["changed"]]


def place_id(column: str, prefix: Prefix) -> Any:
    """The id of the place in this column."""
    return lambda event, _info: ids.encode(prefix, event[column]) if event[column] else None


def actor(event: Row, _info: Info) -> Row:
    """Who did it."""
    return {"kind": event["actor_kind"], "name": event["actor_name"]}

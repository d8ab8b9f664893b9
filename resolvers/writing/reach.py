"""How far a change reaches: what it writes lies beneath the nodes of the caller's right, before and after.

A thing out of reach is one that never was. What would leave the reach, or come to lie outside of it, is forbidden. A
right that is bound to no node costs no condition and no statement.
"""

import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from auth.requirement import any_of
from auth.scopes import Scope
from loaders.entities import DEVICE_TYPE, ROLE, ROLE_BINDING, SERVICE_ACCOUNT, TENANT, TOKEN, USER, Entity
from loaders.window import Row
from models import ids
from models.hierarchy import Reach
from resolvers.context import Context
from resolvers.problems import Conflict, Forbidden, Problem
from resolvers.reach import lying, told
from resolvers.recordset import recordset
from resolvers.writing.nouns import BY_ENTITY, Noun

# What lies beneath no node of an estate: the whole tenant has it.
WHOLE = (TENANT, DEVICE_TYPE, USER, SERVICE_ACCOUNT, ROLE)
# What answers show that can leave a reach, each with the right that wrote it.
SHOWN: dict[str, tuple[Entity, Scope]] = {
    **{name: (noun.entity, noun.scope) for name, noun in BY_ENTITY.items()},
    TOKEN.name: (TOKEN, Scope.TOKENS_WRITE),
    ROLE_BINDING.name: (ROLE_BINDING, Scope.ROLES_WRITE),
}


def writable(context: Context, noun: Noun) -> Reach:
    """Where the caller may write the noun."""
    return context.caller.reach(any_of(noun.scope))


def referable(context: Context, right: Scope, target: Entity) -> Reach:
    """Where a change by this right sees rows of this kind: where the caller reads them, or, reading none, writes."""
    reads = context.reach(target)
    return context.caller.reach(any_of(right)) if reads == () else reads


def refuse_bound(context: Context, noun: Noun) -> None:
    """Refuse a right that is bound to a node what belongs to the tenant, whichever row is named.

    Raises:
        Problem: Forbidden.
    """
    if noun.entity in WHOLE and context.caller.reach(any_of(noun.scope)) not in {None, ()}:
        raise Problem(Forbidden(f"A {noun.named} belongs to the whole tenant, beyond the token's reach.", ()))


async def beyond(
    connection: AsyncConnection, context: Context, noun: Noun, rows: Iterable[Row], *, moved: bool = False
) -> set[uuid.UUID]:
    """The ids of those rows that would not lie within reach, if they were written as they are given.

    `moved`: the node that a right is bound to does not lie in itself then: what is around it says where it goes.
    """
    reach = writable(context, noun)
    given = list(rows)
    if reach is None or not given:
        return set()
    if moved:
        named = {row["id"] for row in given}
        reach = tuple(nodes for nodes in reach if named.isdisjoint(node.id for node in nodes))
    table = noun.entity.sql
    source = recordset(table, ["id", *(each.name for each in noun.references)], given)
    columns: dict[str, Any] = {column.key: column for column in source.c}
    if noun.tree is not None and "path" in table.c:
        above = table.alias("above")
        path = select(above.c.path).where(above.c.tenant_id == context.tenant_id, above.c.id == columns[noun.tree])
        columns["path"] = func.array_append(path.scalar_subquery(), source.c.id)
    statement = select(source.c.id).where(told(noun.entity, context.tenant_id, reach, columns))
    return {row["id"] for row in given} - set(await connection.scalars(statement))


def out_of_reach(noun: Noun) -> Problem:
    """What a row is refused with that would not lie within reach."""
    return Problem(Forbidden(f"The {noun.named} would lie beyond the token's reach.", ()))


async def seen(
    connection: AsyncConnection, context: Context, noun: Noun, found: Mapping[str, list[uuid.UUID]]
) -> dict[str, list[uuid.UUID]]:
    """Of rows, by the names of their types, those that a change of the noun sees."""
    visible: dict[str, list[uuid.UUID]] = {}
    for name, row_ids in found.items():
        entity = BY_ENTITY[name].entity
        reach = referable(context, noun.scope, entity)
        there = await lying(connection, context.tenant_id, entity, row_ids, reach)
        visible[name] = [each for each in row_ids if each in there]
    return visible


async def shown(
    connection: AsyncConnection, context: Context, noun: Noun, target: Entity, row_id: uuid.UUID
) -> str | None:
    """The id of another thing that a problem may name; None for one that the caller sees nothing of."""
    reach = referable(context, noun.scope, target)
    there = await lying(connection, context.tenant_id, target, [row_id], reach)
    return ids.encode(target.prefix, row_id) if there else None


async def check_all(connection: AsyncConnection, context: Context, found: Mapping[str, Collection[uuid.UUID]]) -> None:
    """Refuse to delete or restore a set, by the names of the types, that lies in part out of reach.

    Raises:
        Problem: Forbidden.
    """
    for name, row_ids in found.items():
        noun = BY_ENTITY[name]
        reach = writable(context, noun)
        if reach is None or not row_ids:
            continue
        there = await lying(connection, context.tenant_id, noun.entity, row_ids, reach)
        if noun.entity in WHOLE or len(there) < len(set(row_ids)):
            raise Problem(Forbidden("What hangs on it lies in part beyond the token's reach.", ()))


async def check_replayed(connection: AsyncConnection, context: Context, answer: Row) -> None:
    """Refuse to repeat an answer that shows what has left the reach since; the caller's own token never does.

    Raises:
        Problem: Conflict.
    """
    found: dict[str, set[uuid.UUID]] = {}
    for row in _rows(answer):
        found.setdefault(row["__typename"], set()).add(row["id"])
    found.get(TOKEN.name, set()).discard(context.caller.principal.token_id)
    for name, row_ids in found.items():
        entity, scope = SHOWN[name]
        there = await lying(connection, context.tenant_id, entity, row_ids, context.caller.reach(any_of(scope)))
        if there != row_ids:
            raise Problem(Conflict("What was answered under this key has left the token's reach since."))


def _rows(answer: Any) -> Iterator[Row]:
    """The rows in an answer, at any depth of its lists."""
    if isinstance(answer, list):
        for each in answer:
            yield from _rows(each)
    elif isinstance(answer, dict) and answer.get("__typename") in SHOWN:
        yield answer
    elif isinstance(answer, dict):
        for value in answer.values():
            yield from _rows(value)

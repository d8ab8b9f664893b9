"""First answers: what a mutation answered with, rows within it as they were, kept under the caller's key for a day.

The key is claimed by an insert, so that of fifty requests at once one works and the others wait for its answer.
"""

import hashlib
import uuid
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson
from sqlalchemy import Date, DateTime, Numeric, Uuid, bindparam, null, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from loaders.entities import BY_NAME, LISTED, Entity
from loaders.window import Row
from models import Replay
from models.statement import Statement
from resolvers.context import Context
from resolvers.problems import Conflict, Invalid, Problem

KEPT = timedelta(hours=24)
ROWS = {**BY_NAME, **{entity.name: entity for entity in LISTED}}


async def first_answer(connection: AsyncConnection, context: Context, key: str, given: dict[str, Any]) -> Row | None:
    """The answer that was given under this key; None for a key that is new, which is claimed.

    Raises:
        Problem: Conflict, where the key came with another input; Invalid, where the input is no JSON.
    """
    try:
        told = orjson.dumps(given, default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    except TypeError:
        raise Problem(Invalid("input", "The input nests too deep, or has a number beyond 64 bits.")) from None
    input_hash = hashlib.sha256(told).digest()
    mine, now = _mine(context, key), context.clock.now()
    if await CLAIM.rows(connection, **mine, input_hash=input_hash, now=now, ended=now - KEPT):
        return None
    [kept] = await FIND.rows(connection, **mine)
    if kept["input_hash"] != input_hash:
        raise Problem(Conflict("The idempotency key was used with another input; use a key for each change."))
    answer: Row = _thawed(kept["answer"])
    return answer


async def keep_answer(connection: AsyncConnection, context: Context, key: str, row: Row) -> None:
    """Keep the answer of a key that was claimed in this transaction."""
    await KEEP.rows(connection, **_mine(context, key), kept=orjson.loads(orjson.dumps(row, default=str)))


def _mine(context: Context, key: str) -> dict[str, Any]:
    """What a key is told apart by."""
    return {"tenant": context.tenant_id, "token": context.caller.principal.token_id, "name": key}


async def overwrite_answers(
    connection: AsyncConnection, tenant_id: uuid.UUID, entity: Entity, row_id: uuid.UUID, columns: Row
) -> None:
    """Put these columns in the place of those of a row, in every answer that is kept of it."""
    of_row = {"__typename": entity.name, "id": str(row_id)}
    await connection.execute(
        update(Replay)
        .where(Replay.tenant_id == tenant_id, Replay.answer.contains(of_row))
        .values(answer=Replay.answer.concat(columns))
    )


def _thawed(kept: Any) -> Any:
    """What was kept, its rows (they tell their type) with the values that their columns hold."""
    if isinstance(kept, list):
        return [_thawed(each) for each in kept]
    if not isinstance(kept, dict):
        return kept
    entity = ROWS.get(kept.get("__typename", ""))
    if entity is None:
        return {name: _thawed(value) for name, value in kept.items()}
    columns = entity.sql.c
    return {name: _value(columns[name].type, value) if name in columns else value for name, value in kept.items()}


def _value(kind: Any, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(kind, Uuid):
        return uuid.UUID(value)
    if isinstance(kind, DateTime):
        return datetime.fromisoformat(value)
    if isinstance(kind, Date):
        return date.fromisoformat(value)
    return Decimal(value) if isinstance(kind, Numeric) and isinstance(value, str) else value


CLAIMED = {
    "tenant_id": bindparam("tenant"),
    "token_id": bindparam("token"),
    "key": bindparam("name"),
    "input_hash": bindparam("input_hash"),
    "created_at": bindparam("now"),
    "answer": null(),
}
MINE = (
    Replay.tenant_id == bindparam("tenant"),
    Replay.token_id == bindparam("token"),
    Replay.key == bindparam("name"),
)
# A key whose day is over is as good as new.
CLAIM = Statement(
    upsert(Replay)
    .values(CLAIMED)
    .on_conflict_do_update(
        index_elements=["tenant_id", "token_id", "key"],
        set_=CLAIMED,
        where=Replay.created_at <= bindparam("ended"),
    )
    .returning(Replay.key)
)
FIND = Statement(select(Replay.input_hash, Replay.answer).where(*MINE))
KEEP = Statement(update(Replay).where(*MINE).values(answer=bindparam("kept")))

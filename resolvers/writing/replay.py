"""First answers: what a mutation answered with, rows within it as they were, kept under the caller's key for a day.

The key is claimed by an insert, so that of fifty requests at once one works and the others wait for its answer.
"""

import hashlib
import uuid
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson
from sqlalchemy import Date, DateTime, Numeric, Uuid, delete, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from loaders.entities import BY_NAME, LISTED, Entity
from loaders.window import Row
from models import Replay
from resolvers.context import Context
from resolvers.problems import Conflict, Invalid, Problem

KEPT = timedelta(hours=24)
ROWS = {**BY_NAME, **{entity.name: entity for entity in LISTED}}


async def first_answer(connection: AsyncConnection, context: Context, key: str, given: dict[str, Any]) -> Row | None:
    """The answer that was given under this key; None for a key that is new, which is claimed.

    Raises:
        Problem: Conflict, where the key came with another input; Invalid, where the input is no JSON.
    """
    mine = (Replay.tenant_id == context.tenant_id, Replay.token_id == context.caller.principal.token_id)
    now = context.clock.now()
    await connection.execute(delete(Replay).where(*mine, Replay.key == key, Replay.created_at <= now - KEPT))
    try:
        told = orjson.dumps(given, default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    except TypeError:
        raise Problem(Invalid("input", "The input nests too deep, or has a number beyond 64 bits.")) from None
    input_hash = hashlib.sha256(told).digest()
    claim = upsert(Replay).values(
        tenant_id=context.tenant_id,
        token_id=context.caller.principal.token_id,
        key=key,
        input_hash=input_hash,
        created_at=now,
    )
    claimed = await connection.execute(claim.on_conflict_do_nothing().returning(Replay.key))
    if claimed.first() is not None:
        return None
    kept = (await connection.execute(select(Replay.input_hash, Replay.answer).where(*mine, Replay.key == key))).one()
    if kept.input_hash != input_hash:
        raise Problem(Conflict("The idempotency key was used with another input; use a key for each change."))
    answer: Row = _thawed(kept.answer)
    return answer


async def keep_answer(connection: AsyncConnection, context: Context, key: str, row: Row) -> None:
    """Keep the answer of a key that was claimed in this transaction."""
    await connection.execute(
        update(Replay)
        .where(
            Replay.tenant_id == context.tenant_id,
            Replay.token_id == context.caller.principal.token_id,
            Replay.key == key,
        )
        .values(answer=orjson.loads(orjson.dumps(row, default=str)))
    )


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

"""What the graph shows of a record beyond its columns: actor, target, and what was changed.

Words that this server does not know (a newer one wrote them) are null, and what a superuser put in a value's place is
shown as it is: neither spoils a list.
"""

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

import orjson
from sqlalchemy import ARRAY, BigInteger, Select, bindparam, select

from loaders.batch import Later
from loaders.window import Row
from models import AuditActorKind, AuditValue, ids
from models.ids import Prefix
from resolvers.context import Context, Info

VALUE: list[Any] = [AuditValue.number, AuditValue.at, AuditValue.field, AuditValue.before, AuditValue.after]
# A record's number and time: the values' key, and the month that they lie in.
Place = tuple[int, datetime]


def word(column: str, vocabulary: type[StrEnum]) -> Callable[[Row, Info], str | None]:
    """The column's word, null where this server's vocabulary has it not."""
    known = frozenset(vocabulary)
    return lambda row, _info: row[column] if row[column] in known else None


def number(row: Row, _info: Info) -> str:
    """As text: it may outgrow 32 bits."""
    return str(row["number"])


def hash_of(row: Row, _info: Info) -> str:
    """In hexadecimal, as exports spell it."""
    spelled: str = row["hash"].hex()
    return spelled


def actor(row: Row, info: Info) -> Row:
    """Who acted."""
    return {
        "kind": word("actor_kind", AuditActorKind)(row, info),
        "id": row["actor_id"],
        "name": row["actor_name"],
        "token_id": _token(row),
    }


def target(row: Row, _info: Info) -> Row | None:
    """The thing that it was done to."""
    return None if row["target_type"] is None else {"type": row["target_type"], "id": row["target_id"]}


def changed(row: Row, info: Info) -> Later[list[Row], list[Row]] | list[Row]:
    """Each field that has a digest, with its values unless they were erased; one statement for all records asked of."""
    digests = row["digests"]
    if not digests or not isinstance(digests, dict):
        return []
    context: Context = info.context
    loading = context.loaders.beside(
        AuditValue.__tablename__, row["tenant_id"], (row["number"], row["at"]), _values, _place
    )
    return Later(loading, lambda values: _fields(digests, {each["field"]: each for each in values}))


def _token(row: Row) -> str | None:
    """The token that was shown; whoever signed in showed none of ours, and is recorded by its own id."""
    named = None if row["actor_id"] is None else ids.decode(row["actor_id"])
    signed_in = named is not None and named[0] is not Prefix.TOKEN and named[1] == row["token_id"]
    return None if row["token_id"] is None or signed_in else ids.encode(Prefix.TOKEN, row["token_id"])


def _fields(digests: dict[str, str], values: dict[str, Row]) -> list[Row]:
    return [
        {
            "field": field,
            "erased": field not in values,
            **{end: _plain(values[field][end]) if field in values else None for end in ("before", "after")},
        }
        for field in sorted(digests)
    ]


def _plain(text: str | None) -> Any:
    """The value that a JSON text spells; what was tampered with may be no JSON any more, and is shown as it is."""
    try:
        return None if text is None else orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _values(tenant_id: uuid.UUID, places: Sequence[Place]) -> Select[Any]:
    numbers = bindparam("numbers", [number for number, _ in places], type_=ARRAY(BigInteger))
    moments = [at for _, at in places]
    return select(*VALUE).where(
        AuditValue.tenant_id == tenant_id,
        AuditValue.number == numbers.any_(),
        # Only the months that they lie in are looked at.
        AuditValue.at.between(min(moments), max(moments)),
    )


def _place(value: Row) -> Place:
    return value["number"], value["at"]

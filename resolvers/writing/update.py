"""Updating and moving a thing: the same, but for what may be given and what is told of it."""

import uuid
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import Table, bindparam
from sqlalchemy import update as sql_update

from loaders.window import Row
from models import ids
from models.event import ChangeKind
from models.statement import Statement
from resolvers.problems import Conflict, Invalid, NotFound, Problem
from resolvers.writing.change import Change
from resolvers.writing.nouns import Noun
from resolvers.writing.paths import follow, is_pathed
from resolvers.writing.reach import beyond, out_of_reach, writable
from resolvers.writing.references import Referred, check_tree, referred
from resolvers.writing.values import checked


async def update(change: Change, noun: Noun, given: Mapping[str, Any]) -> Row:
    """The row with what the input names changed; null clears, what is not named stays.

    Raises:
        Problem: NotFound, Invalid, Conflict (a stale `ifVersion`, a key that is taken, a circle), or Forbidden
            beyond the token's reach.
    """
    row = await held(change, noun, given)
    columns = checked(noun, given, creating=False)
    references, near = await referred(change, noun, given)
    return await _write(change, noun, row, {**columns, **references}, ChangeKind.UPDATED, near=near)


async def move(change: Change, noun: Noun, given: Mapping[str, Any]) -> Row:
    """The row in its new place, with its id and history; `to` names one place, or `none`.

    Raises:
        Problem: as `update`.
    """
    row = await held(change, noun, given)
    if given["to"].get("none") is False:
        raise Problem(Invalid("to.none", "none is true, or another place is named."))
    movable = [name for name in noun.place if name not in noun.fixed]
    columns: dict[str, Any] = dict.fromkeys(movable)
    references, near = await referred(
        change, noun, {name: value for name, value in given["to"].items() if name != "none"}
    )
    columns |= references
    if any(columns[name] != row[name] for name in noun.fixed if name in columns):
        raise Problem(Conflict(f"The {noun.named} cannot leave its location."))
    return await _write(change, noun, row, columns, ChangeKind.MOVED, near=near)


def changes(row: Row, columns: Mapping[str, Any]) -> list[str]:
    """Which of these columns the row does not have already."""
    return [name for name, value in columns.items() if not _same(row[name], value)]


def displaces(noun: Noun, changed: Iterable[str]) -> bool:
    """Whether a change of these columns can take a row out of reach."""
    return not {reference.name for reference in noun.references}.isdisjoint(changed)


def _same(old: Any, new: Any) -> bool:
    """Python holds 1, 1.0 and True for equal; in JSON they are three values."""
    if isinstance(old, dict | list):
        return orjson.dumps(old, option=orjson.OPT_SORT_KEYS) == orjson.dumps(new, option=orjson.OPT_SORT_KEYS)
    return bool(old == new)


async def held(change: Change, noun: Noun, given: Mapping[str, Any]) -> Row:
    """The living row that an input's `id` names, locked, at the version that it expects.

    Raises:
        Problem: NotFound or Conflict.
    """
    named = ids.decode(given["id"])
    found: dict[uuid.UUID, Row] = {}
    if named is not None and named[0] is noun.entity.prefix:
        found = await change.lock(noun.entity, [named[1]], reach=writable(change.context, noun))
    return checked_row(noun, next(iter(found.values()), None), given)


def checked_row(noun: Noun, row: Row | None, given: Mapping[str, Any]) -> Row:
    """The row that an input names, if it is there and at the version that the input expects.

    Raises:
        Problem: NotFound or Conflict.
    """
    if row is None:
        raise Problem(NotFound(f"There is no such {noun.named} in reach."))
    check_version(noun, row, given.get("ifVersion"))
    return row


def check_version(noun: Noun, row: Row, expected: int | None) -> None:
    """Refuse a change that expects another version. Raises Problem (Conflict)."""
    if expected is not None and row["version"] != expected:
        raise Problem(
            Conflict(f"The {noun.named} is at version {row['version']}, not {expected}: read it again.", row["version"])
        )


async def _write(
    change: Change, noun: Noun, row: Row, columns: dict[str, Any], kind: ChangeKind, *, near: Referred
) -> Row:
    changed = changes(row, columns)
    if not changed:
        return row
    if displaces(noun, changed):
        moved = kind is ChangeKind.MOVED
        if await beyond(change.connection, change.context, noun, [{**row, **columns}], moved=moved):
            raise out_of_reach(noun)
    table = noun.entity.sql
    derived: dict[str, Any] = {}
    if noun.tree in changed:
        above = await check_tree(change, noun, columns[noun.tree], row["id"], near)
        if is_pathed(table):
            derived["path"] = [*above, row["id"]]
    values = {name: columns[name] for name in changed} | derived
    given = {f"new_{name}": value for name, value in values.items()}
    now = change.context.clock.now()
    [written] = await change.run(writing(table, tuple(values)), row_id=row["id"], now=now, **given)
    if derived:
        await follow(change, table, {row["id"]: written})
    change.tell(kind, noun.entity, written, changed, before=row)
    return written


@lru_cache(maxsize=256)
def writing(table: Table, names: tuple[str, ...]) -> Statement:
    """Writes these columns of one row, each from what is called new."""
    new = {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in names}
    return Statement(
        sql_update(table)
        .where(table.c.tenant_id == bindparam("tenant"), table.c.id == bindparam("row_id"))
        .values({**new, "version": table.c.version + 1, "updated_at": bindparam("now")})
        .returning(table)
    )

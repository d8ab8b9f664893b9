"""Creating many things of one noun."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, TextClause, func, literal, select
from sqlalchemy.dialects.postgresql import insert as upsert

from loaders.window import Row
from models.event import ChangeKind
from resolvers.problems import Problem
from resolvers.recordset import recordset
from resolvers.writing.bulk.outcome import Item, Outcome
from resolvers.writing.change import Change, taken
from resolvers.writing.create import begun, flat
from resolvers.writing.nouns import Noun
from resolvers.writing.paths import is_pathed
from resolvers.writing.reach import beyond, out_of_reach
from resolvers.writing.references import Columns, check_required, columns_of, held_for
from resolvers.writing.tree import Tree, tree_around
from resolvers.writing.values import checked


async def create(change: Change, noun: Noun, items: Sequence[Item], *, atomic: bool) -> Outcome:
    """The new rows, each as if it were created alone, after those before it; `atomic`: all of them, or none.

    Whoever calls rolls back where nothing was written.
    """
    outcome = Outcome([dict(flat(item)) for item in items])
    values: dict[int, dict[str, Any]] = {}
    for at, item in outcome.good():
        with outcome.of(at):
            values[at] = checked(noun, item, creating=True)
    columns, tree = await _columns(change, noun, outcome)
    rows = {at: begun(change, values[at], columns[at]) for at, _ in outcome.good()}
    outside = await beyond(change.connection, change.context, noun, rows.values())
    for at, row in rows.items():
        with outcome.of(at):
            if row["id"] in outside:
                raise out_of_reach(noun)
    _refuse_repeated(noun, outcome, values)
    if atomic and outcome.problems:
        outcome.refuse_all()
        return outcome
    rows = {at: rows[at] for at, _ in outcome.good()}
    if noun.tree is not None and is_pathed(noun.entity.sql):
        for row in rows.values():
            row["path"] = [*tree.path(row.get(noun.tree)), row["id"]]
    written = await _insert(change, noun, rows.values())
    for at, row in rows.items():
        made = written.get(row["id"])
        with outcome.of(at):
            if made is None:
                raise Problem(taken(noun.entity.called.key, noun.entity.sql.name))
            outcome.rows[at] = made
            change.tell(ChangeKind.CREATED, noun.entity, made, [*values[at], *columns[at]])
    if atomic and outcome.problems:
        outcome.refuse_all()
    return outcome


async def _columns(change: Change, noun: Noun, outcome: Outcome) -> tuple[dict[int, Columns], Tree]:
    """What the good items refer to, found, held, and in the case of a parent with room for one more level.

    The tree is what is above them.
    """
    held = await held_for(change, noun, [item for _, item in outcome.good()])
    columns: dict[int, Columns] = {}
    tree = Tree(noun, {})
    for at, item in outcome.good():
        with outcome.of(at):
            columns[at] = columns_of(noun, item, held)
            check_required(noun, columns[at])
    if noun.tree is not None:
        parents = {at: columns[at].get(noun.tree) for at, _ in outcome.good()}
        tree = await tree_around(change, noun, {each for each in parents.values() if each is not None})
        for at, parent_id in parents.items():
            with outcome.of(at):
                tree.check(parent_id, None)
    return columns, tree


def _refuse_repeated(noun: Noun, outcome: Outcome, values: dict[int, dict[str, Any]]) -> None:
    """Of several good items with one key the first has it."""
    unique = noun.entity.called.key
    first: dict[str, int] = {}
    for at, _ in outcome.good():
        with outcome.of(at):
            if first.setdefault(values[at][unique], at) != at:
                raise Problem(taken(unique, noun.entity.sql.name))


async def _insert(change: Change, noun: Noun, rows: Iterable[Row]) -> dict[Any, Row]:
    """The rows that were written, by their ids: all but those whose key another living row has.

    Whoever else is writing the same key is waited for; in the order of the keys, so that two who do wait once.
    """
    table = noun.entity.sql
    given = list(rows)
    if not given:
        return {}
    names = sorted({name for row in given for name in row})
    source = recordset(table, names, given)
    unique = noun.entity.called.key
    statement = (
        upsert(table)
        .from_select(
            names,
            select(*(_or_default(source.c[name], table.c[name]) for name in names)).order_by(source.c[unique]),
            include_defaults=False,
        )
        .on_conflict_do_nothing(
            index_elements=[table.c.tenant_id, table.c[unique]], index_where=table.c.deleted_at.is_(None)
        )
        .returning(table)
    )
    return {row["id"]: row for row in await change.rows(statement)}


def _or_default(value: ColumnElement[Any], column: Any) -> ColumnElement[Any]:
    """What a row does not give begins as its column says."""
    if column.server_default is None:
        return value
    default = column.server_default.arg
    return func.coalesce(value, default if isinstance(default, TextClause) else literal(default))

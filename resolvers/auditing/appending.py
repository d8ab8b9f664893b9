"""The statement that appends to a tenant's chain: it locks the head, numbers and hashes the records, and writes all.

What is hashed of a record but for its number and time is given with it; how the rest is spelled, hashing.py says too,
for whoever verifies.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    CTE,
    BigInteger,
    ColumnElement,
    FromClause,
    Insert,
    Select,
    Table,
    Text,
    bindparam,
    case,
    func,
    insert,
    literal,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.dialects.postgresql import insert as upsert

from models import AuditHead, AuditRecord, AuditValue, Base
from resolvers.auditing.hashing import GENESIS
from resolvers.recordset import unpacked

RECORDS: Table = Base.metadata.tables[AuditRecord.__tablename__]
VALUES: Table = Base.metadata.tables[AuditValue.__tablename__]
TENANT = bindparam("tenant", type_=RECORDS.c.tenant_id.type)
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
# What `around_place` gives of a record, in its order.
PIECES = ("before_at", "before_number", "behind_number")
SPELLED_MOMENT = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
_PLACE = frozenset({"tenant_id", "number", "at", "prev_hash", "hash"})
# What is given of each row.
TYPES: dict[Table, dict[str, Any]] = {
    table: {column.name: column.type for column in table.columns if column.name not in _PLACE} | beside
    for table, beside in (
        (RECORDS, {"nth": BigInteger(), **{piece: Text() for piece in PIECES}}),
        (VALUES, {"nth": BigInteger()}),
    )
}
HEAD = select(AuditHead.number, AuditHead.hash, AuditHead.at).where(AuditHead.tenant_id == TENANT)


def appending(behind: CTE | None = None) -> Select[int, bytes]:
    """The statement that appends, and gives the last record's number and hash. The head is locked `behind` another."""
    head, given, chain = _chained(behind)
    ordered = select(TENANT, given.c.number, chain.c.hash, given.c.at).join(chain, chain.c.nth == given.c.nth)
    last = ordered.order_by(given.c.nth.desc()).limit(1)
    made = upsert(AuditHead).from_select(["tenant_id", "number", "hash", "at"], last)
    # Nobody has moved it since it was locked; but where there was none to lock, somebody may have begun the chain.
    moving = made.on_conflict_do_update(
        index_elements=[AuditHead.tenant_id],
        set_={name: made.excluded[name] for name in ("number", "hash", "at")},
        where=AuditHead.number == select(head.c.number).scalar_subquery(),
    )
    moved = moving.returning(AuditHead.number, AuditHead.hash).cte("moved")
    # Then nothing has a number, which PostgreSQL refuses.
    number = case((moved.c.number.is_not(None), given.c.number)).label("number")
    told = [column for name, column in given.c.items() if name != number.name]
    placed = select(number, *told, chain.c.prev_hash, chain.c.hash).join(chain, chain.c.nth == given.c.nth)
    rows = placed.join(moved, true(), isouter=True).cte("placed")
    values = unpacked(TYPES[VALUES], bindparam(VALUES.name, type_=Text))
    of_rows = rows.join(values, values.c.nth == rows.c.nth)
    recorded = _inserted(RECORDS, rows, {**rows.c}).cte("recorded")
    kept = _inserted(VALUES, of_rows, {**rows.c, **values.c}).cte("kept")
    return select(moved.c.number, moved.c.hash).add_cte(recorded, kept)


def _inserted(table: Table, rows: FromClause, columns: Mapping[str, ColumnElement[Any]]) -> Insert:
    """Rows that bring their columns by name, and are the tenant's."""
    found = {column.name: columns[column.name] for column in table.columns if column.name != "tenant_id"}
    return insert(table).from_select(["tenant_id", *found], select(TENANT, *found.values()).select_from(rows))


def _chained(behind: CTE | None) -> tuple[CTE, CTE, CTE]:
    """The head, or the beginning of a chain; the given records with their numbers and times; and their hashes."""
    found = HEAD if behind is None else HEAD.join_from(AuditHead, behind, true())
    locked = found.with_for_update(of=AuditHead).cte("locked")
    beginning = select(literal(0, BigInteger), literal(GENESIS), literal(BEGINNING, AuditHead.at.type))
    head = select(locked).union_all(beginning.where(~select(locked).exists())).cte("head")
    records = unpacked(TYPES[RECORDS], bindparam(RECORDS.name, type_=Text))
    at = func.greatest(bindparam("now", type_=AuditHead.at.type), head.c.at)
    number = head.c.number + records.c.nth
    first, second, third = (records.c[name] for name in PIECES)
    content = func.concat(first, func.to_char(func.timezone("UTC", at), SPELLED_MOMENT), second, number, third)
    told = [records.c[name] for name in TYPES[RECORDS] if name not in PIECES]
    placed = select(*told, number.label("number"), at.label("at"), content.label("content"))
    given = placed.join_from(records, head, true()).cte("given")
    # By its subscript each is found at once: PostgreSQL would go through all of them for each.
    contents = func.array_agg(aggregate_order_by(given.c.content, given.c.nth), type_=ARRAY(Text))
    every, many = select(contents).scalar_subquery(), select(func.count()).select_from(given).scalar_subquery()
    chain = select(literal(0, BigInteger).label("nth"), head.c.hash.label("prev_hash"), head.c.hash.label("hash"))
    before = chain.cte("chain", recursive=True)
    nth = before.c.nth + 1
    hash_ = func.sha256(before.c.hash.concat(func.convert_to(every[nth], "UTF8")))
    following = select(nth, before.c.hash, hash_).where(before.c.nth < many)
    return head, given, before.union_all(following)

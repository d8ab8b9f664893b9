"""Reading the audit: by time, and by actor, target and action together with it, each page from one index.

Ids are in byte order, as they are compared: no other index would serve a filter by them.

Revision: 0010, after 0009.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

IDS = ("target_id", "actor_id")


def upgrade() -> None:
    """Every index by the order in which lists are read: the time, then the number."""
    for column in IDS:
        op.drop_index(f"audit_record_{column}_number_idx", "audit_record")
        op.execute(f'ALTER TABLE audit_record ALTER COLUMN {column} TYPE text COLLATE "C"')
    for column in IDS:
        _index(column, "at", "number", where=f"{column} IS NOT NULL")
    _index("action", "at", "number")
    _index("at", "number")


def downgrade() -> None:
    """Back to the order of numbers."""
    for columns in ("at", "action_at", *(f"{column}_at" for column in IDS)):
        op.drop_index(f"audit_record_{columns}_number_idx", "audit_record")
    for column in IDS:
        op.execute(f'ALTER TABLE audit_record ALTER COLUMN {column} TYPE text COLLATE "default"')
        _index(column, "number", where=f"{column} IS NOT NULL")


def _index(*columns: str, where: str | None = None) -> None:
    condition = None if where is None else sa.text(where)
    name = f"audit_record_{'_'.join(columns)}_idx"
    op.create_index(name, "audit_record", ["tenant_id", *columns], postgresql_where=condition)

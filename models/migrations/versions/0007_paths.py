"""Areas and organizations carry their path, from the root of their tree down to themselves.

Revision: 0007, after 0006.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLES = ("area", "organization")


def upgrade() -> None:
    """Add the paths, work them out for the rows that are there, deleted ones too, and hold them to the tree."""
    for table in TABLES:
        op.add_column(table, sa.Column("path", sa.ARRAY(sa.Uuid()), nullable=True))
        # The owner is under the policies too: of a table with rows of all tenants it would update none.
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        op.execute(
            "WITH RECURSIVE tree AS ("  # noqa: S608  (constants)
            f"SELECT tenant_id, id, ARRAY[id] AS path FROM {table} WHERE parent_id IS NULL UNION ALL "
            f"SELECT below.tenant_id, below.id, tree.path || below.id FROM {table} below "
            "JOIN tree ON tree.tenant_id = below.tenant_id AND tree.id = below.parent_id) "
            f"UPDATE {table} SET path = tree.path FROM tree "
            f"WHERE tree.tenant_id = {table}.tenant_id AND tree.id = {table}.id"
        )
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.alter_column(table, "path", nullable=False)
        op.create_check_constraint(
            op.f(f"{table}_path_check"),
            table,
            "path[cardinality(path)] IS NOT DISTINCT FROM id "
            "AND path[cardinality(path) - 1] IS NOT DISTINCT FROM parent_id",
        )


def downgrade() -> None:
    """Take them back."""
    for table in TABLES:
        op.drop_constraint(op.f(f"{table}_path_check"), table)
        op.drop_column(table, "path")

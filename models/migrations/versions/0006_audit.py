"""The audit: records in a chain of hashes, their values beside them, the head of each tenant's chain.

Partitions live in a schema of their own, in which no serving role may name anything: rows are reached through the
parent alone, whose policies hold. Here only the default partitions are made; `models.partitions` makes the months.

Revision: 0006, after 0005.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

CURRENT_TENANT = "NULLIF(current_setting('app.tenant_id', true), '')::uuid"
TABLES = {
    "audit_record": "INSERT, SELECT",
    "audit_value": "INSERT, SELECT, DELETE",
    "audit_head": "INSERT, SELECT, UPDATE",
}
PARTITIONED = ("audit_record", "audit_value")


def upgrade() -> None:
    """Make the tables with their default partitions, and close them."""
    create_tables()
    op.execute("CREATE SCHEMA partitions")
    for table in PARTITIONED:
        op.execute(f"CREATE TABLE partitions.{table}_default PARTITION OF {table} DEFAULT")
    for table in (*TABLES, *(f"partitions.{name}_default" for name in PARTITIONED)):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    for table, privileges in TABLES.items():
        op.execute(
            f"CREATE POLICY tenant_isolation ON {table} TO tenantry_app "
            f"USING (tenant_id = {CURRENT_TENANT}) WITH CHECK (tenant_id = {CURRENT_TENANT})"
        )
        op.execute(f"GRANT {privileges} ON {table} TO tenantry_app")


def downgrade() -> None:
    """Drop the tables, and with them all months."""
    for table in TABLES:
        op.drop_table(table)
    op.execute("DROP SCHEMA partitions")


def create_tables() -> None:
    """The tables with their keys, checks and indexes."""
    op.create_table(
        "audit_record",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Text(), nullable=True),
        sa.Column("actor_name", sa.Text(), nullable=True),
        sa.Column("token_id", sa.Uuid(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("target_type", sa.Text(), nullable=True),
        sa.Column("target_id", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("digests", postgresql.JSONB(), nullable=False),
        sa.Column("prev_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("outcome IN ('SUCCEEDED', 'REFUSED', 'FAILED')", name=op.f("audit_record_outcome_check")),
        sa.PrimaryKeyConstraint("tenant_id", "number", "at", name=op.f("audit_record_pkey")),
        postgresql_partition_by="RANGE (at)",
    )
    for column in ("target_id", "actor_id"):
        op.create_index(
            f"audit_record_{column}_number_idx",
            "audit_record",
            ["tenant_id", column, "number"],
            postgresql_where=sa.text(f"{column} IS NOT NULL"),
        )
    op.create_table(
        "audit_value",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "number", "field", "at", name=op.f("audit_value_pkey")),
        postgresql_partition_by="RANGE (at)",
    )
    op.create_table(
        "audit_head",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("audit_head_pkey")),
    )

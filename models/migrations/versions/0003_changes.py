"""Changes: soft deletion, the feed of events, first answers to repeated requests.

Revision: 0003, after 0002.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

CURRENT_TENANT = "NULLIF(current_setting('app.tenant_id', true), '')::uuid"
TABLES = {
    "deletion": "INSERT, SELECT, UPDATE, DELETE",
    "event": "INSERT, SELECT",
    "event_head": "INSERT, SELECT, UPDATE",
    "replay": "INSERT, SELECT, UPDATE, DELETE",
}
# What lists and unique keys stand on, now of the living alone: columns after the tenant, "!" for a unique key.
INDEXES = {
    "organization": (
        "key !",
        "name id",
        "parent_id id",
        "parent_id key id",
        "parent_id name id",
    ),
    "location": (
        "code !",
        "name id",
        "organization_id code id",
        "organization_id id",
        "organization_id name id",
    ),
    "area": (
        "code id",
        "location_id code !",
        "location_id name id",
        "name id",
        "parent_id code id",
        "parent_id id",
        "parent_id name id",
    ),
    "device_type": (
        "key !",
        "name id",
    ),
    "device": (
        "area_id id",
        "area_id name id",
        "area_id serial id",
        "location_id id",
        "location_id name id",
        "location_id serial id",
        "name id",
        "organization_id id",
        "organization_id name id",
        "organization_id serial id",
        "parent_id id",
        "parent_id name id",
        "parent_id serial id",
        "serial !",
        "type_id id",
        "type_id name id",
        "type_id serial id",
    ),
}
# Columns that may be null, whose lists hold only rows that have them.
OPTIONAL = ("organization_id", "parent_id")
OPTIONAL_IN_DEVICE = ("area_id", "location_id", "type_id")


def upgrade() -> None:
    """Let rows be deleted softly, rebuild the indexes, make the tables and close them."""
    for table in INDEXES:
        op.add_column(table, sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
        op.add_column(table, sa.Column("deletion_id", sa.Uuid(), nullable=True))
        op.create_index(
            f"{table}_deletion_id_idx",
            table,
            ["tenant_id", "deletion_id"],
            postgresql_where=sa.text("deletion_id IS NOT NULL"),
        )
    rebuild_indexes(living=True)
    create_tables()
    for table, privileges in TABLES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY tenant_isolation ON {table} TO tenantry_app "
            f"USING (tenant_id = {CURRENT_TENANT}) WITH CHECK (tenant_id = {CURRENT_TENANT})"
        )
        op.execute(f"GRANT {privileges} ON {table} TO tenantry_app")


def downgrade() -> None:
    """Take it back; rows that are deleted softly are gone for good."""
    for table in TABLES:
        op.drop_table(table)
    for table in reversed(INDEXES):
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        op.execute(f"DELETE FROM {table} WHERE deleted_at IS NOT NULL")  # noqa: S608 (a constant)
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    rebuild_indexes(living=False)
    for table in INDEXES:
        op.drop_index(f"{table}_deletion_id_idx", table)
        op.drop_column(table, "deletion_id")
        op.drop_column(table, "deleted_at")


def rebuild_indexes(*, living: bool) -> None:
    """Drop each index and make it anew, with or without the deleted rows."""
    for table, indexes in INDEXES.items():
        for spelled in indexes:
            columns = spelled.removesuffix(" !").split(" ")
            unique = spelled.endswith(" !")
            name = f"{table}_{'_'.join(columns)}_{'key' if unique else 'idx'}"
            where = []
            if columns[0] in OPTIONAL or (living and table == "device" and columns[0] in OPTIONAL_IN_DEVICE):
                where.append(f"{columns[0]} IS NOT NULL")
            # Lists by id serve the checks of foreign keys too, which know nothing of the living.
            if living and not (columns[0].endswith("_id") and columns[1:] == ["id"]):
                where.append("deleted_at IS NULL")
            op.drop_index(name, table)
            condition = sa.text(" AND ".join(where)) if where else None
            op.create_index(name, table, ["tenant_id", *columns], unique=unique, postgresql_where=condition)


def create_tables() -> None:
    """The tables with their keys, checks and indexes."""
    op.create_table(
        "deletion",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("deletion_pkey")),
    )
    op.create_index("deletion_at_id_idx", "deletion", ["tenant_id", "at", "id"])
    op.create_table(
        "event",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.Uuid(), nullable=False),
        sa.Column("entity_version", sa.Integer(), nullable=False),
        sa.Column("changed", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=True),
        sa.Column("area_id", sa.Uuid(), nullable=True),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("token_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('CREATED', 'UPDATED', 'MOVED', 'DELETED', 'RESTORED')", name=op.f("event_kind_check")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "number", name=op.f("event_pkey")),
    )
    op.create_index("event_entity_id_number_idx", "event", ["tenant_id", "entity_id", "number"])
    op.create_table(
        "event_head",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("event_head_pkey")),
    )
    op.create_table(
        "replay",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("token_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("input_hash", sa.LargeBinary(), nullable=False),
        sa.Column("answer", postgresql.JSONB(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "token_id", "key", name=op.f("replay_pkey")),
    )
    op.create_index("replay_created_at_idx", "replay", ["tenant_id", "created_at"])

"""The estate: organizations, locations, areas, device types and devices, their policies and grants.

Revision: 0002, after 0001.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

CURRENT_TENANT = "NULLIF(current_setting('app.tenant_id', true), '')::uuid"
TABLES = ("organization", "location", "area", "device_type", "device")


def upgrade() -> None:
    """Make the tables, then close them by policies and grants."""
    create_organization()
    create_location()
    create_area()
    create_device_type()
    create_device()
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY tenant_isolation ON {table} TO tenantry_app "
            f"USING (tenant_id = {CURRENT_TENANT}) WITH CHECK (tenant_id = {CURRENT_TENANT})"
        )
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO tenantry_app")


def downgrade() -> None:
    """Drop the tables."""
    for table in reversed(TABLES):
        op.drop_table(table)


def create_organization() -> None:
    """The table `organization` with its keys, checks and indexes."""
    op.create_table(
        "organization",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("char_length(key) <= 128", name=op.f("organization_key_length_check")),
        sa.CheckConstraint("char_length(name) <= 200", name=op.f("organization_name_length_check")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "parent_id"],
            ["organization.tenant_id", "organization.id"],
            name=op.f("organization_tenant_id_parent_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("organization_pkey")),
    )
    op.create_index("organization_key_key", "organization", ["tenant_id", "key"], unique=True)
    op.create_index("organization_name_id_idx", "organization", ["tenant_id", "name", "id"], unique=False)
    op.create_index(
        "organization_parent_id_id_idx",
        "organization",
        ["tenant_id", "parent_id", "id"],
        unique=False,
        postgresql_where=sa.text("parent_id IS NOT NULL"),
    )
    op.create_index(
        "organization_parent_id_key_id_idx",
        "organization",
        ["tenant_id", "parent_id", "key", "id"],
        unique=False,
        postgresql_where=sa.text("parent_id IS NOT NULL"),
    )
    op.create_index(
        "organization_parent_id_name_id_idx",
        "organization",
        ["tenant_id", "parent_id", "name", "id"],
        unique=False,
        postgresql_where=sa.text("parent_id IS NOT NULL"),
    )


def create_location() -> None:
    """The table `location` with its keys, checks and indexes."""
    op.create_table(
        "location",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("city", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("time_zone", sa.Text(), nullable=True),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("char_length(code) <= 128", name=op.f("location_code_length_check")),
        sa.CheckConstraint("char_length(name) <= 200", name=op.f("location_name_length_check")),
        sa.CheckConstraint("latitude BETWEEN -90 AND 90", name=op.f("location_latitude_check")),
        sa.CheckConstraint("longitude BETWEEN -180 AND 180", name=op.f("location_longitude_check")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "organization_id"],
            ["organization.tenant_id", "organization.id"],
            name=op.f("location_tenant_id_organization_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("location_pkey")),
    )
    op.create_index("location_code_key", "location", ["tenant_id", "code"], unique=True)
    op.create_index("location_name_id_idx", "location", ["tenant_id", "name", "id"], unique=False)
    op.create_index(
        "location_organization_id_code_id_idx",
        "location",
        ["tenant_id", "organization_id", "code", "id"],
        unique=False,
        postgresql_where=sa.text("organization_id IS NOT NULL"),
    )
    op.create_index(
        "location_organization_id_id_idx",
        "location",
        ["tenant_id", "organization_id", "id"],
        unique=False,
        postgresql_where=sa.text("organization_id IS NOT NULL"),
    )
    op.create_index(
        "location_organization_id_name_id_idx",
        "location",
        ["tenant_id", "organization_id", "name", "id"],
        unique=False,
        postgresql_where=sa.text("organization_id IS NOT NULL"),
    )


def create_area() -> None:
    """The table `area` with its keys, checks and indexes."""
    op.create_table(
        "area",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("code", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("floor", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("kind IN ('FLOOR', 'ZONE', 'ROOM', 'DOOR', 'OTHER')", name=op.f("area_kind_check")),
        sa.CheckConstraint("char_length(code) <= 128", name=op.f("area_code_length_check")),
        sa.CheckConstraint("char_length(name) <= 200", name=op.f("area_name_length_check")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "location_id", "parent_id"],
            ["area.tenant_id", "area.location_id", "area.id"],
            name=op.f("area_tenant_id_location_id_parent_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "location_id"],
            ["location.tenant_id", "location.id"],
            name=op.f("area_tenant_id_location_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("area_pkey")),
        sa.UniqueConstraint("tenant_id", "location_id", "id", name=op.f("area_tenant_id_location_id_id_key")),
    )
    op.create_index("area_code_id_idx", "area", ["tenant_id", "code", "id"], unique=False)
    op.create_index("area_location_id_code_key", "area", ["tenant_id", "location_id", "code"], unique=True)
    op.create_index("area_location_id_name_id_idx", "area", ["tenant_id", "location_id", "name", "id"], unique=False)
    op.create_index("area_name_id_idx", "area", ["tenant_id", "name", "id"], unique=False)
    op.create_index(
        "area_parent_id_code_id_idx",
        "area",
        ["tenant_id", "parent_id", "code", "id"],
        unique=False,
        postgresql_where=sa.text("parent_id IS NOT NULL"),
    )
    op.create_index(
        "area_parent_id_id_idx",
        "area",
        ["tenant_id", "parent_id", "id"],
        unique=False,
        postgresql_where=sa.text("parent_id IS NOT NULL"),
    )
    op.create_index(
        "area_parent_id_name_id_idx",
        "area",
        ["tenant_id", "parent_id", "name", "id"],
        unique=False,
        postgresql_where=sa.text("parent_id IS NOT NULL"),
    )


def create_device_type() -> None:
    """The table `device_type` with its keys, checks and indexes."""
    op.create_table(
        "device_type",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("manufacturer", sa.Text(), nullable=True),
        sa.Column("model", sa.Text(), nullable=True),
        sa.Column("commands", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("properties", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "kind IN ('READER', 'SENSOR', 'CONTROLLER', 'ACTUATOR', 'GATEWAY', 'OTHER')",
            name=op.f("device_type_kind_check"),
        ),
        sa.CheckConstraint("char_length(key) <= 128", name=op.f("device_type_key_length_check")),
        sa.CheckConstraint("char_length(name) <= 200", name=op.f("device_type_name_length_check")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("device_type_pkey")),
    )
    op.create_index("device_type_key_key", "device_type", ["tenant_id", "key"], unique=True)
    op.create_index("device_type_name_id_idx", "device_type", ["tenant_id", "name", "id"], unique=False)


def create_device() -> None:
    """The table `device` with its keys, checks and indexes."""
    op.create_table(
        "device",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("serial", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("type_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=True),
        sa.Column("area_id", sa.Uuid(), nullable=True),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.Text(), server_default="UNKNOWN", nullable=False),
        sa.Column("lifecycle", sa.Text(), server_default="AVAILABLE", nullable=False),
        sa.Column("firmware", sa.Text(), nullable=True),
        sa.Column("enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("simulated", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("labels", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("reported", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("desired", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("purchase_value", sa.Numeric(precision=14, scale=2), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("warranty_ends_at", sa.Date(), nullable=True),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "lifecycle IN ('AVAILABLE', 'DEPLOYED', 'MAINTENANCE', 'RETIRED')",
            name=op.f("device_lifecycle_check"),
        ),
        sa.CheckConstraint("status IN ('ONLINE', 'OFFLINE', 'UNKNOWN')", name=op.f("device_status_check")),
        sa.CheckConstraint("area_id IS NULL OR location_id IS NOT NULL", name=op.f("device_area_in_location_check")),
        sa.CheckConstraint("char_length(name) <= 200", name=op.f("device_name_length_check")),
        sa.CheckConstraint("char_length(serial) <= 200", name=op.f("device_serial_length_check")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "location_id", "area_id"],
            ["area.tenant_id", "area.location_id", "area.id"],
            name=op.f("device_tenant_id_location_id_area_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "location_id"],
            ["location.tenant_id", "location.id"],
            name=op.f("device_tenant_id_location_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "organization_id"],
            ["organization.tenant_id", "organization.id"],
            name=op.f("device_tenant_id_organization_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "parent_id"],
            ["device.tenant_id", "device.id"],
            name=op.f("device_tenant_id_parent_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "type_id"],
            ["device_type.tenant_id", "device_type.id"],
            name=op.f("device_tenant_id_type_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("device_pkey")),
    )
    op.create_index("device_area_id_id_idx", "device", ["tenant_id", "area_id", "id"], unique=False)
    op.create_index("device_area_id_name_id_idx", "device", ["tenant_id", "area_id", "name", "id"], unique=False)
    op.create_index("device_area_id_serial_id_idx", "device", ["tenant_id", "area_id", "serial", "id"], unique=False)
    op.create_index("device_location_id_id_idx", "device", ["tenant_id", "location_id", "id"], unique=False)
    op.create_index(
        "device_location_id_name_id_idx", "device", ["tenant_id", "location_id", "name", "id"], unique=False
    )
    op.create_index(
        "device_location_id_serial_id_idx",
        "device",
        ["tenant_id", "location_id", "serial", "id"],
        unique=False,
    )
    op.create_index("device_name_id_idx", "device", ["tenant_id", "name", "id"], unique=False)
    op.create_index(
        "device_organization_id_id_idx",
        "device",
        ["tenant_id", "organization_id", "id"],
        unique=False,
        postgresql_where=sa.text("organization_id IS NOT NULL"),
    )
    op.create_index(
        "device_organization_id_name_id_idx",
        "device",
        ["tenant_id", "organization_id", "name", "id"],
        unique=False,
        postgresql_where=sa.text("organization_id IS NOT NULL"),
    )
    op.create_index(
        "device_organization_id_serial_id_idx",
        "device",
        ["tenant_id", "organization_id", "serial", "id"],
        unique=False,
        postgresql_where=sa.text("organization_id IS NOT NULL"),
    )
    op.create_index(
        "device_parent_id_id_idx",
        "device",
        ["tenant_id", "parent_id", "id"],
        unique=False,
        postgresql_where=sa.text("parent_id IS NOT NULL"),
    )
    op.create_index(
        "device_parent_id_name_id_idx",
        "device",
        ["tenant_id", "parent_id", "name", "id"],
        unique=False,
        postgresql_where=sa.text("parent_id IS NOT NULL"),
    )
    op.create_index(
        "device_parent_id_serial_id_idx",
        "device",
        ["tenant_id", "parent_id", "serial", "id"],
        unique=False,
        postgresql_where=sa.text("parent_id IS NOT NULL"),
    )
    op.create_index("device_serial_key", "device", ["tenant_id", "serial"], unique=True)
    op.create_index("device_type_id_id_idx", "device", ["tenant_id", "type_id", "id"], unique=False)
    op.create_index("device_type_id_name_id_idx", "device", ["tenant_id", "type_id", "name", "id"], unique=False)
    op.create_index("device_type_id_serial_id_idx", "device", ["tenant_id", "type_id", "serial", "id"], unique=False)

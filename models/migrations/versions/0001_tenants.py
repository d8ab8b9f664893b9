"""Tenants and their tokens: the reference table, the look-up table, their policies and grants.

Revision: 0001, after nothing.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

CURRENT_TENANT = "NULLIF(current_setting('app.tenant_id', true), '')::uuid"
PLATFORM_ID = "00000000-0000-7000-8000-000000000000"


def upgrade() -> None:
    """Make the tables and the platform's own tenant, then close them by policies and grants."""
    create_tenant()
    create_token()
    create_credential()
    op.execute(
        "INSERT INTO tenant (id, number, short_id, slug, name, path, created_at, updated_at) VALUES "  # noqa: S608 (a constant)
        f"('{PLATFORM_ID}', 0, 'PLAT-FORM-ROOT', 'platform', 'Platform', ARRAY['{PLATFORM_ID}'::uuid], now(), now())"
    )
    for table in ("tenant", "token"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY tenant_subtree ON tenant FOR SELECT TO tenantry_app USING ({CURRENT_TENANT} = ANY (path))"
    )
    op.execute("CREATE POLICY platform ON tenant TO tenantry_platform USING (true) WITH CHECK (true)")
    op.execute(
        f"CREATE POLICY tenant_isolation ON token TO tenantry_app "
        f"USING (tenant_id = {CURRENT_TENANT}) WITH CHECK (tenant_id = {CURRENT_TENANT})"
    )
    op.execute("CREATE POLICY platform ON token FOR SELECT TO tenantry_platform USING (true)")
    op.execute("GRANT SELECT ON tenant TO tenantry_app")
    op.execute("GRANT SELECT, INSERT, UPDATE ON tenant TO tenantry_platform")
    op.execute("GRANT SELECT, INSERT, UPDATE ON token TO tenantry_app")
    op.execute("GRANT SELECT ON token TO tenantry_platform")
    op.execute("GRANT INSERT ON credential TO tenantry_app")
    op.execute("GRANT SELECT ON credential TO tenantry_platform")
    op.execute("GRANT SELECT ON alembic_version TO tenantry_app, tenantry_platform")


def downgrade() -> None:
    """Drop the tables; the roles stay, they belong to the cluster."""
    for table in ("credential", "token", "tenant"):
        op.drop_table(table)
    op.execute("REVOKE ALL ON alembic_version FROM tenantry_app, tenantry_platform")


def create_tenant() -> None:
    """The table `tenant` with its keys, checks and indexes."""
    op.create_table(
        "tenant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), sa.Identity(always=False, start=1), nullable=False),
        sa.Column("short_id", sa.Text(collation="C"), nullable=False),
        sa.Column("slug", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("status", sa.Text(), server_default="ACTIVE", nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("path", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("domain", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone_home", sa.Text(), nullable=True),
        sa.Column("phone_mobile", sa.Text(), nullable=True),
        sa.Column("phone_office", sa.Text(), nullable=True),
        sa.Column("address_line1", sa.Text(), nullable=True),
        sa.Column("address_line2", sa.Text(), nullable=True),
        sa.Column("address_line3", sa.Text(), nullable=True),
        sa.Column("address_line4", sa.Text(), nullable=True),
        sa.Column("city", sa.Text(), nullable=True),
        sa.Column("postal_code", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("organization_name", sa.Text(), nullable=True),
        sa.Column("organization_number", sa.Text(), nullable=True),
        sa.Column("vat_number", sa.Text(), nullable=True),
        sa.Column("id_type", sa.Text(), nullable=True),
        sa.Column("id_number", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), server_default="USD", nullable=False),
        sa.Column("logo_url", sa.Text(), nullable=True),
        sa.Column("accent_color", sa.Text(), nullable=True),
        sa.Column("settings", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("status IN ('ACTIVE', 'SUSPENDED', 'DELETED')", name=op.f("tenant_status_check")),
        sa.CheckConstraint("char_length(name) <= 200", name=op.f("tenant_name_length_check")),
        sa.CheckConstraint("char_length(slug) <= 63", name=op.f("tenant_slug_length_check")),
        sa.ForeignKeyConstraint(["parent_id"], ["tenant.id"], name=op.f("tenant_parent_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("tenant_pkey")),
        sa.UniqueConstraint("number", name=op.f("tenant_number_key")),
        sa.UniqueConstraint("short_id", name=op.f("tenant_short_id_key")),
        sa.UniqueConstraint("slug", name=op.f("tenant_slug_key")),
    )
    op.create_index("tenant_name_id_idx", "tenant", ["name", "id"], unique=False)
    op.create_index("tenant_parent_id_id_idx", "tenant", ["parent_id", "id"], unique=False)
    op.create_index("tenant_parent_id_name_id_idx", "tenant", ["parent_id", "name", "id"], unique=False)
    op.create_index("tenant_parent_id_slug_id_idx", "tenant", ["parent_id", "slug", "id"], unique=False)
    op.create_index("tenant_path_idx", "tenant", ["path"], unique=False, postgresql_using="gin")


def create_token() -> None:
    """The table `token` with its keys, checks and indexes."""
    op.create_table(
        "token",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("scopes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("char_length(name) <= 200", name=op.f("token_name_length_check")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("token_pkey")),
    )
    op.create_index(
        "token_name_key",
        "token",
        ["tenant_id", "name"],
        unique=True,
        postgresql_where=sa.text("revoked_at IS NULL"),
    )


def create_credential() -> None:
    """The table `credential` with its keys, checks and indexes."""
    op.create_table(
        "credential",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("token_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("credential_pkey")),
    )

"""Tenants are changed through the graph: deleted softly, their slugs unique among the living, written from above.

Revision: 0004, after 0003.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

CURRENT_TENANT = "NULLIF(current_setting('app.tenant_id', true), '')::uuid"
SUBTREE = f"{CURRENT_TENANT} = ANY (path)"
PARENTS_PATH = "SELECT above.path FROM tenant above WHERE above.id = tenant.parent_id"
BENEATH = f"{SUBTREE} AND id <> {CURRENT_TENANT} AND path[1:cardinality(path) - 1] = ({PARENTS_PATH})"


def upgrade() -> None:
    """Let tenants be deleted softly, hold their paths to the tree, and let the application write what is beneath."""
    op.add_column("tenant", sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("tenant", sa.Column("deletion_id", sa.Uuid(), nullable=True))
    op.add_column("tenant", sa.Column("status_before", sa.Text(), nullable=True))
    op.create_check_constraint(
        op.f("tenant_status_before_check"), "tenant", "status_before IN ('ACTIVE', 'SUSPENDED', 'DELETED')"
    )
    op.create_check_constraint(
        op.f("tenant_path_check"),
        "tenant",
        "path[cardinality(path)] IS NOT DISTINCT FROM id "
        "AND path[cardinality(path) - 1] IS NOT DISTINCT FROM parent_id",
    )
    op.create_index(
        "tenant_deletion_id_idx", "tenant", ["deletion_id"], postgresql_where=sa.text("deletion_id IS NOT NULL")
    )
    op.drop_constraint("tenant_slug_key", "tenant")
    op.create_index("tenant_slug_key", "tenant", ["slug"], unique=True, postgresql_where=sa.text("status <> 'DELETED'"))
    op.execute(f"CREATE POLICY tenant_insert ON tenant FOR INSERT TO tenantry_app WITH CHECK ({BENEATH})")
    op.execute(
        f"CREATE POLICY tenant_update ON tenant FOR UPDATE TO tenantry_app USING ({SUBTREE}) WITH CHECK ({BENEATH})"
    )
    op.execute("GRANT INSERT, UPDATE ON tenant TO tenantry_app")


def downgrade() -> None:
    """Take it back; a deleted tenant whose slug was taken meanwhile gets one made of its id."""
    op.execute("REVOKE INSERT, UPDATE ON tenant FROM tenantry_app")
    op.execute("DROP POLICY tenant_update ON tenant")
    op.execute("DROP POLICY tenant_insert ON tenant")
    op.drop_index("tenant_slug_key", "tenant")
    op.execute("ALTER TABLE tenant NO FORCE ROW LEVEL SECURITY")
    op.execute(
        "UPDATE tenant SET slug = 'deleted-' || replace(id::text, '-', '') WHERE status = 'DELETED' "
        "AND EXISTS (SELECT FROM tenant other WHERE other.slug = tenant.slug AND other.id <> tenant.id)"
    )
    op.execute("ALTER TABLE tenant FORCE ROW LEVEL SECURITY")
    op.create_unique_constraint("tenant_slug_key", "tenant", ["slug"])
    op.drop_index("tenant_deletion_id_idx", "tenant")
    op.drop_constraint("tenant_path_check", "tenant")
    op.drop_constraint("tenant_status_before_check", "tenant")
    op.drop_column("tenant", "status_before")
    op.drop_column("tenant", "deletion_id")
    op.drop_column("tenant", "deleted_at")

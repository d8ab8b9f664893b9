"""Tokens may be bound to a node of the estate, and to networks; secrets may overlap while they are rotated.

Revision: 0008, after 0007.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; what there is stays bound to its whole tenant, from everywhere."""
    for name in ("organization_id", "location_id", "area_id"):
        op.add_column("token", sa.Column(name, sa.Uuid(), nullable=True))
    op.add_column("token", sa.Column("networks", sa.ARRAY(sa.Text()), nullable=False, server_default=sa.text("'{}'")))
    op.add_column("token", sa.Column("generation", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("token", sa.Column("overlap_ends_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("token", sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("token", sa.Column("last_used_from", sa.Text(), nullable=True))
    op.add_column("credential", sa.Column("generation", sa.Integer(), nullable=False, server_default="1"))
    op.create_foreign_key(
        op.f("token_tenant_id_organization_id_fkey"),
        "token",
        "organization",
        ["tenant_id", "organization_id"],
        ["tenant_id", "id"],
    )
    op.create_foreign_key(
        op.f("token_tenant_id_location_id_fkey"),
        "token",
        "location",
        ["tenant_id", "location_id"],
        ["tenant_id", "id"],
    )
    op.create_foreign_key(
        op.f("token_tenant_id_location_id_area_id_fkey"),
        "token",
        "area",
        ["tenant_id", "location_id", "area_id"],
        ["tenant_id", "location_id", "id"],
    )
    op.create_check_constraint(
        op.f("token_node_check"),
        "token",
        "num_nonnulls(organization_id, location_id) <= 1 AND (area_id IS NULL OR location_id IS NOT NULL)",
    )
    op.create_index("token_name_id_idx", "token", ["tenant_id", "name", "id"])
    for columns in (["organization_id"], ["location_id", "area_id"]):
        op.create_index(
            f"token_{'_'.join(columns)}_idx",
            "token",
            ["tenant_id", *columns],
            postgresql_where=sa.text(f"{columns[0]} IS NOT NULL"),
        )


def downgrade() -> None:
    """Take them back; tokens that were bound to less than their tenant are revoked, not widened."""
    op.execute("ALTER TABLE token NO FORCE ROW LEVEL SECURITY")
    op.execute(
        "UPDATE token SET revoked_at = coalesce(revoked_at, now()) "
        "WHERE num_nonnulls(organization_id, location_id) > 0 OR networks <> '{}'"
    )
    # A secret that was rotated away would be good again.
    op.execute(
        "DELETE FROM credential USING token "
        "WHERE token.id = credential.token_id AND credential.generation < token.generation"
    )
    op.execute("ALTER TABLE token FORCE ROW LEVEL SECURITY")
    op.drop_column("credential", "generation")
    op.drop_index("token_name_id_idx", "token")
    for name in (
        "last_used_from", "last_used_at", "overlap_ends_at", "generation", "networks",
        "area_id", "location_id", "organization_id",
    ):  # fmt: skip
        op.drop_column("token", name)

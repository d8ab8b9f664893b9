"""People, service accounts, a tenant's own roles, role bindings; and who owns a token.

Revision: 0009, after 0008.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

CURRENT_TENANT = "NULLIF(current_setting('app.tenant_id', true), '')::uuid"
TABLES = {
    "tenant_user": "SELECT, INSERT, UPDATE",
    "service_account": "SELECT, INSERT, UPDATE",
    "role": "SELECT, INSERT, UPDATE",
    "role_binding": "SELECT, INSERT, DELETE",
}
OWNERS = {"user_id": "tenant_user", "service_account_id": "service_account"}
LIVING = "deleted_at IS NULL"
LIVING_ONLY = sa.text(LIVING)


def upgrade() -> None:
    """Make the tables and close them; the tokens that there are stay their tenants' own."""
    create_principals()
    create_role()
    create_role_binding()
    for table, privileges in TABLES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY tenant_isolation ON {table} TO tenantry_app "
            f"USING (tenant_id = {CURRENT_TENANT}) WITH CHECK (tenant_id = {CURRENT_TENANT})"
        )
        op.execute(f"CREATE POLICY platform ON {table} FOR SELECT TO tenantry_platform USING (true)")
        op.execute(f"GRANT {privileges} ON {table} TO tenantry_app")
        op.execute(f"GRANT SELECT ON {table} TO tenantry_platform")
    for column, table in OWNERS.items():
        op.add_column("token", sa.Column(column, sa.Uuid(), nullable=True))
        op.create_foreign_key(
            op.f(f"token_tenant_id_{column}_fkey"), "token", table, ["tenant_id", column], ["tenant_id", "id"]
        )
        for order in (["id"], ["name", "id"]):
            op.create_index(
                f"token_{column}_{'_'.join(order)}_idx",
                "token",
                ["tenant_id", column, *order],
                postgresql_where=sa.text(f"{column} IS NOT NULL"),
            )
    op.create_check_constraint(op.f("token_owner_check"), "token", "num_nonnulls(user_id, service_account_id) <= 1")


def downgrade() -> None:
    """Take them back; tokens that had an owner are revoked, not left to do more than their owners could."""
    op.execute("ALTER TABLE token NO FORCE ROW LEVEL SECURITY")
    op.execute(
        "UPDATE token SET revoked_at = coalesce(revoked_at, now()) WHERE num_nonnulls(user_id, service_account_id) > 0"
    )
    op.execute("ALTER TABLE token FORCE ROW LEVEL SECURITY")
    op.drop_constraint("token_owner_check", "token")
    for column in reversed(OWNERS):
        op.drop_column("token", column)
    for table in reversed(TABLES):
        op.drop_table(table)


def create_principals() -> None:
    """The tables of people and of service accounts: the same but for what is said of them."""
    told = {"tenant_user": ("email", 320), "service_account": ("description", 1000)}
    for table, (column, most) in told.items():
        op.create_table(
            table,
            *key(),
            sa.Column(column, sa.Text(), nullable=True),
            sa.Column("name", sa.Text(collation="C"), nullable=False),
            sa.Column("issuer", sa.Text(), nullable=True),
            sa.Column("subject", sa.Text(), nullable=True),
            sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
            sa.Column("last_signed_in_at", sa.DateTime(timezone=True), nullable=True),
            *history(),
            sa.CheckConstraint("(issuer IS NULL) = (subject IS NULL)", name=op.f(f"{table}_identity_check")),
            *lengths(table, {"name": 200, column: most, "issuer": 2000, "subject": 255}),
            sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f(f"{table}_pkey")),
        )
        op.create_index(
            f"{table}_issuer_subject_key",
            table,
            ["tenant_id", "issuer", "subject"],
            unique=True,
            postgresql_where=sa.text(f"issuer IS NOT NULL AND {LIVING}"),
        )
    op.create_index("tenant_user_name_id_idx", "tenant_user", ["tenant_id", "name", "id"], postgresql_where=LIVING_ONLY)
    op.create_index(
        "service_account_name_key", "service_account", ["tenant_id", "name"], unique=True, postgresql_where=LIVING_ONLY
    )


def create_role() -> None:
    """The table of roles that tenants made."""
    op.create_table(
        "role",
        *key(),
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("scopes", sa.ARRAY(sa.Text()), nullable=False),
        *history(),
        *lengths("role", {"name": 200, "description": 1000}),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("role_pkey")),
    )
    op.create_index("role_name_key", "role", ["tenant_id", "name"], unique=True, postgresql_where=LIVING_ONLY)


def create_role_binding() -> None:
    """The table of who has which role where."""
    named = {**OWNERS, "role_id": "role"}
    nodes = {"organization_id": "organization", "location_id": "location"}
    op.create_table(
        "role_binding",
        *key(),
        *(sa.Column(column, sa.Uuid(), nullable=True) for column in named),
        sa.Column("built_in", sa.Text(), nullable=True),
        *(sa.Column(column, sa.Uuid(), nullable=True) for column in (*nodes, "area_id")),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        *(
            sa.ForeignKeyConstraint(
                ["tenant_id", column],
                [f"{table}.tenant_id", f"{table}.id"],
                name=op.f(f"role_binding_tenant_id_{column}_fkey"),
            )
            for column, table in {**named, **nodes}.items()
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "location_id", "area_id"],
            ["area.tenant_id", "area.location_id", "area.id"],
            name=op.f("role_binding_tenant_id_location_id_area_id_fkey"),
        ),
        sa.CheckConstraint("num_nonnulls(user_id, service_account_id) = 1", name=op.f("role_binding_principal_check")),
        sa.CheckConstraint("num_nonnulls(role_id, built_in) = 1", name=op.f("role_binding_role_check")),
        sa.CheckConstraint(
            "num_nonnulls(organization_id, location_id) <= 1 AND (area_id IS NULL OR location_id IS NOT NULL)",
            name=op.f("role_binding_node_check"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("role_binding_pkey")),
    )
    op.create_index(
        "role_binding_all_key",
        "role_binding",
        [
            "tenant_id", "user_id", "service_account_id", "role_id", "built_in",
            "organization_id", "location_id", "area_id",
        ],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )  # fmt: skip
    by = [[f"{column}_id", "id"] for column in ("user", "service_account", "role")]
    for columns in (*by, ["organization_id"], ["location_id", "area_id"]):
        op.create_index(
            f"role_binding_{'_'.join(columns)}_idx",
            "role_binding",
            ["tenant_id", *columns],
            postgresql_where=sa.text(f"{columns[0]} IS NOT NULL"),
        )


def key() -> list[sa.Column[Any]]:
    """The columns of the key."""
    return [sa.Column(name, sa.Uuid(), nullable=False) for name in ("tenant_id", "id")]


def history() -> list[sa.Column[Any]]:
    """When a row was made, changed, deleted, and how often it was written."""
    return [
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
    ]


def lengths(table: str, most: dict[str, int]) -> list[sa.CheckConstraint]:
    """The lengths in characters that the database holds."""
    return [
        sa.CheckConstraint(f"char_length({column}) <= {limit}", name=op.f(f"{table}_{column}_length_check"))
        for column, limit in most.items()
    ]

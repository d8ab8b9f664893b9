"""Events tell where a thing was before it moved, for those who watch that place.

Revision: 0005, after 0004.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the two columns."""
    op.add_column("event", sa.Column("left_location_id", sa.Uuid(), nullable=True))
    op.add_column("event", sa.Column("left_area_id", sa.Uuid(), nullable=True))


def downgrade() -> None:
    """Take them back."""
    op.drop_column("event", "left_area_id")
    op.drop_column("event", "left_location_id")

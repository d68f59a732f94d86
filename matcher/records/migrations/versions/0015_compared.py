"""Which photos of cases were compared with the other cases, and an index of pairs from their other end."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("case_photo", sa.Column("compared", sa.String(length=128), nullable=False, server_default=""))
    op.create_index("ix_case_duplicate_other", "case_duplicate", ["other_id"])


def downgrade() -> None:
    op.drop_index("ix_case_duplicate_other", "case_duplicate")
    op.drop_column("case_photo", "compared")

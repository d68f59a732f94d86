"""What the holder of an account is called in full; empty for all that are there: it was not asked."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("account", sa.Column("full_name", sa.String(length=128), nullable=False, server_default=""))

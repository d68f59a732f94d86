"""The day on which a reference photo was taken; empty for all that are there: it is not known."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("photo", sa.Column("taken_on", sa.String(length=10), nullable=False, server_default=""))

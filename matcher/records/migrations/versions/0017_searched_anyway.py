"""Why the photo of a search in a case would have been refused, had it not been searched with anyway."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("case_search", sa.Column("searched_anyway", sa.Text(), nullable=False, server_default=""))

"""With which rights and tokens a job was made; empty for all that are there: it was not noted."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("rights", "tokens"):
        op.add_column("job", sa.Column(name, sa.Text, nullable=False, server_default=""))


def downgrade() -> None:
    for name in ("tokens", "rights"):
        op.drop_column("job", name)

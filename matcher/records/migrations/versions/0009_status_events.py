"""An index of when cases came to a status, for statistics of many."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_case_event_status", "case_event", ["kind", "after", "case_id", "at"])


def downgrade() -> None:
    op.drop_index("ix_case_event_status", "case_event")

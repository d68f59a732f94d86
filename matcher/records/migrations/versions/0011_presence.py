"""Who has a case open now; the cases of one assignee in the order of their deadlines."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "case_presence",
        sa.Column("window", sa.String(length=32), nullable=False),
        sa.Column("case_id", Number, nullable=False),
        sa.Column("account", sa.String(length=256), nullable=False),
        sa.Column("seen_at", Number, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name="fk_case_presence_case_id"),
        sa.PrimaryKeyConstraint("window", name="pk_case_presence"),
    )
    op.create_index("ix_case_presence_case_id", "case_presence", ["case_id"])
    op.create_index("ix_case_file_assignee", "case_file", ["assignee", "deadline", "id"])

"""How long ended cases are kept, by how they ended, and cases that are kept for the law's sake."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "case_retention",
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("status", name=op.f("pk_case_retention")),
        sa.CheckConstraint("days >= 1", name=op.f("ck_case_retention_days")),
    )
    op.create_table(
        "case_hold",
        sa.Column("case_id", Number, autoincrement=False, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("held_by", sa.String(length=256), nullable=False),
        sa.Column("held_at", Number, nullable=False),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_case_hold")),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name=op.f("fk_case_hold_case_id")),
    )

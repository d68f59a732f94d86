"""Jobs: many photos to search with, and the processes that work on them."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "job",
        sa.Column("id", Number, nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("conditions", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("folder", sa.String(length=64), nullable=False),
        sa.Column("made_by", sa.String(length=256), nullable=False),
        sa.Column("made_at", Number, nullable=False),
        sa.Column("started_at", Number, nullable=False),
        sa.Column("ended_at", Number, nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_job"),
    )
    op.create_index("ix_job_turn", "job", ["state", "priority", "made_at"])
    _items()
    op.create_table(
        "job_worker",
        sa.Column("id", Number, nullable=False),
        sa.Column("host", sa.String(length=128), nullable=False),
        sa.Column("process", Number, nullable=False),
        sa.Column("born", sa.String(length=32), nullable=False),
        sa.Column("started_at", Number, nullable=False),
        sa.Column("seen_at", Number, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_job_worker"),
    )


def _items() -> None:
    op.create_table(
        "job_item",
        sa.Column("id", Number, nullable=False),
        sa.Column("job_id", Number, nullable=False),
        sa.Column("case_id", sa.String(length=128), nullable=False),
        sa.Column("photo", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("deadline", sa.String(length=10), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.Integer(), nullable=False),
        sa.Column("worker", Number, nullable=False),
        sa.Column("done_at", Number, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("strength", sa.Float()),
        sa.Column("quality", sa.Float()),
        sa.Column("version", Number, nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name="fk_job_item_job_id"),
        sa.PrimaryKeyConstraint("id", name="pk_job_item"),
    )
    op.create_index("ix_job_item_turn", "job_item", ["job_id", "state", "deadline", "id"])
    op.create_index("ix_job_item_done", "job_item", ["job_id", "done_at", "outcome"])
    op.create_table(
        "job_pair",
        sa.Column("item_id", Number, nullable=False),
        sa.Column("other_id", Number, nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("false_alarm_probability", sa.Float()),
        sa.ForeignKeyConstraint(["item_id"], ["job_item.id"], name="fk_job_pair_item_id"),
        sa.ForeignKeyConstraint(["other_id"], ["job_item.id"], name="fk_job_pair_other_id"),
        sa.PrimaryKeyConstraint("item_id", "other_id", name="pk_job_pair"),
    )

"""Training: exercises of officers with drawn people, apart from all other tables."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_STATES = "'case', 'photo', 'blind', 'scored', 'second', 'document', 'answer', 'done', 'left'"


def upgrade() -> None:
    op.create_table(
        "training_exercise",
        sa.Column("id", Number, autoincrement=False, nullable=False),
        sa.Column("account", sa.String(length=256), nullable=False),
        sa.Column("grade", sa.String(length=16), nullable=False),
        sa.Column("seed", Number, nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("engine", sa.String(length=128), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("photos", sa.Text(), nullable=False),
        sa.Column("choices", sa.Text(), nullable=False),
        sa.Column("scores", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("begun_at", Number, nullable=False),
        sa.Column("ended_at", Number, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_training_exercise"),
        sa.CheckConstraint(f"state IN ({_STATES})", name=op.f("ck_training_exercise_state")),
        sa.CheckConstraint(
            "(state IN ('done', 'left')) = (ended_at IS NOT NULL)", name=op.f("ck_training_exercise_ended")
        ),
    )
    op.create_index("ix_training_exercise_account", "training_exercise", ["account", "begun_at"], unique=False)
    _of_an_exercise("training_opened", sa.Column("at", Number, nullable=False))
    _of_an_exercise(
        "training_verdict",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("stage", sa.String(length=8), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("confidence", sa.Integer(), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("at", Number, nullable=False),
        sa.CheckConstraint("stage IN ('blind', 'scored')", name=op.f("ck_training_verdict_stage")),
        more_key=["number"],
    )


def _of_an_exercise(
    name: str, *more: sa.Column[int] | sa.Column[str] | sa.Constraint, more_key: list[str] | None = None
) -> None:
    op.create_table(
        name,
        sa.Column("exercise_id", Number, autoincrement=False, nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        *more,
        sa.ForeignKeyConstraint(["exercise_id"], ["training_exercise.id"], name=f"fk_{name}_exercise_id"),
        sa.PrimaryKeyConstraint("exercise_id", "place", *(more_key or []), name=f"pk_{name}"),
    )

"""The tables of training, as the newest migration leaves them: no reference leads from them to others, or back.

::

    training_exercise 1-n training_opened      the candidates that were looked at
                      1-n training_verdict     verdicts, every change of mind too

What an exercise shows follows from grade and seed, so no person, photo or template is kept. Times are seconds since
1970, UTC.
"""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, String, Table, Text

from matcher.records.tables import Number, metadata

training_exercise = Table(
    "training_exercise",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=False),
    Column("account", String(256), nullable=False),
    Column("grade", String(16), nullable=False),
    Column("seed", Number, nullable=False),
    Column("edition", Integer, nullable=False),
    Column("engine", String(128), nullable=False),
    Column("state", String(16), nullable=False),
    Column("photos", Text, nullable=False),
    Column("choices", Text, nullable=False),
    Column("scores", Text, nullable=False),
    Column("result", Text, nullable=False),
    Column("begun_at", Number, nullable=False),
    Column("ended_at", Number, nullable=True),
    Index("ix_training_exercise_account", "account", "begun_at"),
    CheckConstraint(
        "state IN ('case', 'photo', 'blind', 'scored', 'second', 'document', 'answer', 'done', 'left')", name="state"
    ),
    CheckConstraint("(state IN ('done', 'left')) = (ended_at IS NOT NULL)", name="ended"),
)

training_opened = Table(
    "training_opened",
    metadata,
    Column("exercise_id", Number, ForeignKey("training_exercise.id"), primary_key=True, autoincrement=False),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("at", Number, nullable=False),
)

training_verdict = Table(
    "training_verdict",
    metadata,
    Column("exercise_id", Number, ForeignKey("training_exercise.id"), primary_key=True, autoincrement=False),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("stage", String(8), nullable=False),
    Column("verdict", String(16), nullable=False),
    Column("confidence", Integer, nullable=False),
    Column("reasons", Text, nullable=False),
    Column("at", Number, nullable=False),
    CheckConstraint("stage IN ('blind', 'scored')", name="stage"),
)

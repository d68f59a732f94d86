"""Wrapped keys of what is encrypted; how long galleries keep people, and whom they keep for the law's sake."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "data_key",
        sa.Column("id", Number, autoincrement=False, nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("master", sa.String(16), nullable=False),
        sa.Column("made_at", Number, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_data_key"),
    )
    op.create_table(
        "retention",
        sa.Column("gallery_id", Number, autoincrement=False, nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("gallery_id", name="pk_retention"),
        sa.ForeignKeyConstraint(["gallery_id"], ["gallery.id"], name="fk_retention_gallery_id"),
    )
    op.create_table(
        "legal_hold",
        sa.Column("gallery_id", Number, autoincrement=False, nullable=False),
        sa.Column("person_id", sa.String(128), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", Number, nullable=False),
        sa.PrimaryKeyConstraint("gallery_id", "person_id", name="pk_legal_hold"),
        sa.ForeignKeyConstraint(["gallery_id"], ["gallery.id"], name="fk_legal_hold_gallery_id"),
    )

"""Cases: the person in custody, photos and templates, who may see it, what happened, protection and consent."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _files()
    _photos()
    _protection()
    _beside()


def _files() -> None:
    op.create_table(
        "case_file",
        sa.Column("id", Number, autoincrement=False, nullable=False),
        sa.Column("country", sa.String(length=3), nullable=False),
        sa.Column("claim", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("status_at", Number, nullable=False),
        sa.Column("protection", sa.String(length=16), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("custody_date", sa.String(length=10), nullable=False),
        sa.Column("deadline", sa.String(length=10), nullable=False),
        sa.Column("assignee", sa.String(length=256), nullable=False),
        sa.Column("opened_by", sa.String(length=256), nullable=False),
        sa.Column("opened_at", Number, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("protection IN ('none', 'unknown', 'protected')", name=op.f("ck_case_file_protection")),
        sa.PrimaryKeyConstraint("id", name="pk_case_file"),
    )
    op.create_index("ix_case_file_order", "case_file", ["deadline", "id"], unique=False)
    op.create_table(
        "case_access",
        sa.Column("case_id", Number, autoincrement=False, nullable=False),
        sa.Column("account", sa.String(length=256), nullable=False),
        sa.Column("granted_by", sa.String(length=256), nullable=False),
        sa.Column("at", Number, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name="fk_case_access_case_id"),
        sa.PrimaryKeyConstraint("case_id", "account", name="pk_case_access"),
    )
    op.create_table(
        "case_event",
        sa.Column("id", Number, autoincrement=False, nullable=False),
        sa.Column("case_id", Number, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", Number, nullable=False),
        sa.Column("actor", sa.String(length=256), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("before", sa.String(length=32), nullable=False),
        sa.Column("after", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name="fk_case_event_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_case_event"),
        sa.UniqueConstraint("case_id", "number", name="uq_case_event_case_id"),
    )
    op.create_index("ix_case_event_case_id", "case_event", ["case_id"], unique=False)


def _photos() -> None:
    op.create_table(
        "case_photo",
        sa.Column("id", Number, autoincrement=False, nullable=False),
        sa.Column("case_id", Number, nullable=False),
        sa.Column("link", Number, nullable=False),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("format", sa.String(length=16), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("taken_on", sa.String(length=10), nullable=False),
        sa.Column("added_by", sa.String(length=256), nullable=False),
        sa.Column("added_at", Number, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name="fk_case_photo_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_case_photo"),
        sa.UniqueConstraint("case_id", "sha256", name="uq_case_photo_case_id"),
        sa.UniqueConstraint("link", name="uq_case_photo_link"),
    )
    op.create_index("ix_case_photo_case_id", "case_photo", ["case_id"], unique=False)
    op.create_table(
        "case_photo_content",
        sa.Column("photo_id", Number, autoincrement=False, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["photo_id"], ["case_photo.id"], name="fk_case_photo_content_photo_id"),
        sa.PrimaryKeyConstraint("photo_id", name="pk_case_photo_content"),
    )
    op.create_table(
        "case_template",
        sa.Column("id", Number, autoincrement=False, nullable=False),
        sa.Column("photo_link", Number, nullable=False),
        sa.Column("engine", sa.String(length=128), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.Column("face", sa.Text(), nullable=False),
        sa.Column("landmarks", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["photo_link"], ["case_photo.link"], name="fk_case_template_photo_link"),
        sa.PrimaryKeyConstraint("id", name="pk_case_template"),
        sa.UniqueConstraint("photo_link", "engine", name="uq_case_template_photo_link"),
    )


def _protection() -> None:
    op.create_table(
        "case_consent",
        sa.Column("id", Number, autoincrement=False, nullable=False),
        sa.Column("case_id", Number, nullable=False),
        sa.Column("given_on", sa.String(length=10), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("media_type", sa.String(length=64), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_by", sa.String(length=256), nullable=False),
        sa.Column("recorded_at", Number, nullable=False),
        sa.Column("withdrawn_at", Number, nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name="fk_case_consent_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_case_consent"),
    )
    op.create_index("ix_case_consent_case_id", "case_consent", ["case_id"], unique=False)
    op.create_table(
        "case_lift",
        sa.Column("case_id", Number, autoincrement=False, nullable=False),
        sa.Column("epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("before", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("consent_id", Number, nullable=True),
        sa.Column("asked_by", sa.String(length=256), nullable=False),
        sa.Column("asked_at", Number, nullable=False),
        sa.Column("agreed_by", sa.String(length=256), nullable=True),
        sa.Column("agreed_at", Number, nullable=True),
        sa.CheckConstraint("before <> 'protected' OR consent_id IS NOT NULL", name=op.f("ck_case_lift_consent")),
        sa.CheckConstraint(
            "agreed_by IS NULL OR lower(trim(agreed_by)) <> lower(trim(asked_by))", name=op.f("ck_case_lift_two_people")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name="fk_case_lift_case_id"),
        sa.ForeignKeyConstraint(["consent_id"], ["case_consent.id"], name="fk_case_lift_consent_id"),
        sa.PrimaryKeyConstraint("case_id", "epoch", name="pk_case_lift"),
    )


def _beside() -> None:
    op.create_table(
        "case_request",
        sa.Column("id", Number, autoincrement=False, nullable=False),
        sa.Column("case_id", Number, nullable=False),
        sa.Column("gallery", sa.String(length=64), nullable=False),
        sa.Column("country", sa.String(length=3), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=256), nullable=False),
        sa.Column("at", Number, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name="fk_case_request_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_case_request"),
        sa.UniqueConstraint("case_id", "gallery", name="uq_case_request_case_id"),
    )
    op.create_index("ix_case_request_case_id", "case_request", ["case_id"], unique=False)
    op.create_table(
        "case_notice",
        sa.Column("id", Number, autoincrement=False, nullable=False),
        sa.Column("case_id", Number, nullable=False),
        sa.Column("country", sa.String(length=3), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("sent_on", sa.String(length=10), nullable=False),
        sa.Column("by", sa.String(length=256), nullable=False),
        sa.Column("at", Number, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name="fk_case_notice_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_case_notice"),
    )
    op.create_index("ix_case_notice_case_id", "case_notice", ["case_id"], unique=False)
    op.create_table(
        "case_duplicate",
        sa.Column("case_id", Number, autoincrement=False, nullable=False),
        sa.Column("other_id", Number, autoincrement=False, nullable=False),
        sa.Column("engine", sa.String(length=128), nullable=False),
        sa.Column("scores", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("decided_by", sa.String(length=256), nullable=True),
        sa.Column("at", Number, nullable=False),
        sa.CheckConstraint("case_id < other_id", name=op.f("ck_case_duplicate_order")),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name="fk_case_duplicate_case_id"),
        sa.ForeignKeyConstraint(["other_id"], ["case_file.id"], name="fk_case_duplicate_other_id"),
        sa.PrimaryKeyConstraint("case_id", "other_id", name="pk_case_duplicate"),
    )
    op.create_table(
        "case_control",
        sa.Column("case_id", Number, autoincrement=False, nullable=False),
        sa.Column("person_id", sa.String(length=128), nullable=False),
        sa.Column("made_by", sa.String(length=256), nullable=False),
        sa.Column("made_at", Number, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name="fk_case_control_case_id"),
        sa.PrimaryKeyConstraint("case_id", name="pk_case_control"),
    )

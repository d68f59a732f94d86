"""Decisions: searches and their candidates, reviews, verdicts, identifications, answers; galleries' terms."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _searches()
    _reviews()
    _answers()
    _galleries()


def _searches() -> None:
    op.create_table(
        "case_search",
        sa.Column("id", Number, autoincrement=False, nullable=False),
        sa.Column("case_id", Number, nullable=False),
        sa.Column("gallery", sa.String(length=64), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("photo_sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("engine", sa.String(length=128), nullable=False),
        sa.Column("version", Number, nullable=False),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("scoring", sa.Text(), nullable=False),
        sa.Column("second_look", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(length=32), nullable=False),
        sa.Column("by", sa.String(length=256), nullable=False),
        sa.Column("at", Number, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name="fk_case_search_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_case_search"),
    )
    op.create_index("ix_case_search_case_id", "case_search", ["case_id"], unique=False)
    op.create_index("ix_case_search_stage", "case_search", ["stage"], unique=False)
    op.create_table(
        "case_candidate",
        sa.Column("id", Number, autoincrement=False, nullable=False),
        sa.Column("search_id", Number, nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("gallery", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.String(length=128), nullable=False),
        sa.Column("photo_sha256", sa.String(length=64), nullable=False),
        sa.Column("scores", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["search_id"], ["case_search.id"], name="fk_case_candidate_search_id"),
        sa.PrimaryKeyConstraint("id", name="pk_case_candidate"),
        sa.UniqueConstraint("search_id", "rank", name="uq_case_candidate_search_id"),
    )


def _reviews() -> None:
    op.create_table(
        "case_review",
        sa.Column("id", Number, autoincrement=False, nullable=False),
        sa.Column("search_id", Number, nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("reviewer", sa.String(length=256), nullable=False),
        sa.Column("seed", Number, nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("begun_at", Number, nullable=False),
        sa.Column("closed_at", Number, nullable=True),
        sa.CheckConstraint("state IN ('blind', 'scored', 'closed')", name=op.f("ck_case_review_state")),
        sa.CheckConstraint("round IN (1, 2, 3)", name=op.f("ck_case_review_round")),
        sa.ForeignKeyConstraint(["search_id"], ["case_search.id"], name="fk_case_review_search_id"),
        sa.PrimaryKeyConstraint("id", name="pk_case_review"),
        sa.UniqueConstraint("search_id", "round", name="uq_case_review_search_id"),
    )
    op.create_index("uq_case_review_reviewer", "case_review", ["search_id", "reviewer"], unique=True)
    op.create_table(
        "case_opened",
        sa.Column("review_id", Number, autoincrement=False, nullable=False),
        sa.Column("candidate_id", Number, autoincrement=False, nullable=False),
        sa.Column("at", Number, nullable=False),
        sa.ForeignKeyConstraint(["candidate_id"], ["case_candidate.id"], name="fk_case_opened_candidate_id"),
        sa.ForeignKeyConstraint(["review_id"], ["case_review.id"], name="fk_case_opened_review_id"),
        sa.PrimaryKeyConstraint("review_id", "candidate_id", name="pk_case_opened"),
    )
    op.create_table(
        "case_verdict",
        sa.Column("review_id", Number, autoincrement=False, nullable=False),
        sa.Column("candidate_id", Number, autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("stage", sa.String(length=8), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("confidence", sa.Integer(), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("remark", sa.Text(), nullable=False),
        sa.Column("at", Number, nullable=False),
        sa.CheckConstraint("stage IN ('blind', 'scored')", name=op.f("ck_case_verdict_stage")),
        sa.ForeignKeyConstraint(["candidate_id"], ["case_candidate.id"], name="fk_case_verdict_candidate_id"),
        sa.ForeignKeyConstraint(["review_id"], ["case_review.id"], name="fk_case_verdict_review_id"),
        sa.PrimaryKeyConstraint("review_id", "candidate_id", "number", name="pk_case_verdict"),
    )
    op.create_table(
        "case_identification",
        sa.Column("id", Number, autoincrement=False, nullable=False),
        sa.Column("case_id", Number, nullable=False),
        sa.Column("search_id", Number, nullable=False),
        sa.Column("candidate_id", Number, nullable=False),
        sa.Column("first_review", Number, nullable=False),
        sa.Column("first_reviewer", sa.String(length=256), nullable=False),
        sa.Column("second_review", Number, nullable=False),
        sa.Column("second_reviewer", sa.String(length=256), nullable=False),
        sa.Column("at", Number, nullable=False),
        sa.CheckConstraint("first_review <> second_review", name=op.f("ck_case_identification_two_reviews")),
        sa.CheckConstraint(
            "lower(trim(first_reviewer)) <> lower(trim(second_reviewer))",
            name=op.f("ck_case_identification_two_people"),
        ),
        sa.ForeignKeyConstraint(["candidate_id"], ["case_candidate.id"], name="fk_case_identification_candidate_id"),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name="fk_case_identification_case_id"),
        sa.ForeignKeyConstraint(["first_review"], ["case_review.id"], name="fk_case_identification_first_review"),
        sa.ForeignKeyConstraint(["search_id"], ["case_search.id"], name="fk_case_identification_search_id"),
        sa.ForeignKeyConstraint(["second_review"], ["case_review.id"], name="fk_case_identification_second_review"),
        sa.PrimaryKeyConstraint("id", name="pk_case_identification"),
        sa.UniqueConstraint("candidate_id", name="uq_case_identification_candidate_id"),
    )
    op.create_index("ix_case_identification_case_id", "case_identification", ["case_id"], unique=False)


def _answers() -> None:
    op.create_table(
        "case_answer",
        sa.Column("id", Number, autoincrement=False, nullable=False),
        sa.Column("case_id", Number, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("country", sa.String(length=3), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("received_on", sa.String(length=10), nullable=False),
        sa.Column("identification_id", Number, nullable=True),
        sa.Column("recorded_by", sa.String(length=256), nullable=False),
        sa.Column("recorded_at", Number, nullable=False),
        sa.Column("checked_by", sa.String(length=256), nullable=True),
        sa.Column("checked_at", Number, nullable=True),
        sa.CheckConstraint(
            "kind IN ('confirmed', 'rejected', 'no_record', 'need_more')", name=op.f("ck_case_answer_kind")
        ),
        sa.CheckConstraint(
            "checked_by IS NULL OR lower(trim(checked_by)) <> lower(trim(recorded_by))",
            name=op.f("ck_case_answer_two_people"),
        ),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name="fk_case_answer_case_id"),
        sa.ForeignKeyConstraint(
            ["identification_id"], ["case_identification.id"], name="fk_case_answer_identification_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_case_answer"),
    )
    op.create_index("ix_case_answer_case_id", "case_answer", ["case_id"], unique=False)
    op.create_table(
        "case_pair",
        sa.Column("answer_id", Number, autoincrement=False, nullable=False),
        sa.Column("photo_link", Number, nullable=False),
        sa.Column("gallery", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.String(length=128), nullable=False),
        sa.Column("photo_sha256", sa.String(length=64), nullable=False),
        sa.Column("mated", sa.Integer(), nullable=False),
        sa.Column("at", Number, nullable=False),
        sa.ForeignKeyConstraint(["answer_id"], ["case_answer.id"], name="fk_case_pair_answer_id"),
        sa.ForeignKeyConstraint(["photo_link"], ["case_photo.link"], name="fk_case_pair_photo_link"),
        sa.PrimaryKeyConstraint("answer_id", name="pk_case_pair"),
    )


def _galleries() -> None:
    op.create_table(
        "gallery_terms",
        sa.Column("gallery_id", Number, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("supplier", sa.Text(), nullable=False),
        sa.Column("country", sa.String(length=3), nullable=False),
        sa.Column("is_foreign", sa.Integer(), nullable=False),
        sa.Column("legal_basis", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("held_for", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("stated_by", sa.String(length=256), nullable=False),
        sa.Column("stated_at", Number, nullable=False),
        sa.CheckConstraint("kind <> 'watch_list' OR state <> 'open'", name=op.f("ck_gallery_terms_watch_list")),
        sa.CheckConstraint(
            "kind IN ('unstated', 'register', 'own_records', 'watch_list')", name=op.f("ck_gallery_terms_kind")
        ),
        sa.CheckConstraint("state IN ('open', 'held', 'released')", name=op.f("ck_gallery_terms_state")),
        sa.ForeignKeyConstraint(["gallery_id"], ["gallery.id"], name="fk_gallery_terms_gallery_id"),
        sa.PrimaryKeyConstraint("gallery_id", name="pk_gallery_terms"),
    )
    op.create_table(
        "gallery_release",
        sa.Column("gallery_id", Number, autoincrement=False, nullable=False),
        sa.Column("epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.String(length=256), nullable=False),
        sa.Column("asked_at", Number, nullable=False),
        sa.Column("agreed_by", sa.String(length=256), nullable=True),
        sa.Column("agreed_at", Number, nullable=True),
        sa.CheckConstraint(
            "agreed_by IS NULL OR lower(trim(agreed_by)) <> lower(trim(asked_by))",
            name=op.f("ck_gallery_release_two_people"),
        ),
        sa.CheckConstraint("length(trim(basis)) > 0", name=op.f("ck_gallery_release_basis")),
        sa.ForeignKeyConstraint(["gallery_id"], ["gallery_terms.gallery_id"], name="fk_gallery_release_gallery_id"),
        sa.PrimaryKeyConstraint("gallery_id", "epoch", name="pk_gallery_release"),
    )
